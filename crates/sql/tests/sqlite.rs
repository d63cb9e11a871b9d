//! Splitting SQLite scripts by SQLite's own rules.

use shipgate_sql::{Construct, Dialect, SplitError, SplitErrorKind, StatementKind, decode, split};

fn texts(script: &str) -> Vec<&str> {
    split(Dialect::Sqlite, script)
        .unwrap_or_else(|error| panic!("{script:?}: {error}"))
        .into_iter()
        .map(|statement| statement.text)
        .collect()
}

fn error(script: &str) -> SplitError {
    match split(Dialect::Sqlite, script) {
        Ok(statements) => panic!("{script:?}: {statements:?}"),
        Err(error) => error,
    }
}

#[test]
fn a_semicolon_ends_a_statement_and_the_last_needs_none() {
    assert_eq!(texts("SELECT 1; SELECT 2"), ["SELECT 1;", "SELECT 2"]);
}

#[test]
fn semicolons_in_quotes_and_comments_end_nothing() {
    for statement in [
        "SELECT 'a;''b;'",
        "SELECT \"a;\"\"b;\" FROM t",
        "SELECT `a;``b;` FROM t",
        "SELECT [a;'b] FROM t",
        "SELECT X'3B;'",
        "SELECT 1 -- ; '\n+ 1",
        "SELECT /* ; ' /* */ 1",
        "SELECT 1 --;\r\n+ 1",
    ] {
        let script = format!("{statement};SELECT 2;");
        assert_eq!(texts(&script), [&format!("{statement};"), "SELECT 2;"]);
    }
}

#[test]
fn a_trigger_goes_on_until_the_end_of_its_body() {
    let trigger = "CREATE TRIGGER t AFTER UPDATE ON a WHEN new.x > 0 BEGIN
        UPDATE a SET x = CASE WHEN x > 1 THEN 2 ELSE CASE x WHEN 3 THEN 4 END END;
        -- END;
        SELECT 'END;';
        DELETE FROM \"end\" ;
     END;";
    let script = format!("{trigger} SELECT 1;");
    assert_eq!(texts(&script), [trigger, "SELECT 1;"]);
    for head in [
        "create temp trigger",
        "CREATE /* c */ TEMPORARY TRIGGER IF NOT EXISTS",
        "EXPLAIN CREATE TRIGGER",
        "EXPLAIN QUERY PLAN CREATE TRIGGER",
    ] {
        let trigger = format!("{head} t INSERT ON a BEGIN SELECT 1; END");
        let script = format!("{trigger} ; SELECT 1");
        assert_eq!(texts(&script), [&format!("{trigger} ;"), "SELECT 1"]);
        assert_eq!(texts(&trigger), [&trigger], "without its last semicolon");
    }
}

#[test]
fn begin_and_end_are_statements_of_their_own() {
    assert_eq!(
        texts("BEGIN; INSERT INTO t VALUES (1); END; BEGIN IMMEDIATE TRANSACTION; COMMIT;"),
        [
            "BEGIN;",
            "INSERT INTO t VALUES (1);",
            "END;",
            "BEGIN IMMEDIATE TRANSACTION;",
            "COMMIT;",
        ]
    );
}

#[test]
fn names_that_only_look_like_a_trigger_do_not_begin_one() {
    assert_eq!(
        texts("CREATE TABLE trigger_log(a); SELECT \"CREATE\", trigger FROM t; DROP TRIGGER t;")
            .len(),
        3
    );
}

#[test]
fn empty_statements_and_comments_are_left_out() {
    for script in [
        "",
        " \n\t",
        ";;",
        " ; -- a\n;",
        "-- only\n/* comments */",
        "-- no line end",
    ] {
        assert!(texts(script).is_empty(), "{script:?}");
    }
    assert_eq!(texts(";; SELECT 1 ;; -- end"), ["SELECT 1 ;"]);
}

#[test]
fn a_byte_order_mark_and_crlf_are_no_part_of_a_statement() {
    let script = "\u{feff}SELECT 1;\r\nSELECT\r\n2;\r\n";
    assert_eq!(texts(script), ["SELECT 1;", "SELECT\r\n2;"]);
    let statements = split(Dialect::Sqlite, script).unwrap();
    assert_eq!((statements[0].line, statements[0].column), (1, 1));
    assert_eq!(statements[0].span, 3..12);
    assert_eq!((statements[1].line, statements[1].column), (2, 1));
}

#[test]
fn places_count_characters() {
    let script = "SELECT 'é✓'; SELECT 2;\n\n  SELECT 3";
    let places: Vec<_> = split(Dialect::Sqlite, script)
        .unwrap()
        .iter()
        .map(|statement| (statement.line, statement.column))
        .collect();
    assert_eq!(places, [(1, 1), (1, 14), (3, 3)]);
}

#[test]
fn comments_directly_before_a_statement_are_its_own() {
    let script = "\
-- of the file

-- one
/* two */
SELECT 1; -- of the first
-- three
SELECT 2;";
    let statements = split(Dialect::Sqlite, script).unwrap();
    let comments = |at: usize| -> Vec<_> {
        let comments = statements[at].comments.iter();
        comments
            .map(|comment| (comment.text, comment.line))
            .collect()
    };
    assert_eq!(comments(0), [("-- one", 3), ("/* two */", 4)]);
    assert_eq!(comments(1), [("-- three", 6)]);
    assert_eq!(&script[statements[1].comments[0].span.clone()], "-- three");
}

#[test]
fn a_statement_knows_its_kind() {
    let script = "PRAGMA foreign_keys = off; CREATE TABLE t(a); VACUUM;";
    let statements = split(Dialect::Sqlite, script).unwrap();
    let kinds: Vec<_> = statements.iter().map(|statement| statement.kind).collect();
    assert_eq!(
        kinds[0],
        StatementKind::Pragma {
            name: "foreign_keys"
        }
    );
    assert!(kinds[1].changes_schema() && kinds[1].runs_in_transaction());
    assert_eq!(kinds[2], StatementKind::Vacuum);
}

#[test]
fn what_is_never_closed_is_an_error_at_its_start() {
    for (script, construct, place) in [
        ("SELECT 1;\nSELECT 'a", Construct::Quote('\''), (2, 8)),
        ("SELECT \"a", Construct::Quote('"'), (1, 8)),
        ("SELECT `a", Construct::Quote('`'), (1, 8)),
        ("SELECT [a", Construct::Quote('['), (1, 8)),
        ("SELECT 1 /* a", Construct::BlockComment, (1, 10)),
        ("SELECT 1; /* a", Construct::BlockComment, (1, 11)),
        (
            "SELECT 1;\n CREATE TRIGGER t INSERT ON a BEGIN SELECT 1;",
            Construct::Trigger,
            (2, 2),
        ),
    ] {
        let error = error(script);
        assert_eq!(
            error.kind,
            SplitErrorKind::Unterminated(construct),
            "{script:?}"
        );
        assert_eq!((error.line, error.column), place, "{script:?}");
        assert_eq!(error.span.end, script.len());
    }
}

#[test]
fn a_nul_byte_is_an_error_wherever_it_is() {
    for script in [
        "SELECT\0 1",
        "SELECT '\0'",
        "-- \0\n",
        "/* \0 */",
        "[\0]",
        "\0",
    ] {
        let error = error(script);
        assert_eq!(error.kind, SplitErrorKind::NulByte, "{script:?}");
        assert_eq!(script.find('\0'), Some(error.span.start));
    }
}

#[test]
fn bytes_that_are_not_utf8_are_an_error_with_a_place() {
    assert_eq!(decode("é".as_bytes()), Ok("é"));
    let error = decode(b"SELECT 1;\nSELECT '\xE4';").unwrap_err();
    assert_eq!(error.kind, SplitErrorKind::InvalidUtf8(0xE4));
    assert_eq!((error.line, error.column), (2, 9));
    assert_eq!(error.to_string(), "2:9: byte 0xE4 is not valid UTF-8");
}

#[test]
fn commands_of_the_shell_are_refused_with_a_hint() {
    let error = error("SELECT 1;\n.read other.sql\nSELECT 2;");
    assert_eq!(error.kind, SplitErrorKind::DotCommand(".read".to_owned()));
    assert_eq!((error.line, error.column), (2, 1));
    assert!(error.kind.hint().contains("sqlite3 shell"));
    assert_eq!(texts("SELECT .5, t.a FROM t;\nSELECT\n.5").len(), 2);
}

#[test]
fn text_that_sqlite_would_take_for_a_comment_is_not_lost_silently() {
    let error = error("-- classic Mac line ends\rSELECT 1;\r");
    assert_eq!(error.kind, SplitErrorKind::CommentHidesText);
    assert_eq!((error.line, error.column), (2, 1));
    assert_eq!(texts("SELECT 1;\rSELECT 2;\r"), ["SELECT 1;", "SELECT 2;"]);
    assert!(texts("-- a\r\r\n-- b\r").is_empty());
}

#[test]
fn a_delimiter_of_ones_own_is_cut_off() {
    assert_eq!(
        texts("-- atlas:delimiter \\n\\n\nSELECT 1;\nSELECT 2;\n\n\nSELECT ';\n\n'"),
        ["SELECT 1;\nSELECT 2;", "SELECT ';\n\n'"]
    );
    assert_eq!(
        texts("-- atlas:delimiter -- end\nSELECT 1; -- end\n-- end\nSELECT 2"),
        ["SELECT 1;", "SELECT 2"]
    );
    assert_eq!(
        texts("-- atlas:delimiter $$\r\nSELECT 1$$SELECT a$$"),
        ["SELECT 1", "SELECT a"]
    );
    assert_eq!(
        texts("-- atlas:delimiter GO\nSELECT 1 GO SELECT goods, GOODS\nGO"),
        ["SELECT 1", "SELECT goods, GOODS"]
    );
}

#[test]
fn a_delimiter_line_that_says_nothing_is_an_error() {
    assert_eq!(
        error("-- atlas:delimiter\nSELECT 1").kind,
        SplitErrorKind::EmptyDelimiter
    );
    assert_eq!(
        error("-- atlas:delimiter   \nSELECT 1").kind,
        SplitErrorKind::EmptyDelimiter
    );
    assert_eq!(
        error("-- atlas:delimiter //").kind,
        SplitErrorKind::NothingAfterDelimiter("//".to_owned())
    );
    let long = format!("-- atlas:delimiter {}\nSELECT 1", "x".repeat(256));
    assert_eq!(error(&long).kind, SplitErrorKind::DelimiterTooLong);
    // Only the first line, and only so.
    assert_eq!(texts("\n-- atlas:delimiter //\nSELECT 1;SELECT 2").len(), 2);
    assert_eq!(texts("-- atlas:delimiters //\nSELECT 1;SELECT 2").len(), 2);
}

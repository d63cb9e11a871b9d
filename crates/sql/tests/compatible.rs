//! Splitting scripts as Atlas does, oddities included.

use shipgate_sql::{
    Construct, Dialect, SplitError, SplitErrorKind, SplitMode, Statement, statements,
};

fn cut(script: &str) -> Result<Vec<Statement<'_>>, SplitError> {
    statements(Dialect::Sqlite, SplitMode::AtlasCompatible, script).collect()
}

fn texts_in(dialect: Dialect, script: &str) -> Vec<&str> {
    statements(dialect, SplitMode::AtlasCompatible, script)
        .map(|statement| statement.unwrap_or_else(|error| panic!("{script:?}: {error}")))
        .map(|statement| statement.text)
        .collect()
}

fn texts(script: &str) -> Vec<&str> {
    cut(script)
        .unwrap_or_else(|error| panic!("{script:?}: {error}"))
        .into_iter()
        .map(|statement| statement.text)
        .collect()
}

#[test]
fn texts_keep_their_semicolon_and_an_empty_one_counts() {
    assert_eq!(texts("SELECT 1;; SELECT 2"), ["SELECT 1;", ";", "SELECT 2"]);
}

#[test]
fn leading_comments_are_cut_off_and_inner_ones_stay() {
    let script = "-- a\n\n-- b\n/* c */ SELECT /* d */ 1; -- e\n";
    assert_eq!(texts(script), ["SELECT /* d */ 1;"]);
    let comments: Vec<_> = cut(script).unwrap()[0]
        .comments
        .iter()
        .map(|comment| comment.text)
        .collect();
    assert_eq!(comments, ["-- b", "/* c */"]);
}

#[test]
fn a_last_comment_without_line_end_is_a_statement() {
    assert_eq!(texts("SELECT 1;\n-- note"), ["SELECT 1;", "-- note"]);
    assert_eq!(texts("SELECT 1;\n-- note\n"), ["SELECT 1;"]);
    assert_eq!(texts("/* open"), ["/* open"]);
}

#[test]
fn semicolons_in_parentheses_end_nothing() {
    assert_eq!(
        texts("SELECT (1; 2); SELECT 3"),
        ["SELECT (1; 2);", "SELECT 3"]
    );
}

#[test]
fn brackets_are_no_quotes() {
    assert_eq!(texts("SELECT [a;b];"), ["SELECT [a;", "b];"]);
}

#[test]
fn a_block_is_one_statement_whoever_opened_it() {
    let trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT 1;\n  SELECT 2;\nEND;";
    let script = format!("{trigger}\nSELECT 3;");
    assert_eq!(texts(&script), [trigger, "SELECT 3;"]);
    let transaction = "BEGIN TRANSACTION; INSERT INTO t VALUES (1); END;";
    assert_eq!(texts(transaction), [transaction]);
    assert_eq!(
        texts("BEGIN TRANSACTION; SELECT 1; COMMIT;"),
        ["BEGIN TRANSACTION;", "SELECT 1;", "COMMIT;"]
    );
    assert_eq!(
        texts("BEGIN; SELECT 1; END;"),
        ["BEGIN;", "SELECT 1;", "END;"]
    );
    assert_eq!(
        texts("BEGIN TRANSACTION; SELECT 1; END TRANSACTION;").len(),
        3,
        "END has to be alone"
    );
}

#[test]
fn many_open_transactions_before_a_trigger_are_read_in_time() {
    let script = "BEGIN TRANSACTION; INSERT INTO t VALUES (1); COMMIT;\n".repeat(2_000)
        + "CREATE TRIGGER t INSERT ON a BEGIN SELECT 1; END;";
    assert_eq!(texts(&script).len(), 6_001);
}

#[test]
fn words_in_strings_open_no_block() {
    let script = "INSERT INTO t VALUES (' begin ', ' end;');\n".repeat(20_000)
        + "CREATE TRIGGER t INSERT ON a BEGIN SELECT 1; END;";
    assert_eq!(texts(&script).len(), 20_001);
}

#[test]
fn a_delimiter_is_cut_off_and_wins_over_comments() {
    assert_eq!(
        texts("-- atlas:delimiter -- end\nSELECT 1; SELECT 2; -- end\nSELECT 3\n-- end\n"),
        ["SELECT 1; SELECT 2;", "SELECT 3"]
    );
    assert_eq!(
        texts("-- atlas:delimiter \\n\\n\nSELECT 1;\n\nSELECT 2;\n\n"),
        ["SELECT 1;", "SELECT 2;"]
    );
    assert_eq!(
        texts("DELIMITER //\nSELECT 1; SELECT 2//\nDELIMITER ;\nSELECT 3; SELECT 4;"),
        ["SELECT 1; SELECT 2", "SELECT 3;", "SELECT 4;"]
    );
}

#[test]
fn a_byte_order_mark_stays_in_the_text() {
    assert_eq!(texts("\u{feff}SELECT 1;"), ["\u{feff}SELECT 1;"]);
}

#[test]
fn errors_have_atlas_places() {
    for (script, kind, place) in [
        (
            "SELECT '",
            SplitErrorKind::Unterminated(Construct::Quote('\'')),
            (1, 8),
        ),
        (
            "é\nSELECT é(",
            SplitErrorKind::Unterminated(Construct::Parenthesis),
            (2, 10),
        ),
        ("SELECT 1)", SplitErrorKind::UnexpectedParenthesis, (1, 9)),
    ] {
        let error = cut(script).unwrap_err();
        assert_eq!(error.kind, kind, "{script:?}");
        assert_eq!((error.line, error.column), place, "{script:?}");
    }
}

#[test]
fn dollar_quotes_open_wherever_a_tag_is_in_postgres_alone() {
    let postgres = |script| texts_in(Dialect::Postgres, script);
    assert_eq!(
        postgres("DO $é$ a; $é$; SELECT 1;"),
        ["DO $é$ a; $é$;", "SELECT 1;"]
    );
    assert_eq!(
        postgres("SELECT a$b$c; SELECT 2; x"),
        ["SELECT a$b$c; SELECT 2; x"],
        "within a name, and to the end if it is not closed"
    );
    assert_eq!(
        postgres("SELECT $1; SELECT $2;"),
        ["SELECT $1;", "SELECT $2;"]
    );
    for dialect in [Dialect::MySql, Dialect::MariaDb, Dialect::Sqlite] {
        assert_eq!(texts_in(dialect, "a $$;$$").len(), 2);
    }
}

#[test]
fn a_body_in_standard_sql_goes_on_to_what_starts_with_end() {
    let script = "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; SELECT 2; ENDING; SELECT 3;";
    assert_eq!(
        texts_in(Dialect::Postgres, script),
        [
            "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; SELECT 2; ENDING;",
            "SELECT 3;"
        ]
    );
    assert_eq!(texts_in(Dialect::MySql, script).len(), 4);
}

#[test]
fn no_backslash_escapes_in_postgres_and_each_one_in_mysql() {
    let script = r"SELECT 'a\'; SELECT 2;";
    assert_eq!(texts_in(Dialect::Postgres, script).len(), 2);
    let escape = r"SELECT E'it\'s'; SELECT 2;";
    let found = statements(Dialect::Postgres, SplitMode::AtlasCompatible, escape).next();
    assert!(found.is_some_and(|found| found.is_err()));
    for quote in ['\'', '"', '`'] {
        let script = format!("SELECT {quote}a\\{quote};{quote}; SELECT 2;");
        assert_eq!(texts_in(Dialect::MySql, &script).len(), 2, "{script}");
    }
}

#[test]
fn hashes_are_comments_in_mysql_and_its_code_comments_are_lost() {
    assert_eq!(
        texts_in(Dialect::MySql, "# a ;\nSELECT 1; # b\nSELECT 2;"),
        ["SELECT 1;", "SELECT 2;"]
    );
    assert_eq!(
        texts_in(Dialect::Postgres, "SELECT 1 # 2; SELECT 3;").len(),
        2
    );
    assert_eq!(
        texts_in(Dialect::MySql, "/*!40101 SET NAMES utf8 */;"),
        [";"]
    );
}

#[test]
fn a_routine_in_mysql_needs_an_end_of_its_own() {
    let routine = "CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; END;";
    let script = format!("{routine} SELECT 2;");
    assert_eq!(texts_in(Dialect::MariaDb, &script), [routine, "SELECT 2;"]);
    assert_eq!(
        texts_in(
            Dialect::MariaDb,
            "CREATE PROCEDURE p() x: BEGIN SELECT 1; END x; SELECT 2;"
        )
        .len(),
        3,
        "END with a label closes nothing"
    );
}

#[test]
fn rows_of_copy_are_the_next_statement() {
    assert_eq!(
        texts_in(Dialect::Postgres, "COPY t FROM stdin;\n1\n\\.\nSELECT 1;"),
        ["COPY t FROM stdin;", "1\n\\.\nSELECT 1;"]
    );
}

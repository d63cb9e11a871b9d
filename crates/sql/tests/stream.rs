//! Scripts that come in chunks, and sessions with settings.

use shipgate_sql::{
    Dialect, Event, SplitErrorKind, SplitOptions, Splitter, StatementKind, statements_with,
};

fn splitter(dialect: Dialect) -> Splitter {
    Splitter::new(dialect, SplitOptions::default())
}

/// The text of the next statement that is complete.
fn next_text(splitter: &mut Splitter) -> Option<String> {
    match splitter.next_event().expect("valid") {
        Some(Event::Statement(statement)) => Some(statement.text.to_owned()),
        Some(event) => panic!("{event:?}"),
        None => None,
    }
}

#[test]
fn a_statement_comes_a_few_bytes_after_its_semicolon() {
    let mut splitter = splitter(Dialect::Postgres);
    splitter.feed(b"SELECT 1");
    assert_eq!(next_text(&mut splitter), None);
    splitter.feed(b"; SELECT 2, 3, 4");
    assert_eq!(next_text(&mut splitter).as_deref(), Some("SELECT 1;"));
    splitter.feed(b" -- the end");
    assert_eq!(next_text(&mut splitter), None);
    splitter.finish();
    assert_eq!(next_text(&mut splitter).as_deref(), Some("SELECT 2, 3, 4"));
    assert_eq!(next_text(&mut splitter), None);
}

#[test]
fn spans_and_places_are_those_of_the_whole_script() {
    let script = "-- é\n\n".repeat(5_000) + "  -- mine\n  SELECT 1;\n-- the end of it";
    let mut splitter = splitter(Dialect::MySql);
    for chunk in script.as_bytes().chunks(1_000) {
        splitter.feed(chunk);
        match splitter.next_event().expect("valid") {
            None => {}
            Some(Event::Statement(statement)) => {
                assert_eq!(&script[statement.span.clone()], "SELECT 1;");
                assert_eq!((statement.line, statement.column), (10_002, 3));
                assert_eq!(&script[statement.comments[0].span.clone()], "-- mine");
                return;
            }
            Some(event) => panic!("{event:?}"),
        }
    }
    panic!("no statement");
}

#[test]
fn rows_of_copy_come_in_parts_of_whole_lines() {
    let mut splitter = splitter(Dialect::Postgres);
    splitter.feed(b"COPY t FROM stdin;\n1\tone\n2\ttwo, which is long");
    match splitter.next_event() {
        Ok(Some(Event::Statement(statement))) => {
            assert_eq!(statement.kind, StatementKind::CopyFromStdin);
            assert_eq!(statement.data, None);
        }
        other => panic!("{other:?}"),
    }
    let part = |text, span| Ok(Some(Event::CopyData { text, span }));
    assert_eq!(splitter.next_event(), part("1\tone\n", 19..25));
    assert_eq!(splitter.next_event(), Ok(None));
    splitter.feed(b"er\n\\.\n");
    assert_eq!(
        splitter.next_event(),
        part("2\ttwo, which is longer\n", 25..48)
    );
    assert_eq!(splitter.next_event(), Ok(Some(Event::CopyEnd)));
    splitter.finish();
    assert_eq!(splitter.next_event(), Ok(None));
}

#[test]
fn what_outgrows_the_limit_is_refused() {
    for open in ["SELECT 'a", "SELECT a ", "COPY t FROM stdin;\n1"] {
        let mut splitter = splitter(Dialect::Postgres).with_limit(1_000);
        splitter.feed(b"SELECT 1; -- and a comment\n");
        assert!(next_text(&mut splitter).is_some());
        splitter.feed(open.as_bytes());
        let error = loop {
            splitter.feed(b"0123456789");
            match splitter.next_event() {
                Ok(_) => assert!(splitter.held() <= 1_100, "{}", splitter.held()),
                Err(error) => break error,
            }
        };
        assert_eq!(
            error.kind,
            SplitErrorKind::StatementTooLong { limit: 1_000 },
            "{open:?}"
        );
        assert_eq!(splitter.next_event(), Ok(None), "nothing follows an error");
    }
}

#[test]
fn bytes_that_end_a_script_early_are_errors_after_what_is_before_them() {
    for (script, kind, place) in [
        (
            &b"SELECT 1;\nSELECT '\xC3"[..],
            SplitErrorKind::InvalidUtf8(0xC3),
            (2, 9),
        ),
        (
            b"SELECT 1;\n'\xE2\x28'",
            SplitErrorKind::InvalidUtf8(0xE2),
            (2, 2),
        ),
        (b"SELECT 1;\n\0SELECT 2;", SplitErrorKind::NulByte, (2, 1)),
    ] {
        let mut splitter = splitter(Dialect::MariaDb);
        for byte in script {
            splitter.feed(&[*byte]);
        }
        splitter.finish();
        assert_eq!(next_text(&mut splitter).as_deref(), Some("SELECT 1;"));
        let error = splitter.next_event().expect_err("refused");
        assert_eq!((error.line, error.column), place);
        assert_eq!(error.kind, kind);
    }
}

#[test]
fn settings_of_the_session_say_where_strings_end() {
    let count = |dialect, options, text| {
        let found: Result<Vec<_>, _> = statements_with(dialect, options, text).collect();
        found.map(|found| found.len()).ok()
    };
    let standard = SplitOptions::default();
    let script = r"SELECT 'a\'; SELECT 2;";
    assert_eq!(count(Dialect::Postgres, standard, script), Some(2));
    let old = standard.standard_conforming_strings(false);
    assert_eq!(count(Dialect::Postgres, old, script), None);
    assert_eq!(count(Dialect::MySql, standard, script), None);
    let plain = standard.no_backslash_escapes(true);
    assert_eq!(count(Dialect::MySql, plain, script), Some(2));
    let script = r#"SELECT "a\"; SELECT 2;"#;
    assert_eq!(count(Dialect::MariaDb, standard, script), None);
    assert_eq!(
        count(Dialect::MariaDb, standard.ansi_quotes(true), script),
        Some(2)
    );
}

//! What holds for any text.

use proptest::prelude::*;
use shipgate_sql::{
    Dialect, Event, SplitError, SplitMode, SplitOptions, Splitter, Statement, classify, decode,
    normalize, position, split, statements,
};

const DIALECTS: [Dialect; 4] = [
    Dialect::Sqlite,
    Dialect::Postgres,
    Dialect::MySql,
    Dialect::MariaDb,
];

/// Texts made of what has a meaning to a splitter.
fn script() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        12 => prop::sample::select(vec![
            ";", ";", "'", "\"", "`", "[", "]", "(", ")", "--", "-- ", "/*", "*/", "\n", "\r",
            "\r\n", " ", "\t", "CREATE", "TEMP", "TRIGGER", "BEGIN", "begin ", "END", "end;", "CASE",
            "EXPLAIN", "SELECT 1", "x", "é", "\u{feff}", "$", "$a(", "?1", ".read", "$$", "1e5",
            "-- atlas:delimiter $$\n", "DELIMITER //\n", "//", "X'00'", "WITH a AS (SELECT 1)",
        ])
        .prop_map(str::to_owned),
        12 => prop::sample::select(vec![
            "E'", "e'\\''", "E'\\'' -- c\n\n  ", "\n'\\' ", "\\", "\\\\", "U&'", "$tag$", "$1", "a$b$", "/* /*", "#", "/*!", "/*!50003 ",
            "/*M! ", "/*+", "\\.\n", "\n\\.\n", "COPY t FROM STDIN;\n", "COPY t FROM stdin", "1\t\\N\n",
            "\\restrict x\n", "\\connect", "CREATE FUNCTION f() ", "BEGIN ATOMIC ", "AS ", ".",
            "CREATE PROCEDURE p() BEGIN ", "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN ",
            "IF a THEN ", "END IF;", "LOOP ", "END LOOP;", "CASE a WHEN 1 THEN ", "END CASE;",
            "REPEAT ", "UNTIL a END REPEAT;", "WHILE a DO ", "END WHILE;", "DECLARE EXIT HANDLER FOR ",
            "ELSE ", "BEGIN NOT ATOMIC ", "l: ", "DELIMITER ;\n", "DELIMITER ;;\n", ";;", "SOURCE ",
            "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES';",
            "SET standard_conforming_strings = off;", "\u{7f}", "--\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r", "CREATE RULE r AS ON INSERT TO t DO (",
            "                                  ", "-- a longer comment than the others\n",
        ])
        .prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

fn in_all_modes(text: &str, check: impl Fn(Dialect, SplitMode, &[Statement<'_>])) {
    for dialect in DIALECTS {
        for mode in [SplitMode::Own, SplitMode::AtlasCompatible] {
            let found: Result<Vec<_>, _> = statements(dialect, mode, text).collect();
            match found {
                Ok(found) => check(dialect, mode, &found),
                Err(error) => {
                    assert!(error.span.start <= error.span.end && error.span.end <= text.len());
                    assert!(error.line >= 1 && error.column >= 1);
                    assert!(!error.to_string().is_empty() && !error.kind.hint().is_empty());
                }
            }
        }
    }
}

/// Whether what a statement means depends on statements before it.
fn carries_state(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    text.starts_with("-- atlas:delimiter")
        || ["DELIMITER", "SQL_MODE", "STANDARD_CONFORMING"]
            .iter()
            .any(|word| upper.contains(word))
}

/// A statement with what belongs to it in the script.
fn with_data(statement: &Statement<'_>) -> String {
    match &statement.data {
        Some(data) => format!("{}\n{}\\.\n", statement.text, data.text),
        None => statement.text.to_owned(),
    }
}

/// What a splitter yields in order, the rows of `COPY` joined.
#[derive(Debug, Default, PartialEq)]
struct Yield {
    statements: Vec<String>,
    data: Vec<String>,
    error: Option<SplitError>,
}

impl Yield {
    fn note(&mut self, statement: &Statement<'_>) {
        self.statements.push(format!(
            "{:?} {}:{} {} {:?}",
            statement.span, statement.line, statement.column, statement.text, statement.comments
        ));
    }

    fn drain(&mut self, splitter: &mut Splitter) {
        loop {
            match splitter.next_event() {
                Ok(None) => break,
                Ok(Some(Event::Statement(statement))) => {
                    if statement.kind.copies_from_stdin() {
                        self.data.push(String::new());
                    }
                    self.note(&statement);
                }
                Ok(Some(Event::CopyData { text, .. })) => {
                    self.data.last_mut().expect("a COPY before").push_str(text);
                }
                Ok(Some(Event::CopyEnd)) => {}
                Err(error) => {
                    self.error = Some(error);
                    break;
                }
            }
        }
    }
}

fn streamed(dialect: Dialect, bytes: &[u8], sizes: &[usize]) -> Yield {
    let mut splitter = Splitter::new(dialect, SplitOptions::default());
    let mut found = Yield::default();
    let mut rest = bytes;
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().map_or(1, |size| *size).clamp(1, rest.len());
        splitter.feed(&rest[..size]);
        rest = &rest[size..];
        found.drain(&mut splitter);
    }
    splitter.finish();
    found.drain(&mut splitter);
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn statements_are_slices_in_order(text in script()) {
        in_all_modes(&text, |_, _, found| {
            let mut end = 0;
            for statement in found {
                assert!(statement.span.start >= end, "{text:?}");
                assert_eq!(&text[statement.span.clone()], statement.text);
                for comment in &statement.comments {
                    assert!(comment.span.start >= end && comment.span.end <= statement.span.start);
                    assert_eq!(&text[comment.span.clone()], comment.text);
                    end = comment.span.end;
                }
                end = statement.span.end;
                if let Some(data) = &statement.data {
                    assert!(data.span.start >= end);
                    assert_eq!(&text[data.span.clone()], data.text);
                    end = data.span.end;
                }
            }
        });
    }

    #[test]
    fn what_is_between_statements_does_nothing(text in script()) {
        if carries_state(&text) {
            return Ok(());
        }
        for dialect in DIALECTS {
            let Ok(found) = split(dialect, &text) else { continue };
            let is_nothing = |gap: &str| split(dialect, gap).is_ok_and(|found| found.is_empty());
            let mut at = 0;
            for statement in &found {
                let gap = &text[at..statement.span.start];
                let gap = gap.strip_prefix("\\.").unwrap_or(gap);
                prop_assert!(is_nothing(gap), "{gap:?}");
                at = statement.data.as_ref().map_or(statement.span.end, |data| data.span.end);
            }
            let gap = &text[at..];
            prop_assert!(is_nothing(gap.strip_prefix("\\.").unwrap_or(gap)), "{gap:?}");
        }
    }

    #[test]
    fn splitting_a_statement_yields_itself(text in script()) {
        if carries_state(&text) {
            return Ok(());
        }
        for dialect in DIALECTS {
            for statement in split(dialect, &text).into_iter().flatten() {
                // At the start of a script the mark, and at its end two dashes
                // in MySQL, would be none of the statement's.
                if statement.text.starts_with('\u{feff}') || statement.text.ends_with("--") {
                    continue;
                }
                let script = with_data(&statement);
                let again = split(dialect, &script);
                prop_assert!(again.is_ok(), "{dialect}: {script:?}: {again:?}");
                let again: Vec<_> = again.iter().flatten().map(|again| again.text).collect();
                prop_assert_eq!(again, [statement.text]);
            }
        }
    }

    #[test]
    fn places_agree_with_the_text(text in script()) {
        for dialect in DIALECTS {
            for statement in split(dialect, &text).into_iter().flatten() {
                let place = position(&text, statement.span.start);
                prop_assert_eq!((statement.line, statement.column), (place.line, place.column));
                prop_assert_eq!(statement.kind, classify(dialect, statement.text));
            }
        }
    }

    #[test]
    fn chunks_change_nothing(text in script(), sizes in prop::collection::vec(1_usize..40, 1..6)) {
        for dialect in DIALECTS {
            let whole = streamed(dialect, text.as_bytes(), &[text.len().max(1)]);
            let chunked = streamed(dialect, text.as_bytes(), &sizes);
            prop_assert_eq!(&whole.statements, &chunked.statements, "{}", dialect);
            prop_assert_eq!(&whole, &chunked, "{}", dialect);
            let mut found = Yield::default();
            for next in statements(dialect, SplitMode::Own, &text) {
                match next {
                    Ok(statement) => {
                        found.data.extend(statement.data.as_ref().map(|data| data.text.to_owned()));
                        found.note(&statement);
                    }
                    Err(error) => found.error = Some(error),
                }
            }
            prop_assert_eq!(&found.error, &chunked.error);
            if found.error.is_none() {
                prop_assert_eq!(&found, &chunked);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in any::<Vec<u8>>(),
        sizes in prop::collection::vec(1_usize..9, 1..6),
    ) {
        match decode(&bytes) {
            Ok(text) => in_all_modes(text, |_, _, _| {}),
            Err(error) => prop_assert!(error.span.end <= bytes.len()),
        }
        for dialect in DIALECTS {
            let whole = streamed(dialect, &bytes, &[bytes.len().max(1)]);
            let chunked = streamed(dialect, &bytes, &sizes);
            prop_assert_eq!(&whole, &chunked, "{}", dialect);
        }
    }

    #[test]
    fn one_spelling_stays_itself(text in script()) {
        for dialect in DIALECTS {
            let once = normalize(dialect, &text);
            prop_assert_eq!(normalize(dialect, &once), once);
        }
    }
}

//! What holds for any text.

use proptest::prelude::*;
use shipgate_sql::{
    Dialect, SplitMode, Statement, classify, decode, normalize, position, split, statements,
};

/// Texts made of what has a meaning to a splitter.
fn script() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        8 => prop::sample::select(vec![
            ";", ";", "'", "\"", "`", "[", "]", "(", ")", "--", "/*", "*/", "\n", "\r", "\r\n",
            " ", "\t", "CREATE", "TEMP", "TRIGGER", "BEGIN", "begin ", "END", "end;", "CASE",
            "EXPLAIN", "SELECT 1", "x", "é", "\u{feff}", "$", "$a(", "?1", ".read", "$$", "1e5",
            "-- atlas:delimiter $$\n", "DELIMITER //\n", "//", "X'00'", "WITH a AS (SELECT 1)",
        ])
        .prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

fn in_both_modes(text: &str, check: impl Fn(SplitMode, &[Statement<'_>])) {
    for mode in [SplitMode::Own, SplitMode::AtlasCompatible] {
        let found: Result<Vec<_>, _> = statements(Dialect::Sqlite, mode, text).collect();
        match found {
            Ok(found) => check(mode, &found),
            Err(error) => {
                assert!(error.span.start <= error.span.end && error.span.end <= text.len());
                assert!(error.line >= 1 && error.column >= 1);
                assert!(!error.to_string().is_empty() && !error.kind.hint().is_empty());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn statements_are_slices_in_order(text in script()) {
        in_both_modes(&text, |_, found| {
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
            }
        });
    }

    #[test]
    fn what_is_between_statements_does_nothing(text in script()) {
        let Ok(found) = split(Dialect::Sqlite, &text) else { return Ok(()) };
        if text.starts_with("-- atlas:delimiter") {
            return Ok(());
        }
        let mut at = 0;
        for statement in &found {
            let gap = &text[at..statement.span.start];
            prop_assert!(split(Dialect::Sqlite, gap).is_ok_and(|found| found.is_empty()), "{gap:?}");
            at = statement.span.end;
        }
        prop_assert!(split(Dialect::Sqlite, &text[at..]).is_ok_and(|found| found.is_empty()));
    }

    #[test]
    fn splitting_a_statement_yields_itself(text in script()) {
        let Ok(found) = split(Dialect::Sqlite, &text) else { return Ok(()) };
        if text.starts_with("-- atlas:delimiter") {
            return Ok(());
        }
        for statement in found {
            let again = split(Dialect::Sqlite, statement.text);
            let again: Vec<_> = again.iter().flatten().map(|again| again.text).collect();
            prop_assert_eq!(again, [statement.text]);
        }
    }

    #[test]
    fn places_agree_with_the_text(text in script()) {
        let Ok(found) = split(Dialect::Sqlite, &text) else { return Ok(()) };
        for statement in found {
            let place = position(&text, statement.span.start);
            prop_assert_eq!((statement.line, statement.column), (place.line, place.column));
            prop_assert_eq!(statement.kind, classify(Dialect::Sqlite, statement.text));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        match decode(&bytes) {
            Ok(text) => in_both_modes(text, |_, _| {}),
            Err(error) => prop_assert!(error.span.end <= bytes.len()),
        }
    }

    #[test]
    fn one_spelling_stays_itself(text in script()) {
        let once = normalize(Dialect::Sqlite, &text);
        prop_assert_eq!(normalize(Dialect::Sqlite, &once), once);
    }
}

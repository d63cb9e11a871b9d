//! Any bytes are split or refused, in every dialect and by sessions of all
//! settings; what is split is lossless and splits into itself, and a stream of
//! chunks gives the same.
//!
//! `cargo +nightly fuzz run split`
#![no_main]

use std::ops::Range;

use libfuzzer_sys::fuzz_target;
use shipgate_sql::{
    Dialect, Event, SplitError, SplitMode, SplitOptions, Splitter, decode, statements,
    statements_with,
};

const DIALECTS: [Dialect; 4] = [
    Dialect::Sqlite,
    Dialect::Postgres,
    Dialect::MySql,
    Dialect::MariaDb,
];

/// What changes how statements behind it are read.
const STATE: [&str; 4] = ["ATLAS:DELIMITER", "DELIMITER", "SQL_MODE", "STANDARD_CONFORMING"];

/// Spans of statements and of the rows of `COPY`, and the error at the end.
type Found = (Vec<Range<usize>>, Vec<Range<usize>>, Option<SplitError>);

/// The settings that the bits of a byte choose.
fn chosen(byte: u8) -> SplitOptions {
    SplitOptions::default()
        .standard_conforming_strings(byte & 1 == 0)
        .no_backslash_escapes(byte & 2 != 0)
        .ansi_quotes(byte & 4 != 0)
}

fn streamed(dialect: Dialect, options: SplitOptions, bytes: &[u8], size: usize) -> Found {
    let mut splitter = Splitter::new(dialect, options);
    let mut found = Found::default();
    let mut chunks = bytes.chunks(size);
    let mut is_finished = false;
    while !is_finished && found.2.is_none() {
        match chunks.next() {
            Some(chunk) => splitter.feed(chunk),
            None => {
                splitter.finish();
                is_finished = true;
            }
        }
        loop {
            match splitter.next_event() {
                Ok(Some(Event::Statement(statement))) => found.0.push(statement.span),
                Ok(Some(Event::CopyData { span, .. })) => match found.1.last_mut() {
                    Some(last) if last.end == span.start => last.end = span.end,
                    _ => found.1.push(span),
                },
                Ok(Some(Event::CopyEnd)) => {}
                Ok(None) => break,
                Err(error) => {
                    found.2 = Some(error);
                    break;
                }
            }
        }
    }
    found
}

fuzz_target!(|bytes: &[u8]| {
    let size = bytes.first().map_or(1, |first| usize::from(*first) % 64 + 1);
    let options = chosen(bytes.last().copied().unwrap_or_default());
    for dialect in DIALECTS {
        let whole = streamed(dialect, options, bytes, bytes.len().max(1));
        assert_eq!(whole, streamed(dialect, options, bytes, size));
        let Ok(text) = decode(bytes) else { continue };
        for statement in statements(dialect, SplitMode::AtlasCompatible, text).flatten() {
            assert_eq!(&text[statement.span.clone()], statement.text);
        }
        let found = match statements_with(dialect, options, text).collect::<Result<Vec<_>, _>>() {
            Ok(found) => found,
            Err(error) => {
                assert_eq!(Some(error), whole.2);
                continue;
            }
        };
        let spans: Vec<_> = found.iter().map(|statement| statement.span.clone()).collect();
        assert_eq!(spans, whole.0);
        let upper = text.to_ascii_uppercase();
        let has_state = STATE.iter().any(|word| upper.contains(word));
        let mut end = 0;
        for statement in &found {
            assert!(statement.span.start >= end);
            assert_eq!(&text[statement.span.clone()], statement.text);
            end = statement.span.end;
            let mut script = statement.text.to_owned();
            if let Some(data) = &statement.data {
                assert!(data.span.start >= end);
                assert_eq!(&text[data.span.clone()], data.text);
                end = data.span.end;
                script = format!("{script}\n{}\\.\n", data.text);
            }
            // At the start of a script a byte order mark, and at its end two
            // dashes in MySQL, are none of the statement's.
            let is_edge = script.starts_with('\u{feff}') || script.ends_with("--");
            if !has_state && !is_edge {
                let again: Vec<_> = statements_with(dialect, options, &script)
                    .collect::<Result<_, _>>()
                    .expect("it was split before");
                assert_eq!(again.len(), 1);
                assert_eq!(again[0].text, statement.text);
            }
        }
    }
});

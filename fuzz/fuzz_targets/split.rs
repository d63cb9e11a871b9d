//! Any bytes are split or refused; what is split is lossless and splits into itself.
//!
//! `cargo +nightly fuzz run split`
#![no_main]

use libfuzzer_sys::fuzz_target;
use shipgate_sql::{Dialect, SplitMode, decode, split, statements};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decode(bytes) else { return };
    for statement in statements(Dialect::Sqlite, SplitMode::AtlasCompatible, text).flatten() {
        assert_eq!(&text[statement.span.clone()], statement.text);
    }
    let Ok(found) = split(Dialect::Sqlite, text) else {
        return;
    };
    let has_delimiter = text.starts_with("-- atlas:delimiter");
    let mut end = 0;
    for statement in &found {
        assert!(statement.span.start >= end);
        assert_eq!(&text[statement.span.clone()], statement.text);
        end = statement.span.end;
        if !has_delimiter {
            let again = split(Dialect::Sqlite, statement.text).expect("it was split before");
            assert_eq!(again.len(), 1);
            assert_eq!(again[0].text, statement.text);
        }
    }
});

//! `SET standard_conforming_strings`.

use crate::words::{Words, keyword};
use crate::{Dialect, SplitOptions};

/// The settings after `statement`, which begins with `SET` or `RESET`.
pub(crate) fn after(
    statement: &str,
    mut options: SplitOptions,
    initial: SplitOptions,
) -> SplitOptions {
    let mut words = Words::of(Dialect::Postgres, statement);
    let verb = words.keyword();
    let _ = words.take_word("SESSION") || words.take_word("LOCAL");
    let Some(name) = words.next() else {
        return options;
    };
    let is_ours = name.eq_ignore_ascii_case("standard_conforming_strings");
    if verb.as_deref() == Some("RESET") {
        if is_ours || name.eq_ignore_ascii_case("ALL") {
            options.standard_conforming_strings = initial.standard_conforming_strings;
        }
        return options;
    }
    if is_ours && (words.take_word("=") || words.take_word("TO")) {
        let value = words.next().unwrap_or_default().trim_matches('\'');
        options.standard_conforming_strings = match keyword(value).as_str() {
            "ON" | "TRUE" | "YES" | "1" => true,
            "OFF" | "FALSE" | "NO" | "0" => false,
            "DEFAULT" => initial.standard_conforming_strings,
            _ => options.standard_conforming_strings,
        };
    }
    options
}

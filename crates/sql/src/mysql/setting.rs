//! `SET sql_mode`.

use crate::words::{Words, keyword};
use crate::{Dialect, SplitOptions};

/// Modes that bring `ANSI_QUOTES` with them.
const WITH_ANSI_QUOTES: [&str; 7] = [
    "ANSI_QUOTES",
    "ANSI",
    "ORACLE",
    "MSSQL",
    "DB2",
    "POSTGRESQL",
    "MAXDB",
];

/// The settings after `statement`, which begins with `SET`. A mode that is
/// taken from a variable or set to its default is the one before the script.
pub(crate) fn after(
    dialect: Dialect,
    statement: &str,
    mut options: SplitOptions,
    initial: SplitOptions,
) -> SplitOptions {
    let mut words = Words::of(dialect, statement);
    let mut is_global = false;
    while let Some(word) = words.next() {
        match keyword(word).as_str() {
            "GLOBAL" | "PERSIST" | "PERSIST_ONLY" => is_global = true,
            "SESSION" | "LOCAL" | "," => is_global = false,
            "SQL_MODE" if !is_global && (words.take_word("=") || words.take_word(":=")) => {
                options = mode(&mut words, options, initial);
            }
            _ => {}
        }
    }
    options
}

fn mode(words: &mut Words<'_>, mut options: SplitOptions, initial: SplitOptions) -> SplitOptions {
    let Some(value) = words.next() else {
        return options;
    };
    let is_text = value.len() > 1 && value.starts_with(['\'', '"']);
    let is_name = value.starts_with(|first: char| first.is_ascii_alphabetic())
        && !value.eq_ignore_ascii_case("DEFAULT")
        && words.clone().next() != Some("(");
    if is_text || is_name {
        let modes = value.trim_matches(['\'', '"']).to_ascii_uppercase();
        let modes: Vec<_> = modes.split(',').map(str::trim).collect();
        options.no_backslash_escapes = modes.contains(&"NO_BACKSLASH_ESCAPES");
        options.ansi_quotes = WITH_ANSI_QUOTES.iter().any(|mode| modes.contains(mode));
        options
    } else if value == "@" || value.eq_ignore_ascii_case("DEFAULT") {
        initial
    } else {
        options
    }
}

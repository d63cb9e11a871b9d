//! The parts of a migration that are executed when it is applied.

use std::ops::Range;

/// A part of a migration, as a range of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A script, to be taken apart into statements.
    Script(Range<usize>),
    /// One statement, whatever is in it.
    Statement(Range<usize>),
}

impl Part {
    /// All of a text as one script.
    #[must_use]
    pub fn whole(text: &str) -> Vec<Self> {
        vec![Self::Script(0..text.len())]
    }

    /// The bytes.
    #[must_use]
    pub const fn range(&self) -> &Range<usize> {
        match self {
            Self::Script(range) | Self::Statement(range) => range,
        }
    }
}

/// A tool's own marks are not as they must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PartError {
    /// The line in the file, from 1.
    pub line: usize,
    /// What is wrong there, and what would be right.
    pub message: String,
}

/// A line with its place.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    /// From 1.
    pub(super) number: usize,
    /// Without the line end and the blanks before it.
    pub(super) text: &'a str,
    /// Bytes of the text, with the line end.
    pub(super) range: Range<usize>,
}

impl Line<'_> {
    pub(super) fn error(&self, message: impl Into<String>) -> PartError {
        PartError {
            line: self.number,
            message: message.into(),
        }
    }

    /// Whether there is nothing to execute in it.
    pub(super) fn is_blank_or_comment(&self) -> bool {
        let text = self.text.trim_start();
        text.is_empty() || text.starts_with("--")
    }
}

/// The lines of a text; a byte order mark before the first is no part of it.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut at = start;
    (1..)
        .zip(text[start..].split_inclusive('\n'))
        .map(move |(number, line)| {
            let range = at..at + line.len();
            at = range.end;
            Line {
                number,
                text: line.trim_end(),
                range,
            }
        })
}

/// Whether a script holds a statement. What cannot be read counts as one.
pub(super) fn holds_a_statement(text: &str, dialect: shipgate_sql::Dialect) -> bool {
    shipgate_sql::statements(dialect, shipgate_sql::SplitMode::Own, text)
        .next()
        .is_some()
}

//! Why a file cannot be executed.

use shipgate_sql::{Construct, SplitError, SplitErrorKind};

use crate::directory::{DirectoryError, File};
use crate::formats::PartError;
use crate::golang::Quoted;

/// Why a file cannot be executed.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The file is no text.
    #[error(transparent)]
    Text(#[from] DirectoryError),
    /// The file cannot be taken apart into statements.
    #[error("sql/migrate: scanning statements from {}: {}", Quoted(.file), describe(.error, *.byte_column))]
    Scan {
        /// The file.
        file: String,
        /// What is wrong where.
        error: SplitError,
        /// The column in bytes, from 1.
        byte_column: usize,
    },
    /// The marks of the file's layout are not as they must be.
    #[error("sql/migrate: {format}: {file}:{} {error}", .error.line)]
    Parts {
        /// The layout's name.
        format: &'static str,
        /// The file.
        file: String,
        /// What is wrong where.
        error: PartError,
    },
}

pub(crate) fn parts_error(file: &File, mut error: PartError) -> ScriptError {
    error.line = file.line_on_disk(error.line);
    ScriptError::Parts {
        format: file.format().name(),
        file: file.name().to_owned(),
        error,
    }
}

pub(super) fn byte_column(text: &str, offset: usize) -> usize {
    let before = &text.as_bytes()[..offset.min(text.len())];
    before.len()
        - before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |at| at + 1)
        + 1
}

/// The splitter's error; where Atlas has words for it, in those.
fn describe(error: &SplitError, byte_column: usize) -> String {
    let at = format!("{}:{byte_column}", error.line);
    match &error.kind {
        SplitErrorKind::Unterminated(Construct::Quote('\'')) => {
            format!(r"{at}: unclosed quote '\''")
        }
        SplitErrorKind::Unterminated(Construct::Quote(quote @ ('"' | '`'))) => {
            format!("{at}: unclosed quote '{quote}'")
        }
        SplitErrorKind::EmptyDelimiter => "empty delimiter".to_owned(),
        SplitErrorKind::NothingAfterDelimiter(delimiter) => {
            format!("1:0: no input found after delimiter {}", Quoted(delimiter))
        }
        kind @ (SplitErrorKind::Unterminated(Construct::Parenthesis)
        | SplitErrorKind::UnexpectedParenthesis) => format!("{at}: {kind}"),
        _ => error.to_string(),
    }
}

//! JSON files, as configurations of Node's and PHP's tools.

use serde_json::Value;

use crate::project::{Project, ReadError};

/// The file's value; `None` where there is no such file. One that is no JSON is
/// told when the tool's migrations are read.
pub(crate) fn value(project: &Project, file: &str) -> Option<Value> {
    let text = project.text(file)?;
    match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(value) => Some(value),
        Err(error) => {
            project.cannot_read(syntax(file, "this is not JSON", &error));
            None
        }
    }
}

/// What is wrong with a file, and where.
pub(crate) fn syntax(file: &str, what: &str, error: &serde_json::Error) -> ReadError {
    ReadError::Syntax {
        path: file.to_owned(),
        line: error.line(),
        column: error.column(),
        message: format!("{what}: {}", reason(error)),
    }
}

/// The parser's words without the place, which is told before them.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    words.strip_suffix(&place).unwrap_or(&words).to_owned()
}

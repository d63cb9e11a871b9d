//! TOML files whose keys are asked one at a time.

use crate::project::{Project, ReadError};

/// The text under a path of keys, in a file that may be missing.
pub(crate) fn text_at(project: &Project, file: &str, path: &[&str]) -> Option<String> {
    value_at(project, file, path)?.as_str().map(str::to_owned)
}

/// The value under a path of keys. A file that is no TOML is told when the
/// tool's migrations are read.
pub(crate) fn value_at(project: &Project, file: &str, path: &[&str]) -> Option<toml::Value> {
    let table = table(project, file)?;
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(table.get(*first)?, |value, key| value.get(key))
        .cloned()
}

/// The whole file.
pub(crate) fn table(project: &Project, file: &str) -> Option<toml::Table> {
    let text = project.text(file)?;
    match text.trim_start_matches('\u{feff}').parse() {
        Ok(table) => Some(table),
        Err(error) => {
            project.cannot_read(syntax(file, &text, &error));
            None
        }
    }
}

fn syntax(file: &str, text: &str, error: &toml::de::Error) -> ReadError {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    ReadError::Syntax {
        path: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message: format!("this is not TOML: {}", error.message()),
    }
}

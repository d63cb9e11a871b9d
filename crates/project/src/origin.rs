//! Where a value came from.

use std::fmt;
use std::ops::Deref;
use std::path::Path;

use serde::Serialize;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Written in the project file, here. Both count from 1, columns in
    /// characters.
    File {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// Nobody said anything: the documented default.
    Default,
    /// A flag of the command line, by its name (`--strategy`).
    Flag(String),
    /// An environment variable, by its name (`SHIPGATE_LISTEN`).
    Environment(String),
}

impl Origin {
    /// Line and column, if it came from the file.
    pub fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::File { line, column } => Some((*line, *column)),
            _ => None,
        }
    }

    /// The place as text: `fly.toml:3`, `--strategy`, `default`.
    pub fn in_file(&self, file: &Path) -> String {
        match self {
            Self::File { line, .. } => {
                let name = file.file_name().unwrap_or(file.as_os_str());
                format!("{}:{line}", name.display())
            }
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { line, column } => write!(f, "line {line}, column {column}"),
            Self::Default => f.write_str("default"),
            Self::Flag(name) => f.write_str(name),
            Self::Environment(name) => write!(f, "environment {name}"),
        }
    }
}

/// A value and where it came from. Reads like the value itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Sourced<T> {
    /// A value nobody set.
    pub fn default(value: T) -> Self {
        Self {
            value,
            origin: Origin::Default,
        }
    }

    /// Whether somebody set it, in the file or beside it.
    pub fn is_set(&self) -> bool {
        self.origin != Origin::Default
    }
}

impl<T> Deref for Sourced<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

//! What can be wrong with a migration directory apart from its checksums.

use std::io;
use std::path::PathBuf;

use shipgate_sql::Position;

use crate::formats::{self, UnknownFormat};
use crate::golang::{OsErrorText, Quoted};

/// Why a migration directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The URL's scheme is none of ours.
    #[error("unsupported driver {}", Quoted(.0))]
    UnsupportedScheme(String),
    /// A directory in Atlas's registry.
    #[error(
        "atlas remote directory is not supported by this release. See: https://atlasgo.io/getting-started"
    )]
    Remote,
    /// `?format=` names no known layout.
    #[error(transparent)]
    UnknownFormat(#[from] UnknownFormat),
    /// The directory cannot be looked at; most often it does not exist.
    #[error("sql/migrate: stat {path}: {}", OsErrorText(.source))]
    Stat {
        /// The directory.
        path: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The path leads to something else.
    #[error("sql/migrate: {} is not a dir", Quoted(.0))]
    NotADirectory(String),
    /// A file cannot be read.
    #[error("sql/migrate: read file {}: read {path}: {}", Quoted(.name), OsErrorText(.source))]
    Read {
        /// The file's name.
        name: String,
        /// Its path.
        path: String,
        /// The system's answer.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("sql/migrate: write file {path}: {}", OsErrorText(.source))]
    Write {
        /// Its path.
        path: String,
        /// The system's answer.
        source: io::Error,
    },
    /// A file name that is not Unicode.
    #[error("migration file name {} is not valid UTF-8; rename it", .0.display())]
    FileName(PathBuf),
    /// Two files claim the same version.
    #[error(
        "duplicate migration version {}: files {first} and {second}; give one of them another version and re-hash the directory",
        Quoted(.version)
    )]
    DuplicateVersion {
        /// The version.
        version: String,
        /// The file that comes first.
        first: String,
        /// The other one.
        second: String,
    },
    /// The tool whose layout this is would not take a file.
    #[error("migration file {name}: {fault}")]
    Name {
        /// The file's name.
        name: String,
        /// Why, and what would be right.
        fault: String,
    },
    /// The order of the file names is not that of the versions.
    #[error(
        "migration file {first} would be executed before {second}, but {tool} executes it after: \
         its versions are numbers; give them all the same number of digits and re-hash the directory"
    )]
    OrderContradicts {
        /// The tool whose layout this is.
        tool: &'static str,
        /// The file that comes first by name.
        first: String,
        /// The file that comes first by version.
        second: String,
    },
    /// A file to be executed is not Unicode.
    #[error("migration file {name} is not valid UTF-8 at {}:{} (byte offset {offset}); save it as UTF-8", .position.line, .position.column)]
    NotUtf8 {
        /// The file's name.
        name: String,
        /// Where the first bad byte is.
        position: Position,
        /// The same as a byte offset.
        offset: usize,
    },
    /// A file that has to be held whole is too large for that.
    #[error(
        "migration file {name} has {megabytes} MiB; archives and files with marks of a tool's own (goose, dbmate, \
         Liquibase) are held in memory, up to {most} MiB: divide it, or put its rows into a migration that is one script"
    )]
    TooLarge {
        /// The file.
        name: String,
        /// Its size.
        megabytes: usize,
        /// What it may have.
        most: usize,
    },
    /// A file was written to after it was read for its checksum.
    #[error(
        "migration file {0} changed while it was being read; run again when nothing writes to it"
    )]
    Changed(String),
    /// The checksums of a directory that has none were asked for.
    #[error(
        "a directory of {0} has no atlas.sum: what was applied is compared with the history itself"
    )]
    WithoutSum(&'static str),
    /// `new` was asked for a name that cannot be a file's.
    #[error("{} cannot be part of a migration file's name: it has a path separator", Quoted(.0))]
    NameWithSeparator(String),
}

impl DirectoryError {
    /// Whether there is no such directory.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Stat { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// What would be right, where the error itself does not say.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::UnknownFormat(_) => vec![format!(
                "known are {}, and the tools that `shipgate status --tool` knows",
                formats::names().join(", ")
            )],
            Self::UnsupportedScheme(_) => vec!["a directory is `file://PATH`".to_owned()],
            _ => Vec::new(),
        }
    }
}

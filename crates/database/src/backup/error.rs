//! Why a backup could not be made, verified or restored.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shipgate_sql::Dialect;

use crate::lock::after;
use crate::{OpenError, StatementError};

/// Why a backup could not be made, verified or restored.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum BackupError {
    /// A name that could not be a directory of its own.
    #[error(
        "`{name}` is no name for a backup; use letters, digits, `.`, `_` and `-`, and begin with a letter or digit"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// There is one of this name.
    #[error("a backup named `{name}` is there already")]
    Exists {
        /// The name.
        name: String,
    },
    /// There is none of this name.
    #[error("no backup named `{name}`; {}", known_names(known))]
    Unknown {
        /// The name.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// The target is there already.
    #[error("{} is there already", path.display())]
    TargetExists {
        /// The target.
        path: PathBuf,
    },
    /// Not in this version.
    #[error(
        "backups of {dialect} are not supported by this version; leave the steps `backup` and \
         `rehearse` out of `[release] steps`"
    )]
    NotSupported {
        /// What the database speaks.
        dialect: Dialect,
    },
    /// The database has no file.
    #[error(
        "a database in memory cannot be backed up; use a file, for example `sqlite://data/notes.db`"
    )]
    InMemory,
    /// The disk is full.
    #[error("no space left on the disk of {}", path.display())]
    DiskFull {
        /// What was to be written.
        path: PathBuf,
    },
    /// This user may not do it.
    #[error("no permission for {}", path.display())]
    NotAllowed {
        /// The file or directory.
        path: PathBuf,
    },
    /// The database could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Another session held a lock all the time.
    #[error("the database is locked by another process{}", after(*waited))]
    Locked {
        /// How long it was waited for.
        waited: Duration,
    },
    /// Another process works on the same backups.
    #[error("another process works on the backups in {}{}", directory.display(), after(*waited))]
    StoreLocked {
        /// The directory.
        directory: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The database's own check found something.
    #[error("the copy is damaged: {message}")]
    Damaged {
        /// What it found first.
        message: String,
    },
    /// A table of the copy is not as in the source, or not as the manifest says.
    #[error("table `{table}` of the copy is not as it was: {message}")]
    Differs {
        /// The table.
        table: String,
        /// In what.
        message: String,
    },
    /// The file is not the one that was written.
    #[error("{} was changed since the backup was taken: its SHA-256 is {found}, not {expected}", path.display())]
    Altered {
        /// The file.
        path: PathBuf,
        /// As the manifest says.
        expected: String,
        /// As it is.
        found: String,
    },
    /// The manifest cannot be read.
    #[error("cannot read {}: {message}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The database refused something.
    #[error("{what}: {error}")]
    Statement {
        /// What was asked of it.
        what: String,
        /// Its answer.
        error: Box<StatementError>,
    },
    /// It was stopped.
    #[error("stopped as asked")]
    Cancelled,
    /// Anything else about a file.
    #[error("{}: {message}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's own message.
        message: String,
    },
}

impl BackupError {
    /// What it means that using `path` ended in `error`.
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::DiskFull { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotAllowed { path }
            }
            _ => Self::Io {
                path,
                message: error.to_string(),
            },
        }
    }
}

fn known_names(known: &[String]) -> String {
    if known.is_empty() {
        "there is none yet".to_owned()
    } else {
        format!("there are {}", known.join(", "))
    }
}

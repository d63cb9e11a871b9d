//! Backups of a SQLite database.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags};

use super::connection::Opening;
use super::error::{self, statement_error};
use super::names::immutable_uri;
use super::{copy, lost_writes, restore};
use crate::backup::{
    BackupError, BackupEvent, BackupOptions, Contents, Engine, LostWrites, Restored, Stop, run,
};
use crate::{Access, DatabaseUrl, ErrorKind};

/// Copies, checks, compares and restores a SQLite database.
///
/// A backup is taken from one read transaction, which sees one state however
/// much is written meanwhile, and which also reads the tables that the copy is
/// compared with. In WAL mode writers do not notice; in the other journal
/// modes their commits wait until it ends, and it ends whatever they do.
///
/// A restore goes through SQLite into the live file, in one transaction, so
/// that processes that have it open see the restored state with their next
/// read and a crash half-way leaves the database as it was. Only a database
/// that is missing or cannot be opened is replaced by a file.
#[derive(Clone, Debug)]
pub struct SqliteBackups {
    url: DatabaseUrl,
}

impl SqliteBackups {
    /// Backups of the database behind a SQLite URL.
    pub fn new(url: DatabaseUrl) -> Self {
        Self { url }
    }

    /// The file itself, so that a link to it is never replaced.
    fn file(&self) -> Result<PathBuf, BackupError> {
        let file = self.url.file().ok_or(BackupError::InMemory)?;
        Ok(file.canonicalize().unwrap_or_else(|_| file.to_owned()))
    }
}

#[async_trait]
impl Engine for SqliteBackups {
    fn source(&self) -> String {
        self.url.to_string()
    }

    fn data_name(&self) -> &'static str {
        "data.db"
    }

    async fn take(&self, data: &Path, options: &BackupOptions) -> Result<Contents, BackupError> {
        let (file, data, options) = (self.file()?, data.to_owned(), options.clone());
        run(move |stop| copy::take(&file, &data, &options, stop)).await
    }

    async fn check(&self, data: &Path, options: &BackupOptions) -> Result<Contents, BackupError> {
        let (data, options) = (data.to_owned(), options.clone());
        run(move |stop| copy::check(&data, &options, stop)).await
    }

    async fn restore(
        &self,
        data: &Path,
        contents: &Contents,
        options: &BackupOptions,
    ) -> Result<Restored, BackupError> {
        let (file, data) = (self.file()?, data.to_owned());
        let (contents, options) = (contents.clone(), options.clone());
        run(move |stop| restore::restore(&data, &contents, &file, &options, stop)).await
    }

    async fn lost_writes(
        &self,
        data: &Path,
        ignore: &[&str],
        options: &BackupOptions,
    ) -> Result<Vec<LostWrites>, BackupError> {
        let (file, data, options) = (self.file()?, data.to_owned(), options.clone());
        let ignore: Vec<String> = ignore.iter().map(|name| (*name).to_owned()).collect();
        run(move |stop| lost_writes::find(&file, &data, &ignore, &options, stop)).await
    }
}

/// How the live database is opened for a backup or a restore.
pub(super) fn opening(access: Access, options: &BackupOptions, stop: &Stop) -> Opening {
    let stop = stop.clone();
    let hook = options.on_event.clone();
    Opening {
        on_wait: hook.map(|hook| -> crate::WaitHook {
            Arc::new(move |wait| hook(&BackupEvent::Waiting(wait.clone())))
        }),
        cancelled: Arc::new(move || stop.is_asked()),
        ..Opening::new(access, options.lock_timeout)
    }
}

/// Opens a copy that nobody writes.
pub(super) fn open_copy(data: &Path) -> Result<Connection, BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    Connection::open_with_flags(immutable_uri(data), flags).map_err(|failure| BackupError::Io {
        path: data.to_owned(),
        message: statement_error(&failure, "").message,
    })
}

/// What it means that SQLite answered `failure` while `what` was done to `path`.
pub(super) fn failed<'a>(
    what: &'a str,
    path: &'a Path,
    options: &'a BackupOptions,
    stop: &'a Stop,
) -> impl Fn(rusqlite::Error) -> BackupError + Copy + use<'a> {
    move |failure| {
        let error = statement_error(&failure, "");
        let path = path.to_owned();
        match error.kind {
            _ if stop.is_asked() => BackupError::Cancelled,
            ErrorKind::DiskFull => BackupError::DiskFull { path },
            ErrorKind::NotAllowed => BackupError::NotAllowed { path },
            ErrorKind::Locked => BackupError::Locked {
                waited: options.lock_timeout,
            },
            ErrorKind::SessionLost
                if error::code(&failure) == Some(rusqlite::ErrorCode::DatabaseCorrupt) =>
            {
                BackupError::Damaged {
                    message: error.message,
                }
            }
            _ => BackupError::Statement {
                what: what.to_owned(),
                error: Box::new(error),
            },
        }
    }
}

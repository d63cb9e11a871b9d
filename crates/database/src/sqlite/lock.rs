//! The migration lock of a SQLite database.
//!
//! It is an advisory lock (`flock`) on `<database>-shipgate-lock` (with `-NAME`
//! behind it for a lock of another name than the usual one), so it goes
//! with the process that holds it, however that ends. The file's content
//! tells who that is. The file stays: removing it would let two processes
//! lock two files of one name. Beside it Atlas's own lock is taken (see
//! [`AtlasLock`]).

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::atlas_lock::{AtlasLock, Attempt};
use crate::lock::Waiting;
use crate::{
    DatabaseUrl, Dialect, LockError, LockEvent, LockName, LockOwner, LockRequest, MigrationLock,
    Question,
};

/// What stands in the lock file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Record {
    token: u64,
    owner: Option<LockOwner>,
}

/// A lock that is held.
struct SqliteLock {
    path: PathBuf,
    file: File,
    token: u64,
    atlas: Option<AtlasLock>,
}

/// Takes the lock of the database behind `url`.
pub(super) async fn acquire(
    url: &DatabaseUrl,
    request: LockRequest,
) -> Result<Box<dyn MigrationLock>, LockError> {
    let Some(database) = url.file() else {
        return Err(LockError::NotPossible {
            message: "a database in memory has no migration lock".to_owned(),
        });
    };
    let path = lock_path(database, &request.name)?;
    let mut wait = Waiting::with_cheap_looks(&request, Dialect::Sqlite);
    let file = loop {
        let file = open(&path, database)?;
        match file.try_lock() {
            // Unless somebody removed the file meanwhile, it is ours.
            Ok(()) if is_at(&file, &path) => break file,
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = read(&file).owner.unwrap_or_else(unknown_owner);
                wait.pause(holder).await?;
            }
            Err(TryLockError::Error(error)) => return Err(file_error(&path, &error)),
        }
    };
    wait.is_free().await;
    let token = read(&file).token + 1;
    let owner = LockOwner {
        pid: Some(request.pid),
        host: Some(request.host.clone()),
        since: Some((request.clock)()),
        purpose: request.purpose.clone(),
        left: None,
    };
    let record = Record {
        token,
        owner: Some(owner),
    };
    write(&file, &record).map_err(|error| file_error(&path, &error))?;
    let mut lock = Box::new(SqliteLock {
        path,
        file,
        token,
        atlas: None,
    });
    lock.atlas = acquire_from_atlas(url, database, &request, &mut wait).await?;
    Ok(lock)
}

async fn acquire_from_atlas(
    url: &DatabaseUrl,
    database: &Path,
    request: &LockRequest,
    wait: &mut Waiting<'_>,
) -> Result<Option<AtlasLock>, LockError> {
    let Some(directory) = &request.temporary_directory else {
        return Ok(None);
    };
    let file = url.atlas_sees_file_dsn().then_some(database);
    loop {
        match AtlasLock::attempt(directory, &request.name, file, request.pid, &request.clock) {
            Attempt::Taken(lock) => return Ok(Some(lock)),
            Attempt::HeldByAtlas(holder) => wait.pause(holder).await?,
            Attempt::Unusable { file, message } => {
                // Another user's file in a shared directory must not keep
                // this database from being migrated.
                wait.tell(&LockEvent::AtlasLockUnusable { file, message });
                return Ok(None);
            }
        }
    }
}

#[async_trait]
impl MigrationLock for SqliteLock {
    fn token(&self) -> u64 {
        self.token
    }

    async fn check(&self) -> Result<(), LockError> {
        if is_at(&self.file, &self.path) {
            Ok(())
        } else {
            Err(removed(&self.path))
        }
    }

    /// It goes with the process: there is nothing to be fenced against.
    fn questions(&self) -> Option<Vec<Question>> {
        Some(Vec::new())
    }

    async fn release(mut self: Box<Self>) -> Result<(), LockError> {
        let in_place = is_at(&self.file, &self.path);
        let still_atlas = self.atlas.take().is_none_or(AtlasLock::release);
        let path = self.path.clone();
        drop(self);
        if !in_place {
            return Err(removed(&path));
        }
        if !still_atlas {
            return Err(LockError::Lost {
                message: "somebody removed or replaced Atlas's lock file".to_owned(),
            });
        }
        Ok(())
    }
}

impl Drop for SqliteLock {
    fn drop(&mut self) {
        self.atlas = None;
        // The record goes first: the next holder must find its own.
        let _ = write(
            &self.file,
            &Record {
                token: self.token,
                owner: None,
            },
        );
        let _ = self.file.unlock();
    }
}

/// The lock file of the database at `database`, whichever links lead to it.
fn lock_path(database: &Path, name: &LockName) -> Result<PathBuf, LockError> {
    let real = fs::canonicalize(database).or_else(|error| {
        let directory = database.parent().map(fs::canonicalize);
        match (directory, database.file_name()) {
            (Some(Ok(directory)), Some(name)) => Ok(directory.join(name)),
            _ => Err(error),
        }
    });
    let mut path = real
        .map_err(|error| file_error(database, &error))?
        .into_os_string();
    path.push("-shipgate-lock");
    if !name.is_default() {
        path.push(format!("-{name}"));
    }
    Ok(path.into())
}

/// Opens the lock file, made if need be, for the same users as the database.
fn open(path: &Path, database: &Path) -> Result<File, LockError> {
    let like = fs::metadata(database).ok();
    let mode = like.as_ref().map_or(0o600, |like| like.mode() & 0o666);
    let failed = |error: io::Error| file_error(path, &error);
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(mode);
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            if let Some(like) = like {
                // Matters to root only; anybody else may not give files away.
                let _ = std::os::unix::fs::fchown(&file, Some(like.uid()), Some(like.gid()));
            }
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            options.open(path).map_err(failed)
        }
        Err(error) => Err(failed(error)),
    }
}

fn removed(path: &Path) -> LockError {
    LockError::Lost {
        message: format!("somebody removed {}", path.display()),
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// The record; an unreadable one (a holder is just writing it) is empty.
fn read(mut file: &File) -> Record {
    let mut text = String::new();
    let _ = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| file.read_to_string(&mut text));
    serde_json::from_str(&text).unwrap_or_default()
}

/// Who reads it runs on this machine while it does: the disk may have it later.
fn write(mut file: &File, record: &Record) -> io::Result<()> {
    let mut text = serde_json::to_vec(record)?;
    text.push(b'\n');
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&text)?;
    file.set_len(text.len() as u64)
}

fn unknown_owner() -> LockOwner {
    LockOwner {
        pid: None,
        host: None,
        since: None,
        purpose: "another process".to_owned(),
        left: None,
    }
}

fn file_error(path: &Path, error: &io::Error) -> LockError {
    LockError::File {
        file: path.to_owned(),
        message: error.to_string(),
    }
}

//! Putting a copy in a database's place.
//!
//! A database that can be opened is overwritten through SQLite's backup API,
//! in one transaction of its own: it waits for the locks of others, a crash
//! half-way is rolled back by SQLite, and every process that has the database
//! open sees the restored state with its next read. Renaming a file into its
//! place would do neither: they would go on writing to the file that was
//! renamed away, and a `-wal` left beside the new file would be played into
//! it. So only a database that is missing or cannot be opened is replaced by a
//! file; then its `-wal`, `-shm` and `-journal` are put aside first.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::Backup;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::backup::{failed, open_copy, opening};
use super::connection;
use super::copy::{copy_all, differing, read_tables};
use crate::backup::{
    BackupError, BackupOptions, Contents, Restored, Stop, copy_synced, sync_directory,
};
use crate::{Access, OpenError};

/// What SQLite keeps beside a database file.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Makes `live` what `data` is.
pub(super) fn restore(
    data: &Path,
    contents: &Contents,
    live: &Path,
    options: &BackupOptions,
    stop: &Stop,
) -> Result<Restored, BackupError> {
    match connection::open(live, &opening(Access::ReadWrite, options, stop)) {
        Ok(connection) => restore_in_place(data, contents, connection, live, options, stop),
        Err(OpenError::Missing { .. }) => {
            // Companions without their database are of one that was removed.
            put_aside(live, &COMPANIONS)?;
            place(data, contents, live, stop)?;
            Ok(Restored::Created)
        }
        Err(OpenError::NotADatabase { .. } | OpenError::Damaged { .. }) => {
            let ready = beside(live, ".restoring");
            remove_if_there(&ready)?;
            copy_synced(data, &ready, mode(contents), stop)?;
            put_aside(live, &COMPANIONS)?;
            let damaged = put_aside(live, &[""])?;
            fs::rename(&ready, live).map_err(|error| BackupError::io(live, &error))?;
            sync_directory(directory(live))?;
            Ok(Restored::Replaced {
                damaged: damaged.unwrap_or_else(|| live.to_owned()),
            })
        }
        Err(other) => Err(other.into()),
    }
}

fn restore_in_place(
    data: &Path,
    contents: &Contents,
    mut connection: Connection,
    live: &Path,
    options: &BackupOptions,
    stop: &Stop,
) -> Result<Restored, BackupError> {
    let writing = failed("restoring the database", live, options, stop);
    let copy = open_copy(data)?;
    connection
        .execute_batch("PRAGMA synchronous = full")
        .map_err(writing)?;
    allow_other_page_size(&connection, contents.page_size, options, writing)?;
    let backup = Backup::new(&copy, &mut connection).map_err(writing)?;
    // Dropped before the last step, it rolls everything back.
    copy_all(&backup, options, stop, writing)?;
    drop(backup);
    drop(copy);
    connection
        .execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")
        .map_err(writing)?;
    let found = read_tables(&connection, live, options, stop)?;
    connection.execute_batch("COMMIT").map_err(writing)?;
    // Only saves space; a reader may hold it up.
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    Ok(Restored::InPlace {
        written_since: differing(&contents.tables, &found),
    })
}

/// A database in WAL mode keeps its page size; to take on another one it has
/// to leave that mode, for which it must be alone.
fn allow_other_page_size(
    connection: &Connection,
    wanted: u64,
    options: &BackupOptions,
    writing: impl Fn(rusqlite::Error) -> BackupError,
) -> Result<(), BackupError> {
    let ask = |pragma: &str| {
        connection.query_row(&format!("PRAGMA {pragma}"), [], |row| {
            row.get::<_, rusqlite::types::Value>(0)
        })
    };
    let text = |value: &rusqlite::types::Value| match value {
        rusqlite::types::Value::Text(text) => text.to_ascii_lowercase(),
        _ => String::new(),
    };
    let has = ask("page_size").map_err(&writing)?;
    let is_wanted =
        matches!(has, rusqlite::types::Value::Integer(size) if u64::try_from(size) == Ok(wanted));
    if is_wanted || text(&ask("journal_mode").map_err(&writing)?) != "wal" {
        return Ok(());
    }
    if text(&ask("journal_mode = delete").map_err(&writing)?) == "delete" {
        return Ok(());
    }
    Err(BackupError::Locked {
        waited: options.lock_timeout,
    })
}

/// Copies `data` to where no file is.
fn place(data: &Path, contents: &Contents, live: &Path, stop: &Stop) -> Result<(), BackupError> {
    let ready = beside(live, ".restoring");
    remove_if_there(&ready)?;
    copy_synced(data, &ready, mode(contents), stop)?;
    // A database that was made meanwhile must not be replaced; where the file
    // system cannot promise that, it was looked for a moment ago.
    let renamed = renameat_with(CWD, &ready, CWD, live, RenameFlags::NOREPLACE);
    let renamed = match renamed.map_err(io::Error::from) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            fs::rename(&ready, live)
        }
        other => other,
    };
    if let Err(error) = renamed {
        remove_if_there(&ready)?;
        return Err(match error.kind() {
            io::ErrorKind::AlreadyExists => BackupError::TargetExists {
                path: live.to_owned(),
            },
            _ => BackupError::io(live, &error),
        });
    }
    sync_directory(directory(live))
}

/// Renames what is there to a free name with `.damaged-N`; gives the last new name.
fn put_aside(live: &Path, suffixes: &[&str]) -> Result<Option<PathBuf>, BackupError> {
    let mut aside = None;
    for suffix in suffixes {
        let path = beside(live, suffix);
        if !path.exists() {
            continue;
        }
        let free = (1_u32..)
            .map(|number| beside(&path, &format!(".damaged-{number}")))
            .find(|path| !path.exists())
            .unwrap_or_else(|| beside(&path, ".damaged"));
        fs::rename(&path, &free).map_err(|error| BackupError::io(&path, &error))?;
        aside = Some(free);
    }
    Ok(aside)
}

fn remove_if_there(path: &Path) -> Result<(), BackupError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BackupError::io(path, &error)),
        _ => Ok(()),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn directory(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

fn mode(contents: &Contents) -> u32 {
    contents.mode.unwrap_or(0o600)
}

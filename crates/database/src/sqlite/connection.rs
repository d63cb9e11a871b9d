//! Opening a connection, with an answer for everything that can be in the way.

use std::fs;
use std::io::ErrorKind as IoErrorKind;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error;
use super::limits::Clocked;
use crate::{Access, Create, OpenError, Wait, WaitHook};

/// What a connection is opened with.
#[derive(Clone)]
pub(super) struct Opening {
    pub(super) access: Access,
    pub(super) create: Create,
    pub(super) foreign_keys: bool,
    pub(super) busy_timeout: Duration,
    pub(super) on_wait: Option<WaitHook>,
    /// How long statements wait, where that is not `busy_timeout`, and run.
    pub(super) clocked: Clocked,
    /// Asked before and during every wait: true ends it.
    pub(super) cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Opening {
    pub(super) fn new(access: Access, busy_timeout: Duration) -> Self {
        Self {
            access,
            create: Create::Never,
            foreign_keys: false,
            busy_timeout,
            on_wait: None,
            clocked: Clocked::default(),
            cancelled: Arc::new(|| false),
        }
    }
}

/// Virtual machine steps between two looks at `cancelled`.
const STEPS_BETWEEN_CHECKS: i32 = 10_000;

/// Opens `file`.
pub(super) fn open(file: &Path, opening: &Opening) -> Result<Connection, OpenError> {
    check_file(file, opening)?;
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    flags |= match opening.access {
        Access::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::ReadWrite => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    if opening.create == Create::IfMissing && opening.access == Access::ReadWrite {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(file, flags)
        .map_err(|error| open_error(&error, file, opening))?;
    prepare(connection, opening).map_err(|error| open_error(&error, file, opening))
}

/// Opens a database of its own in memory.
pub(super) fn open_in_memory(opening: &Opening) -> Result<Connection, OpenError> {
    Connection::open_in_memory()
        .and_then(|connection| prepare(connection, opening))
        .map_err(|error| open_error(&error, Path::new(":memory:"), opening))
}

fn prepare(mut connection: Connection, opening: &Opening) -> rusqlite::Result<Connection> {
    connection.busy_handler(Some(busy_handler(opening)))?;
    let cancelled = Arc::clone(&opening.cancelled);
    let clocked = opening.clocked.clone();
    let stops = move || cancelled() || clocked.is_over();
    connection.progress_handler(STEPS_BETWEEN_CHECKS, Some(stops))?;
    // The bundled library turns foreign keys on by default; SQLite does not.
    connection.pragma_update(None, "foreign_keys", opening.foreign_keys)?;
    // Reads the file for the first time.
    connection.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
    Ok(connection)
}

fn busy_handler(opening: &Opening) -> impl FnMut(i32) -> bool + Send + 'static {
    // Short, because a lock among busy writers is free for moments only.
    const LONGEST_PAUSE: Duration = Duration::from_millis(10);
    // Waits as short as those among busy writers are not worth a word.
    const UNTOLD: Duration = Duration::from_millis(100);
    let Opening {
        busy_timeout,
        on_wait,
        clocked,
        cancelled,
        ..
    } = opening.clone();
    let mut started = Instant::now();
    let mut told = false;
    move |tries| {
        if cancelled() || clocked.is_over() {
            return false;
        }
        let limit = clocked.lock().unwrap_or(busy_timeout);
        if tries == 0 {
            started = Instant::now();
            told = false;
        }
        let waited = started.elapsed();
        if let Some(hook) = &on_wait
            && !told
            && !limit.is_zero()
            && waited >= UNTOLD.min(limit / 2)
        {
            told = true;
            hook(&Wait {
                reason: "database is locked by another process".to_owned(),
                limit,
            });
        }
        let left = limit.saturating_sub(waited);
        if left.is_zero() {
            return false;
        }
        let pause = Duration::from_millis(1 << tries.clamp(0, 4));
        std::thread::sleep(pause.min(LONGEST_PAUSE).min(left));
        true
    }
}

/// What SQLite would only answer with "unable to open database file".
fn check_file(file: &Path, opening: &Opening) -> Result<(), OpenError> {
    // SQLite's journal is beside the file itself, not beside a link to it.
    let real = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let directory = real.parent().unwrap_or(Path::new("/"));
    let writes = opening.access == Access::ReadWrite;
    match fs::metadata(file) {
        Ok(metadata) => {
            let kind = metadata.file_type();
            let what = if kind.is_dir() {
                "a directory"
            } else if kind.is_socket() {
                "a socket"
            } else if kind.is_fifo() {
                "a pipe"
            } else if kind.is_file() {
                ""
            } else {
                "a device"
            };
            if !what.is_empty() {
                return Err(OpenError::NotAFile {
                    file: file.to_owned(),
                    what,
                });
            }
            if !may(file, rustix::fs::Access::READ_OK) {
                return Err(OpenError::NotReadable {
                    path: file.to_owned(),
                });
            }
            if writes && !may(file, rustix::fs::Access::WRITE_OK) {
                return Err(OpenError::NotWritable {
                    path: file.to_owned(),
                });
            }
        }
        Err(error) if error.kind() == IoErrorKind::NotFound => {
            if !directory.exists() {
                return Err(OpenError::NoDirectory {
                    directory: directory.to_owned(),
                });
            }
            if opening.create == Create::Never || !writes {
                return Err(OpenError::Missing {
                    file: file.to_owned(),
                });
            }
        }
        Err(error) if error.kind() == IoErrorKind::PermissionDenied => {
            return Err(OpenError::NotReadable {
                path: file.to_owned(),
            });
        }
        Err(error) if error.kind() == IoErrorKind::NotADirectory => {
            return Err(OpenError::NoDirectory {
                directory: directory.to_owned(),
            });
        }
        Err(error) => {
            return Err(OpenError::Other {
                target: file.display().to_string(),
                message: error.to_string(),
            });
        }
    }
    if writes && !may(directory, rustix::fs::Access::WRITE_OK) {
        return Err(OpenError::NotWritable {
            path: directory.to_owned(),
        });
    }
    Ok(())
}

fn may(path: &Path, access: rustix::fs::Access) -> bool {
    rustix::fs::access(path, access).is_ok()
}

/// What it means that opening `file` ended in `failure`.
pub(super) fn open_error(failure: &rusqlite::Error, file: &Path, opening: &Opening) -> OpenError {
    let message = error::statement_error(failure, "").message;
    let file = file.to_owned();
    match error::code(failure) {
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase { file },
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged { file, message },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked {
            file,
            waited: opening.busy_timeout,
        },
        Some(ErrorCode::DiskFull) => OpenError::DiskFull { file },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            OpenError::NotWritable { path: file }
        }
        _ => OpenError::Other {
            target: file.display().to_string(),
            message,
        },
    }
}

//! Taking a copy of a database that is being written to, and checking it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::backup::{failed, open_copy, opening};
use super::{checksum, connection};
use crate::Access;
use crate::backup::{
    BackupError, BackupEvent, BackupOptions, Checked, Contents, Stop, TableContent, sync_file,
};

/// Pages copied between two looks at whether to stop.
const PAGES_PER_STEP: i32 = 1024;

/// Copies `source` to `target`, which is not there yet, and verifies the copy.
pub(super) fn take(
    source: &Path,
    target: &Path,
    options: &BackupOptions,
    stop: &Stop,
) -> Result<Contents, BackupError> {
    let live = open_live(source, options, stop)?;
    let reading = failed("reading the database", source, options, stop);
    // From the first read on, the transaction sees one state, and the copy is
    // made through the same connection, so it is of that state.
    live.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")
        .map_err(reading)?;
    copy_pages(&live, target, options, stop)?;
    let expected = read_tables(&live, source, options, stop)?;
    live.execute_batch("COMMIT").map_err(reading)?;
    drop(live);
    sync_file(target)?;

    let mut contents = check(target, options, stop)?;
    contents.mode = mode(source);
    compare(&expected, &contents.tables)?;
    Ok(contents)
}

/// Checks a copy and reads its tables.
pub(super) fn check(
    data: &Path,
    options: &BackupOptions,
    stop: &Stop,
) -> Result<Contents, BackupError> {
    let mut copy = open_copy(data)?;
    let of_thread = stop.clone();
    let reading = failed("reading the copy", data, options, stop);
    copy.progress_handler(10_000, Some(move || of_thread.is_asked()))
        .map_err(reading)?;
    let number = |pragma: &str| {
        copy.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0))
            .map(|number| u64::try_from(number).unwrap_or(0))
            .map_err(reading)
    };
    let (page_size, pages) = (number("page_size")?, number("page_count")?);
    options.tell(&BackupEvent::Checking);
    let checked = check_integrity(&copy, data, options, stop)?;
    Ok(Contents {
        page_size,
        pages,
        mode: None,
        checked,
        tables: read_tables(&copy, data, options, stop)?,
    })
}

/// Opens the live database to read it; where it may be written too, so that
/// SQLite can clean up behind a process that crashed.
fn open_live(
    source: &Path,
    options: &BackupOptions,
    stop: &Stop,
) -> Result<Connection, BackupError> {
    let open = |access| connection::open(source, &opening(access, options, stop));
    match open(Access::ReadWrite) {
        Err(crate::OpenError::NotWritable { .. }) => Ok(open(Access::ReadOnly)?),
        other => Ok(other?),
    }
}

fn copy_pages(
    live: &Connection,
    target: &Path,
    options: &BackupOptions,
    stop: &Stop,
) -> Result<(), BackupError> {
    let writing = failed("writing the copy", target, options, stop);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let mut copy = Connection::open_with_flags(target, flags).map_err(writing)?;
    // Nobody sees the copy before it is whole, and it is flushed at the end.
    copy.execute_batch("PRAGMA journal_mode = off; PRAGMA synchronous = off")
        .map_err(writing)?;
    let backup = Backup::new(live, &mut copy).map_err(writing)?;
    copy_all(&backup, options, stop, writing)?;
    drop(backup);
    copy.close().map_err(|(_, failure)| writing(failure))
}

/// Steps until everything is copied. A step that finds a lock is repeated
/// until the limit.
pub(super) fn copy_all(
    backup: &Backup<'_, '_>,
    options: &BackupOptions,
    stop: &Stop,
    failed: impl Fn(rusqlite::Error) -> BackupError,
) -> Result<(), BackupError> {
    let mut locked_since = None;
    loop {
        stop.check()?;
        match backup.step(PAGES_PER_STEP).map_err(&failed)? {
            StepResult::Done => break,
            StepResult::More => locked_since = None,
            _ => {
                let since = *locked_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= options.lock_timeout {
                    return Err(BackupError::Locked {
                        waited: options.lock_timeout,
                    });
                }
                std::thread::sleep(Duration::from_millis(10));
                continue;
            }
        }
        tell_progress(backup, options);
    }
    tell_progress(backup, options);
    Ok(())
}

fn tell_progress(backup: &Backup<'_, '_>, options: &BackupOptions) {
    let progress = backup.progress();
    let total = u64::try_from(progress.pagecount).unwrap_or(0);
    let left = u64::try_from(progress.remaining).unwrap_or(0);
    options.tell(&BackupEvent::Copied {
        done: total.saturating_sub(left),
        total,
    });
}

/// The tables as the connection's transaction sees them.
pub(super) fn read_tables(
    connection: &Connection,
    path: &Path,
    options: &BackupOptions,
    stop: &Stop,
) -> Result<Vec<TableContent>, BackupError> {
    let reading = failed("reading the tables", path, options, stop);
    let mut contents = Vec::new();
    for table in checksum::tables(connection).map_err(reading)? {
        stop.check()?;
        options.tell(&BackupEvent::Reading {
            table: table.name.clone(),
        });
        contents.push(checksum::content(connection, &table).map_err(reading)?);
    }
    Ok(contents)
}

/// The first table in which `found` is not as expected, as an error.
pub(super) fn compare(
    expected: &[TableContent],
    found: &[TableContent],
) -> Result<(), BackupError> {
    match differing(expected, found).into_iter().next() {
        None => Ok(()),
        Some(table) => Err(BackupError::Differs {
            table,
            message: "its rows are not those of the database at that moment".to_owned(),
        }),
    }
}

/// Tables that are not in both lists with the same content.
pub(super) fn differing(one: &[TableContent], other: &[TableContent]) -> Vec<String> {
    let mut names: Vec<String> = one
        .iter()
        .filter(|table| !other.contains(table))
        .chain(other.iter().filter(|table| !one.contains(table)))
        .map(|table| table.name.clone())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// SQLite's full check. Where the schema needs functions, collations or
/// modules that only the app has, it cannot run; then the quick one is tried.
fn check_integrity(
    copy: &Connection,
    data: &Path,
    options: &BackupOptions,
    stop: &Stop,
) -> Result<Checked, BackupError> {
    let checking = failed("checking the copy", data, options, stop);
    // CHECK constraints are rules of the app, not of the file.
    copy.execute_batch("PRAGMA ignore_check_constraints = on")
        .map_err(checking)?;
    let run = |pragma: &str| -> rusqlite::Result<Vec<String>> {
        copy.prepare(&format!("PRAGMA {pragma}(10)"))?
            .query_map([], |row| row.get(0))?
            .collect()
    };
    let judge = |answers: Vec<String>, checked| match answers.as_slice() {
        [answer] if answer == "ok" => Ok(checked),
        answers => Err(BackupError::Damaged {
            message: answers.join("; "),
        }),
    };
    let reason = match run("integrity_check") {
        Ok(answers) => return judge(answers, Checked::Integrity),
        Err(failure) => match needs_the_app(&failure) {
            Some(reason) => reason,
            None => return Err(checking(failure)),
        },
    };
    match run("quick_check") {
        Ok(answers) => judge(answers, Checked::Quick { reason }),
        Err(failure) if needs_the_app(&failure).is_some() => Ok(Checked::ContentOnly { reason }),
        Err(failure) => Err(checking(failure)),
    }
}

fn needs_the_app(failure: &rusqlite::Error) -> Option<String> {
    let message = super::error::statement_error(failure, "").message;
    [
        "no such function",
        "unknown function",
        "no such collation",
        "no such module",
    ]
    .iter()
    .any(|begin| message.starts_with(begin))
    .then_some(message)
}

fn mode(file: &Path) -> Option<u32> {
    std::fs::metadata(file).ok().map(|file| file.mode() & 0o777)
}

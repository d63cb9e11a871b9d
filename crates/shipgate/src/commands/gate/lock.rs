//! The migration lock, taken aloud and watched.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shipgate_database::{
    Dialect, LeasePlace, LockError, LockEvent, LockName, LockRequest, MigrationLock,
};

use crate::commands::history_flags::Reach;
use crate::error::{CliError, Exit};
use crate::printer::Printer;
use crate::report::short;
use crate::wiring::engine::host;
use crate::wiring::tooling::Tooling;

/// Which lock a gate takes.
pub(super) struct Wanted {
    pub(super) name: LockName,
    pub(super) schema: Option<String>,
    pub(super) lease: LeasePlace,
}

/// Where the lease is written. Some tools refuse to begin a history in a
/// schema that holds any table; there, at first, nowhere.
pub(super) fn place(tooling: Option<&Tooling>, is_fresh: bool) -> LeasePlace {
    match tooling {
        Some(tooling) if is_fresh && tooling.tool.begins_in_empty_schemas() => LeasePlace::Nowhere,
        _ => LeasePlace::BesideHistory,
    }
}

/// The schema that holds the history, where its tool always has it in one of
/// its own: there Shipgate's own runs of the same migrations have their lock too.
pub(super) fn schema(tooling: Option<&Tooling>, dialect: Dialect) -> Option<String> {
    if dialect != Dialect::Postgres {
        return None;
    }
    let wanted = tooling?.migrations.wanted(dialect).into_iter().next()?;
    wanted.name.schema
}

/// Takes the lock, and says whom it waits for.
pub(super) async fn take(
    reach: &Reach,
    wanted: Wanted,
    timeout: Duration,
    printer: &Arc<Printer>,
) -> Result<Box<dyn MigrationLock>, CliError> {
    let words = Arc::clone(printer);
    let request = LockRequest {
        name: wanted.name,
        pid: std::process::id(),
        host: host(),
        purpose: "shipgate gate".to_owned(),
        timeout,
        schema: wanted.schema,
        lease: wanted.lease,
        connect_timeout: reach.connect_timeout,
        clock: Arc::new(Timestamp::now),
        temporary_directory: Some(std::env::temp_dir()),
        on_event: Some(Arc::new(move |event: &LockEvent| match event {
            LockEvent::Waiting { holder, remaining } => words.say(&format!(
                "waiting for the migration lock, held by {holder}; {} left",
                short(*remaining)
            )),
            LockEvent::LeaseUnusable { message } => words.detail(&format!(
                "who holds the lock cannot be written down: {message}"
            )),
            LockEvent::AtlasLockUnusable { file, message } => words.detail(&format!(
                "Atlas is not kept out: {}: {message}",
                file.display()
            )),
        })),
    };
    reach
        .database
        .lock(request)
        .await
        .map_err(|error| lock_error(&error))
}

/// The lock was not had.
fn lock_error(error: &LockError) -> CliError {
    let failed = CliError::new("migration-lock", error.to_string());
    match error {
        LockError::Held { .. } => failed
            .exiting(Exit::Deadline)
            .with_hint("wait for it; `--lock-timeout` says how long"),
        LockError::Lost { .. } => failed.exiting(Exit::Deadline),
        LockError::File { .. } => failed.with_hint(
            "beside a SQLite database lies its lock file; this user must be able to write it",
        ),
        LockError::Server { .. } | LockError::NotPossible { .. } => failed,
    }
}

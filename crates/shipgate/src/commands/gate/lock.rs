//! The migration lock, taken aloud and watched.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shipgate_database::{LeasePlace, LockError, LockEvent, LockName, LockRequest, MigrationLock};

use crate::commands::history_flags::Reach;
use crate::error::{CliError, Exit};
use crate::printer::Printer;
use crate::wiring::engine::host;
use crate::wiring::held_lock;

/// Takes the lock, and says whom it waits for.
pub(super) async fn take(
    reach: &Reach,
    name: LockName,
    lease: LeasePlace,
    timeout: Duration,
    printer: &Arc<Printer>,
) -> Result<Box<dyn MigrationLock>, CliError> {
    let words = Arc::clone(printer);
    let request = LockRequest {
        name,
        pid: std::process::id(),
        host: host(),
        purpose: "shipgate gate".to_owned(),
        timeout,
        schema: None,
        lease,
        connect_timeout: reach.connect_timeout,
        clock: Arc::new(Timestamp::now),
        temporary_directory: Some(std::env::temp_dir()),
        on_event: Some(Arc::new(move |event: &LockEvent| {
            let line = held_lock::in_words(event);
            match event {
                LockEvent::Waiting { .. } => words.say(&line),
                LockEvent::LeaseUnusable { .. }
                | LockEvent::AtlasLockUnusable { .. }
                | LockEvent::LetGo => words.detail(&line),
            }
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

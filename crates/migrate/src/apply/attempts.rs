//! Trying again what waited too long for a lock, or lost against another transaction.

use std::time::Duration;

use shipgate_database::{ErrorKind, StatementError};
use shipgate_sql::Dialect;
use tokio::time::{Instant, sleep};

use crate::apply::blockers::{blockers, how_to_see};
use crate::apply::file_run::Run;
use crate::apply::{ApplyError, ApplyEvent, Patience};

/// How often something was tried.
pub(super) struct Attempts {
    failed: u32,
    most: u32,
    began: Instant,
}

impl Attempts {
    pub(super) fn new(patience: Patience, dialect: Dialect) -> Self {
        // A SQLite statement waits for its lock itself, and nobody behind it.
        let by_rule = match dialect {
            Dialect::Sqlite => 0,
            _ => Patience::RETRIES,
        };
        Self {
            failed: 0,
            most: patience.lock_retries.unwrap_or(by_rule),
            began: Instant::now(),
        }
    }
}

impl Run<'_, '_> {
    /// After a failure that was rolled back: waits for a further attempt, or
    /// hands the error back because there is none.
    pub(super) async fn try_again(
        &mut self,
        attempts: &mut Attempts,
        mut error: ApplyError,
    ) -> Result<(), ApplyError> {
        let dialect = self.conductor.session.dialect();
        let Some(reason) = locked(&error).map(|error| error.message.clone()) else {
            return Err(error);
        };
        attempts.failed += 1;
        let blockers = blockers(&mut *self.conductor.session).await;
        if attempts.failed > attempts.most || self.conductor.cancel.is_cancelled() {
            let mut notes = Vec::new();
            if attempts.most > 0 {
                notes.push(format!(
                    "tried {} times in {:.0?}",
                    attempts.failed,
                    attempts.began.elapsed()
                ));
            }
            notes.extend(
                blockers
                    .iter()
                    .map(|blocker| format!("in the way: {blocker}")),
            );
            if blockers.is_empty() {
                notes.extend(how_to_see(dialect).map(str::to_owned));
            }
            if let ApplyError::Statement(failed) = &mut error {
                failed.notes = notes;
            }
            return Err(error);
        }
        let pause = Patience::pause(attempts.failed);
        self.conductor.emit(&ApplyEvent::Retrying {
            attempt: attempts.failed,
            most: attempts.most,
            pause,
            reason: &reason,
            blockers: &blockers,
        });
        if self.pause(pause).await {
            self.conductor.told.rewind();
            Ok(())
        } else {
            Err(ApplyError::Cancelled(None))
        }
    }

    /// Waits; false if the run is asked to stop.
    pub(super) async fn pause(&mut self, pause: Duration) -> bool {
        tokio::select! {
            () = sleep(pause) => true,
            () = self.conductor.cancel.cancelled() => false,
        }
    }
}

/// The database's answer, if a further attempt may have a better one.
fn locked(error: &ApplyError) -> Option<&StatementError> {
    let answer = match error {
        ApplyError::Statement(failed) => &failed.error,
        ApplyError::Transaction { source, .. } | ApplyError::Session(source) => source,
        ApplyError::History(error) => error.statement_error()?,
        _ => return None,
    };
    (answer.kind == ErrorKind::Locked).then_some(answer)
}

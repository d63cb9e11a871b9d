//! The lock by which the program whose history a run writes keeps others away.

use std::time::Duration;

use tokio::time::Instant;

use crate::apply::file_run::Run;
use crate::apply::{ApplyError, ApplyEvent};
use crate::history::Entrance;

/// How often it is tried to get the lock.
const LOOK: Duration = Duration::from_millis(100);

impl Run<'_, '_> {
    /// Takes the lock, for which it waits as long as for the migration lock.
    pub(super) async fn enter(&mut self) -> Result<(), ApplyError> {
        let limit = self.options.lock.timeout;
        let began = Instant::now();
        let mut told = false;
        loop {
            let session = &mut *self.conductor.session;
            let by = match self.history.enter(session).await? {
                Entrance::Open => return Ok(()),
                Entrance::Held { by } => by,
            };
            if began.elapsed() >= limit {
                return Err(ApplyError::HeldByOther { by, waited: limit });
            }
            if !told {
                told = true;
                self.conductor
                    .emit(&ApplyEvent::WaitingForDatabase { reason: &by, limit });
            }
            if !self.pause(LOOK).await {
                return Err(ApplyError::Cancelled(None));
            }
        }
    }

    /// Gives it back. With a lost session the database does so by itself.
    pub(super) async fn leave(&mut self) -> Result<(), ApplyError> {
        if self.conductor.session.in_transaction() {
            // What is open was not committed, and nobody will.
            let _ = self.conductor.session.rollback().await;
        }
        let left = self.history.leave(&mut *self.conductor.session).await;
        Ok(left?)
    }
}

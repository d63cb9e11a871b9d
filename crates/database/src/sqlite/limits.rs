//! How long statements wait for locks and run.
//!
//! SQLite asks back while it waits (the busy handler) and every few thousand
//! steps while it runs (the progress handler): both look here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::{ErrorKind, Limits, StatementError};

/// The limits of a connection, and the statement they are applied to.
#[derive(Clone, Debug, Default)]
pub(super) struct Clocked(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    limits: Limits,
    /// When the statement that runs has to be done.
    deadline: Option<Instant>,
    /// That was not kept.
    is_over: bool,
}

impl Clocked {
    /// From the next statement on.
    pub(super) fn set(&self, limits: Limits) {
        self.state().limits = limits;
    }

    /// How long a lock is waited for; `None`: as the connection was opened.
    pub(super) fn lock(&self) -> Option<Duration> {
        let lock = self.state().limits.lock?;
        Some(if lock.is_zero() { Duration::MAX } else { lock })
    }

    /// Whether the statement that runs has to stop.
    pub(super) fn is_over(&self) -> bool {
        let mut state = self.state();
        let is_over = state.deadline.is_some_and(|end| Instant::now() >= end);
        state.is_over |= is_over;
        is_over
    }

    /// Runs a statement. One that was stopped for its time says so.
    pub(super) fn run<T>(
        &self,
        statement: impl FnOnce() -> Result<T, StatementError>,
    ) -> Result<T, StatementError> {
        let limit = {
            let mut state = self.state();
            let limit = state.limits.statement.filter(|limit| !limit.is_zero());
            state.deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
            state.is_over = false;
            limit
        };
        let done = statement();
        let mut state = self.state();
        state.deadline = None;
        match (done, limit) {
            (Err(error), Some(limit)) if state.is_over && was_stopped(&error) => {
                Err(StatementError {
                    kind: ErrorKind::TimedOut,
                    message: format!("the statement was stopped: it ran longer than {limit:?}"),
                    ..error
                })
            }
            (done, _) => done,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait for a lock that was broken off ends as "busy".
fn was_stopped(error: &StatementError) -> bool {
    matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Locked)
}

//! Waiting for other holders of the migration lock.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use tokio::time::Instant;

use crate::{Dialect, LockError, LockEvent, LockOwner, LockRequest};

/// Waits for other holders, up to a limit over all of them, and tells who
/// they are.
pub(crate) struct Waiting<'a> {
    request: &'a LockRequest,
    dialect: Dialect,
    started: Instant,
    pause: Duration,
    growth: f64,
    longest: Duration,
    told: Option<LockOwner>,
}

impl<'a> Waiting<'a> {
    /// The wait for the request's lock begins now.
    pub(crate) fn new(request: &'a LockRequest, dialect: Dialect) -> Self {
        Self {
            request,
            dialect,
            started: Instant::now(),
            pause: Duration::from_millis(10),
            growth: 2.0,
            longest: Duration::from_millis(250),
            told: None,
        }
    }

    /// The same where a look costs next to nothing, and no server anything.
    pub(crate) fn with_cheap_looks(request: &'a LockRequest, dialect: Dialect) -> Self {
        Self {
            pause: Duration::from_millis(2),
            growth: 1.05,
            longest: Duration::from_millis(50),
            ..Self::new(request, dialect)
        }
    }

    /// Tells the caller what is going on.
    pub(crate) fn tell(&self, event: &LockEvent) {
        if let Some(hook) = &self.request.on_event {
            hook(event);
        }
    }

    /// How long may still be waited.
    pub(crate) fn remaining(&self) -> Duration {
        self.request.timeout.saturating_sub(self.started.elapsed())
    }

    /// Tells who holds it, if that is news.
    ///
    /// # Errors
    /// [`LockError::Held`] if nothing of the time is left.
    pub(crate) fn held_by(&mut self, holder: LockOwner) -> Result<(), LockError> {
        let remaining = self.remaining();
        if remaining.is_zero() {
            return Err(LockError::Held {
                name: self.request.name.clone(),
                dialect: self.dialect,
                holder,
                waited: self.request.timeout,
            });
        }
        if self.told.as_ref() != Some(&holder) {
            self.tell(&LockEvent::Waiting {
                holder: holder.clone(),
                remaining,
            });
            self.told = Some(holder);
        }
        Ok(())
    }

    /// The lock can be had now. If that took a wait, whoever wants it gets
    /// time to think again.
    pub(crate) async fn is_free(&self) {
        if self.told.is_some() {
            self.tell(&LockEvent::LetGo);
            tokio::task::yield_now().await;
        }
    }

    /// As [`held_by`](Self::held_by), and sleeps until it is time to look again.
    ///
    /// # Errors
    /// [`LockError::Held`] if nothing of the time is left.
    pub(crate) async fn pause(&mut self, holder: LockOwner) -> Result<(), LockError> {
        self.held_by(holder)?;
        // Many that began to wait together do not all look at the same moments.
        let random = RandomState::new().build_hasher().finish() % 1000;
        let pause = self.pause.mul_f64(0.5 + random as f64 / 1000.0);
        tokio::time::sleep(pause.min(self.remaining())).await;
        self.pause = self.pause.mul_f64(self.growth).min(self.longest);
        Ok(())
    }
}

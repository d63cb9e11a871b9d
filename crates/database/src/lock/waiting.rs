//! Waiting for other holders of the migration lock.

use std::time::Duration;

use tokio::time::Instant;

use crate::{LockError, LockEvent, LockOwner, LockRequest};

/// Waits for other holders, up to a limit over all of them, and tells who
/// they are.
pub(crate) struct Waiting<'a> {
    request: &'a LockRequest,
    started: Instant,
    pause: Duration,
    told: Option<LockOwner>,
}

impl<'a> Waiting<'a> {
    /// The wait for the request's lock begins now.
    pub(crate) fn new(request: &'a LockRequest) -> Self {
        Self {
            request,
            started: Instant::now(),
            pause: Duration::from_millis(10),
            told: None,
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

    /// As [`held_by`](Self::held_by), and sleeps until it is time to look again.
    ///
    /// # Errors
    /// [`LockError::Held`] if nothing of the time is left.
    pub(crate) async fn pause(&mut self, holder: LockOwner) -> Result<(), LockError> {
        const LONGEST: Duration = Duration::from_millis(250);
        self.held_by(holder)?;
        tokio::time::sleep(self.pause.min(self.remaining())).await;
        self.pause = (self.pause * 2).min(LONGEST);
        Ok(())
    }
}

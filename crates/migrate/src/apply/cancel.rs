//! Stopping a run from outside.

use tokio::sync::watch;

/// Tells a run to stop. Dropping it does nothing.
#[derive(Clone, Debug)]
pub struct CancelHandle(watch::Sender<bool>);

/// What a run looks at to know whether it shall stop.
#[derive(Clone, Debug)]
pub struct CancelToken(Option<watch::Receiver<bool>>);

impl CancelHandle {
    /// Asks the run to stop: the running statement is interrupted in the
    /// database and the open transaction rolled back.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl CancelToken {
    /// A token and the handle that sets it.
    #[must_use]
    pub fn new() -> (CancelHandle, Self) {
        let (sender, receiver) = watch::channel(false);
        (CancelHandle(sender), Self(Some(receiver)))
    }

    /// A token that nobody can set.
    #[must_use]
    pub const fn never() -> Self {
        Self(None)
    }

    /// Whether the run shall stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.as_ref().is_some_and(|receiver| *receiver.borrow())
    }

    /// Waits until the run shall stop.
    pub async fn cancelled(&mut self) {
        if let Some(receiver) = &mut self.0
            && receiver.wait_for(|cancelled| *cancelled).await.is_ok()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

//! Asking a release to stop.

use tokio::sync::watch;

/// A request to stop that can be made once and seen by many.
#[derive(Clone, Debug)]
pub struct Cancel {
    sender: watch::Sender<bool>,
}

impl Default for Cancel {
    fn default() -> Self {
        Self {
            sender: watch::Sender::new(false),
        }
    }
}

impl Cancel {
    /// Makes the request.
    pub fn request(&self) {
        self.sender.send_replace(true);
    }

    /// Whether it has been made.
    pub fn requested(&self) -> bool {
        *self.sender.borrow()
    }

    /// Waits until it is made.
    pub async fn wait(&self) {
        let mut receiver = self.sender.subscribe();
        // The sender lives as long as `self`, so the channel cannot close first.
        let _ = receiver.wait_for(|requested| *requested).await;
    }
}

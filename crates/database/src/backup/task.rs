//! Blocking work on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::oneshot;

use super::BackupError;

/// Whether the work shall stop.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// # Errors
    /// [`BackupError::Cancelled`] if it shall.
    pub(crate) fn check(&self) -> Result<(), BackupError> {
        if self.is_asked() {
            Err(BackupError::Cancelled)
        } else {
            Ok(())
        }
    }
}

struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::SeqCst);
    }
}

/// Runs `work` on a thread. Dropping the future asks it to stop; what it had
/// begun to write it removes by itself.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce(&Stop) -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    let guard = StopOnDrop(Stop::default());
    let stop = guard.0.clone();
    let (reply, answer) = oneshot::channel();
    std::thread::Builder::new()
        .name("backup".to_owned())
        .spawn(move || {
            let _ = reply.send(work(&stop));
        })
        .map_err(|error| BackupError::Io {
            path: "a thread for the backup".into(),
            message: error.to_string(),
        })?;
    answer.await.unwrap_or(Err(BackupError::Cancelled))
}

//! How backups are made, and what is told on the way.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Wait;

/// How backups are made and restored.
#[derive(Clone)]
pub struct BackupOptions {
    /// How long to wait for another session's lock.
    pub lock_timeout: Duration,
    /// Told what goes on, from another thread. Must not block.
    pub on_event: Option<EventHook>,
}

/// Told what goes on.
pub type EventHook = Arc<dyn Fn(&BackupEvent) + Send + Sync>;

/// Something that goes on while a backup is made, checked or restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupEvent {
    /// Another session holds a lock.
    Waiting(Wait),
    /// This much was copied.
    Copied {
        /// Pages done.
        done: u64,
        /// Pages in all.
        total: u64,
    },
    /// The database's own check runs on the copy.
    Checking,
    /// The rows of a table are read.
    Reading {
        /// Its name.
        table: String,
    },
}

impl Default for BackupOptions {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(30),
            on_event: None,
        }
    }
}

impl BackupOptions {
    pub(crate) fn tell(&self, event: &BackupEvent) {
        if let Some(hook) = &self.on_event {
            hook(event);
        }
    }
}

impl fmt::Debug for BackupOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackupOptions")
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}

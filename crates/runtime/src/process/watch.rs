//! Waiting for a directory to change, or a process to end, without polling.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::fs::inotify;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::identity::ProcessId;

/// How long one wait lasts at most where the kernel tells of every change;
/// a belt for file systems that do not.
const WATCHED: Duration = Duration::from_secs(1);

/// How long one wait lasts where it does not: no watch was to be had.
const UNWATCHED: Duration = Duration::from_millis(25);

/// Tells when something in one directory was written, created or renamed.
#[derive(Debug)]
pub(crate) struct Watch {
    events: Option<AsyncFd<OwnedFd>>,
}

impl Watch {
    /// From here on no change of `directory` is missed. Where the system has
    /// no watch left, [`Watch::changed`] returns every 25 ms instead.
    pub(crate) fn new(directory: &Path) -> Self {
        Self {
            events: Self::open(directory).ok(),
        }
    }

    fn open(directory: &Path) -> io::Result<AsyncFd<OwnedFd>> {
        let events = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
        inotify::add_watch(
            &events,
            directory,
            inotify::WatchFlags::MODIFY
                | inotify::WatchFlags::MOVED_TO
                | inotify::WatchFlags::CREATE
                | inotify::WatchFlags::DELETE_SELF,
        )?;
        readable(events)
    }

    /// Returns after the next change, or one since the last call; now and
    /// then without any, so the caller looks again.
    pub(crate) async fn changed(&mut self) {
        let Some(events) = &self.events else {
            return tokio::time::sleep(UNWATCHED).await;
        };
        if let Ok(Ok(mut ready)) = tokio::time::timeout(WATCHED, events.readable()).await {
            let mut buffer = [MaybeUninit::uninit(); 4096];
            let mut reader = inotify::Reader::new(events.get_ref(), &mut buffer);
            while reader.next().is_ok() {}
            ready.clear_ready();
        }
    }
}

/// Returns when `process` has ended; at once if it is gone already.
pub(crate) async fn ended(process: ProcessId) {
    if let Some(descriptor) = process.descriptor()
        && let Ok(descriptor) = readable(descriptor)
    {
        // A process descriptor becomes readable at the end and stays so.
        let _ = descriptor.readable().await;
        return;
    }
    while process.is_alive() {
        tokio::time::sleep(UNWATCHED).await;
    }
}

#[expect(
    deprecated,
    reason = "sound for an owned descriptor, which nothing can close early; the successor is unsafe"
)]
fn readable(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(descriptor, Interest::READABLE)
}

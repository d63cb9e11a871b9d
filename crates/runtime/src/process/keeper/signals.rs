//! What can disturb a keeper: signals, the loss of its directory, the end of its owner.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags};
use rustix::fs::inotify;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::{flag, low_level};

use super::owner::Owner;
use crate::process::directory::Directory;

/// Signals that ask for the end of the machine.
const STOP: [i32; 2] = [SIGTERM, SIGINT];

/// Signals that must not end the keeper. Catching them also undoes what a
/// starter may have set to "ignored" (`nohup`, a job in the background), which
/// the command would otherwise inherit and then not hear its kill signal.
const HARMLESS: [i32; 4] = [SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2];

/// Wakes the keeper when a signal arrived or its directory was deleted.
#[derive(Debug)]
pub(crate) struct Signals {
    wake: UnixStream,
    stop: Arc<AtomicBool>,
    /// Becomes readable when a file of the machine is deleted.
    deletions: Option<OwnedFd>,
    /// The file without which there is no machine.
    spec: PathBuf,
    is_deleted: bool,
    owner: Option<Owner>,
}

impl Signals {
    /// Catches all signals a keeper cares for, from now on, and watches over
    /// the machine's directory.
    pub(crate) fn install(directory: &Directory, owner: Option<Owner>) -> io::Result<Self> {
        let (wake, bell) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let stop = Arc::new(AtomicBool::new(false));
        for signal in STOP {
            // The flag before the bell: who hears the bell sees the flag.
            flag::register(signal, Arc::clone(&stop))?;
        }
        for signal in STOP.into_iter().chain([SIGCHLD]).chain(HARMLESS) {
            low_level::pipe::register(signal, bell.try_clone()?)?;
        }
        Ok(Self {
            wake,
            stop,
            // Without a watch the machine goes on as if nothing had happened.
            deletions: watch_deletions(directory.path()).ok(),
            spec: directory.spec_path(),
            is_deleted: false,
            owner,
        })
    }

    /// Whether the machine was asked to stop. Without its directory nobody
    /// could find it to do that, so the directory's deletion asks as well.
    pub(crate) fn stop_requested(&self) -> bool {
        self.is_deleted || self.is_abandoned() || self.stop.load(Ordering::SeqCst)
    }

    /// Why, in words.
    pub(crate) fn why_stop(&self) -> &'static str {
        if self.is_abandoned() {
            "stopping: whoever started it is gone"
        } else {
            "stopping as asked"
        }
    }

    fn is_abandoned(&self) -> bool {
        self.owner.as_ref().is_some_and(Owner::is_gone)
    }

    /// What to poll.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = PollFd<'_>> {
        let deletions = self.deletions.iter();
        let owner = self.owner.iter().filter_map(Owner::descriptor);
        std::iter::once(PollFd::new(&self.wake, PollFlags::IN))
            .chain(deletions.map(|deletions| PollFd::new(deletions, PollFlags::IN)))
            .chain(owner)
    }

    /// Takes note of everything that arrived.
    pub(crate) fn acknowledge(&mut self) {
        let mut bytes = [0; 64];
        while matches!(self.wake.read(&mut bytes), Ok(read) if read > 0) {}
        if let Some(owner) = &mut self.owner {
            owner.look();
        }
        if let Some(deletions) = &self.deletions {
            let mut event = [0; 1024];
            while matches!(rustix::io::read(deletions, &mut event), Ok(read) if read > 0) {
                self.is_deleted = !self.spec.exists();
            }
        }
    }
}

/// The directory itself cannot be watched for its end: the keeper's own open
/// files in it delay that for as long as the keeper lives.
fn watch_deletions(directory: &Path) -> io::Result<OwnedFd> {
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
    inotify::add_watch(&watch, directory, inotify::WatchFlags::DELETE)?;
    Ok(watch)
}

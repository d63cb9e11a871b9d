//! Signals, as something to poll.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::{flag, low_level};

/// Signals that ask for the end of the machine.
const STOP: [i32; 2] = [SIGTERM, SIGINT];

/// Signals that must not end the keeper. Catching them also undoes what a
/// starter may have set to "ignored" (`nohup`, a job in the background), which
/// the command would otherwise inherit and then not hear its kill signal.
const HARMLESS: [i32; 4] = [SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2];

/// Becomes readable whenever a signal arrived.
#[derive(Debug)]
pub(crate) struct Signals {
    wake: UnixStream,
    stop: Arc<AtomicBool>,
}

impl Signals {
    /// Catches all signals a keeper cares for, from now on.
    pub(crate) fn install() -> io::Result<Self> {
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
        Ok(Self { wake, stop })
    }

    /// Whether the machine was asked to stop.
    pub(crate) fn stop_requested(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Takes note of everything that arrived.
    pub(crate) fn acknowledge(&mut self) {
        let mut bytes = [0; 64];
        while matches!(self.wake.read(&mut bytes), Ok(read) if read > 0) {}
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

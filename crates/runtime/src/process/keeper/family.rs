//! Everything the command started, its own end and the end of all of it.

use std::time::{Duration, Instant};

use rustix::event::{Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process_group, wait};
use shipgate_release::machine::ExitCause;

use super::cgroup;
use super::signals::Signals;
use crate::process::procfs::{self, Stat};

/// How long killed processes may take to disappear: one in the middle of a
/// disk access on a broken disk never does.
const PATIENCE: Duration = Duration::from_secs(10);

/// The command and its descendants. The keeper is their reaper: those whose
/// parent ended become its own children.
#[derive(Debug)]
pub(crate) struct Family {
    /// The command's process, and the number of its process group.
    main: Pid,
    status: Option<WaitStatus>,
    own: i32,
}

impl Family {
    pub(crate) fn new(main: Pid) -> Self {
        Self {
            main,
            status: None,
            own: rustix::process::getpid().as_raw_nonzero().get(),
        }
    }

    /// How the command ended; `None` while it runs.
    pub(crate) fn end(&self) -> Option<ExitCause> {
        let status = self.status?;
        Some(match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => ExitCause::Code(code),
            (None, Some(signal)) => ExitCause::Signal(signal),
            (None, None) => ExitCause::Lost,
        })
    }

    /// Takes note of everything that ended; whether anything is left.
    pub(crate) fn reap(&mut self) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.main => self.status = Some(status),
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    /// Sends a signal to the command's process group.
    pub(crate) fn signal(&self, signal: Signal) {
        // Nobody left to hear it: then its end is about to be reaped.
        let _ = kill_process_group(self.main, signal);
    }

    /// The living descendants of the keeper.
    pub(crate) fn members(&self) -> Vec<Stat> {
        procfs::descendants(&procfs::all(), &[self.own])
    }

    /// Kills everything that is left, wherever it went, and waits for it to
    /// be gone.
    ///
    /// # Errors
    /// The numbers of processes that do not die.
    pub(crate) fn kill(
        &mut self,
        signals: &mut Signals,
        cgroup: Option<&std::path::Path>,
    ) -> Result<(), Vec<i32>> {
        let give_up = Instant::now() + PATIENCE;
        if self.status.is_none() {
            self.signal(Signal::KILL);
        }
        while self.reap() {
            if let Some(path) = cgroup {
                cgroup::kill(path);
            }
            let members = self.members();
            for member in &members {
                let _ = member.id().signal(Signal::KILL);
            }
            if Instant::now() > give_up {
                return Err(members.iter().map(|member| member.pid).collect());
            }
            pause(signals, Duration::from_millis(10));
        }
        Ok(())
    }
}

/// Waits for a signal, at most this long.
pub(crate) fn pause(signals: &mut Signals, at_most: Duration) {
    let mut descriptors: Vec<_> = signals.descriptors().collect();
    let timeout = Timespec::try_from(at_most).ok();
    let _ = poll(&mut descriptors, timeout.as_ref());
    drop(descriptors);
    signals.acknowledge();
}

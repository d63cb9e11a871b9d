//! Telling one process from every other that ever had its number.

use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

use super::procfs::Stat;

/// A process number together with the time its process started, which no
/// later process of the same number shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    /// The process number.
    pub pid: i32,
    /// Start time in clock ticks since boot (field 22 of `/proc/PID/stat`).
    pub started: u64,
}

impl ProcessId {
    /// The process that has this number now; `None` if there is none.
    pub fn of(pid: i32) -> Option<Self> {
        Stat::read(pid).map(|stat| stat.id())
    }

    /// This very process.
    pub(crate) fn own() -> io::Result<Self> {
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        Self::of(pid).ok_or_else(|| io::Error::other("/proc is not mounted"))
    }

    /// Whether it still runs: it exists, is the same process, and is not a
    /// zombie that only waits to be reaped.
    pub fn is_alive(self) -> bool {
        Stat::read(self.pid).is_some_and(|stat| stat.started == self.started && !stat.is_dead())
    }

    /// A descriptor that becomes readable when it ends; `None` if it is gone.
    pub(crate) fn descriptor(self) -> Option<OwnedFd> {
        let pid = Pid::from_raw(self.pid)?;
        let descriptor = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        // Opened first, compared after: from here on the number cannot be
        // given to another process without the comparison noticing.
        self.is_alive().then_some(descriptor)
    }

    /// Sends `signal` to this process and to no other.
    ///
    /// # Errors
    /// `ESRCH` when it is gone, `EPERM` when it belongs to someone else.
    pub(crate) fn signal(self, signal: Signal) -> io::Result<()> {
        if !self.is_alive() {
            return Err(rustix::io::Errno::SRCH.into());
        }
        match self.descriptor() {
            Some(descriptor) => pidfd_send_signal(descriptor, signal)?,
            None => {
                let pid = Pid::from_raw(self.pid).ok_or(rustix::io::Errno::SRCH)?;
                kill_process(pid, signal)?;
            }
        }
        Ok(())
    }
}

/// Identifies the running kernel's boot: numbers and start times of processes
/// mean nothing in another one. Empty where the kernel does not say.
pub(crate) fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

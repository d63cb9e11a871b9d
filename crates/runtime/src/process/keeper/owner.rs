//! The process that a machine must not outlive.

use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, getppid, pidfd_open};

/// Whoever started the keeper, and whether it still runs.
#[derive(Debug)]
pub(crate) enum Owner {
    /// Becomes readable when it ends.
    Runs(OwnedFd),
    /// It runs, and its end cannot be watched here: only being given to
    /// another parent tells of it.
    Unwatched(Pid),
    /// It is gone.
    Gone,
}

impl Owner {
    /// The process of this number, if it is the parent of this one.
    pub(crate) fn of(number: i32) -> Self {
        let Some(owner) = Pid::from_raw(number).filter(|owner| getppid() == Some(*owner)) else {
            return Self::Gone;
        };
        let descriptor = pidfd_open(owner, PidfdFlags::empty());
        // Opened first, asked after: still the parent, so it was it.
        match descriptor {
            _ if getppid() != Some(owner) => Self::Gone,
            Ok(descriptor) => Self::Runs(descriptor),
            Err(_) => Self::Unwatched(owner),
        }
    }

    /// What to poll.
    pub(crate) fn descriptor(&self) -> Option<PollFd<'_>> {
        match self {
            Self::Runs(descriptor) => Some(PollFd::new(descriptor, PollFlags::IN)),
            Self::Unwatched(_) | Self::Gone => None,
        }
    }

    /// Takes note of its end.
    pub(crate) fn look(&mut self) {
        let is_gone = match self {
            Self::Runs(descriptor) => {
                let mut ready = [PollFd::new(descriptor, PollFlags::IN)];
                matches!(poll(&mut ready, Some(&Timespec::default())), Ok(count) if count > 0)
            }
            Self::Unwatched(owner) => getppid() != Some(*owner),
            Self::Gone => true,
        };
        if is_gone {
            *self = Self::Gone;
        }
    }

    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Gone)
    }
}

//! The migration lock of a command that runs in a machine, kept by a process of
//! its own: a release that is killed leaves the command running, and with it
//! whoever keeps others from migrating.
//!
//! The keeper is this program under a hidden verb. Its starter tells it on
//! standard input what to lock and behind which machine; it answers on
//! standard output. It gives the lock back when it is told to, or, once nobody
//! tells it anything any more, when the machine has ended. `resume` finds the
//! machine, and others find the lock held.

mod keeping;
mod kept;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shipgate_database::{LeasePlace, LockError};
use shipgate_release::machine::MachineId;
use shipgate_release::{Failure, FailureKind};

pub(crate) use keeping::run;
pub(crate) use kept::KeptLock;

/// `shipgate keep-lock`.
pub(crate) const VERB: &str = "keep-lock";

/// What is to be locked, for whom.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The database's URL.
    pub(crate) database: String,
    pub(crate) purpose: String,
    /// Whether the lease is written beside the history.
    pub(crate) has_lease: bool,
    /// How long to wait for another holder.
    pub(crate) timeout: Duration,
    /// Where the machines are.
    pub(crate) machines: PathBuf,
    /// The one behind the lock.
    pub(crate) machine: MachineId,
}

/// The one word that a keeper is told.
const RELEASE: &str = "release";

/// What a keeper tells, one in a line of JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "kebab-case")]
enum Word {
    /// Something goes on while the lock is waited for.
    Waiting {
        words: String,
    },
    Held,
    /// It was not had; `is_held` if another one held it all the time.
    Refused {
        message: String,
        is_held: bool,
    },
    /// It was held and is not any more.
    Lost {
        message: String,
    },
    Released,
}

impl Order {
    fn lease(&self) -> LeasePlace {
        match self.has_lease {
            true => LeasePlace::BesideHistory,
            false => LeasePlace::Nowhere,
        }
    }
}

/// Why there is no lock.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) message: String,
    /// Another one held it all the time.
    pub(crate) is_held: bool,
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let failure = Self::new("migration-lock", refused.message);
        match refused.is_held {
            true => failure
                .with_hint("wait for it; `[release] lock_timeout` says how long a release waits")
                .of_kind(FailureKind::Deadline),
            false => failure,
        }
    }
}

impl From<&LockError> for Word {
    fn from(error: &LockError) -> Self {
        Self::Refused {
            message: error.to_string(),
            is_held: matches!(error, LockError::Held { .. }),
        }
    }
}

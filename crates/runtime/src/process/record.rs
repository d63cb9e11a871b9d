//! What is known of a machine: the keeper's record on disk, and what a reader
//! makes of it.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shipgate_release::machine::ExitCause;

use super::identity::ProcessId;
use super::problem::Problem;

/// `state.json`: what the keeper last did. Written before a start, after it,
/// and at every end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The keeper that wrote it.
    pub(crate) keeper: ProcessId,
    /// The boot in which the numbers mean something.
    pub(crate) boot: String,
    /// The machine's own control group, if it has one.
    pub(crate) cgroup: Option<PathBuf>,
    /// How often the command was started again.
    pub(crate) restarts: u32,
    pub(crate) phase: Phase,
}

/// Where the machine is in its life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// The command is about to be started: from here on it may have run.
    Starting { since: Timestamp },
    /// The command was started.
    Running {
        command: ProcessId,
        since: Timestamp,
    },
    /// The command ended and is started again at `next_at`.
    Restarting { exit: Exit, next_at: Timestamp },
    /// It never ran: it could not be started.
    Failed { problem: Problem, at: Timestamp },
    /// It ended for good, and nothing of it is left.
    Exited(Exit),
}

/// The end of a machine's command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// How it ended.
    pub cause: ExitCause,
    /// When its end was seen.
    pub at: Timestamp,
    /// How long its last run took; zero when nobody saw it.
    pub ran: Duration,
    /// How often it had been started again.
    pub restarts: u32,
}

/// What a machine is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// There is no such machine.
    Absent,
    /// It was written down, and provably never started.
    Created,
    /// Its keeper is about to start the command, or just did.
    Starting,
    /// The command runs.
    Running {
        /// The command's process, leader of its process group.
        pid: i32,
        /// The keeper's process.
        keeper_pid: i32,
        /// When this run began.
        since: Timestamp,
        /// How often the command was started again.
        restarts: u32,
    },
    /// The command ended and will be started again.
    Restarting {
        /// How it ended.
        exit: Exit,
        /// When it is started again.
        next_at: Timestamp,
        /// How often it was started again before.
        restarts: u32,
    },
    /// The command could not be started and provably never ran.
    Failed {
        /// Why.
        problem: Problem,
        /// When that was found.
        at: Timestamp,
    },
    /// It ended for good, and nothing of it is left.
    Exited(Exit),
    /// Its keeper is gone without having recorded an end (SIGKILL, reboot).
    Lost {
        /// Processes of the machine that run on unkept: their output and
        /// their end are not recorded. Empty: nothing is left of it.
        pids: Vec<i32>,
    },
}

impl State {
    /// Whether any process of the machine may be running.
    pub fn is_live(&self) -> bool {
        match self {
            Self::Starting | Self::Running { .. } | Self::Restarting { .. } => true,
            Self::Lost { pids } => !pids.is_empty(),
            Self::Absent | Self::Created | Self::Failed { .. } | Self::Exited(_) => false,
        }
    }

    /// The end, if it has come.
    pub fn exit(&self) -> Option<Exit> {
        match self {
            Self::Exited(exit) => Some(*exit),
            _ => None,
        }
    }
}

/// One line of `events.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened to a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventKind {
    /// The command was started.
    Started {
        /// Its process.
        pid: i32,
    },
    /// The command could not be started.
    NotStarted {
        /// Why.
        problem: Problem,
    },
    /// The command is being stopped; `cause` will be recorded when it is gone.
    Stopping {
        /// Why: stopped, timeout, out of memory.
        cause: ExitCause,
    },
    /// The command ended.
    Exited {
        /// How.
        exit: Exit,
    },
    /// It will be started again.
    RestartPlanned {
        /// When.
        next_at: Timestamp,
    },
}

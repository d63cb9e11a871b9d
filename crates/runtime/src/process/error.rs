//! What can go wrong with machines.

use std::io;
use std::path::{Path, PathBuf};

use shipgate_release::machine::MachineId;

use super::problem::Problem;

/// A machine could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// Its command cannot run; it provably did not.
    #[error("machine {id} did not start: {problem}")]
    Command {
        /// The machine.
        id: MachineId,
        /// Why.
        problem: Problem,
    },
    /// Its keeper could not be started; the command provably did not run.
    #[error("cannot start the keeper `{program}` of machine {id}: {source}")]
    Keeper {
        /// The machine.
        id: MachineId,
        /// The keeper's program.
        program: String,
        /// The system's answer.
        source: io::Error,
    },
    /// Its keeper ended or stayed silent before it had started the command.
    #[error("the keeper of machine {id} {what}")]
    KeeperFailed {
        /// The machine.
        id: MachineId,
        /// What it did instead, with what it printed.
        what: String,
    },
    /// The state directory could not be read or written.
    #[error(transparent)]
    State(#[from] MachineError),
}

impl LaunchError {
    /// How to mend it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Command { problem, .. } => problem.hint(),
            Self::State(error) => error.hint(),
            Self::Keeper { .. } | Self::KeeperFailed { .. } => None,
        }
    }
}

/// A question about a machine, or an order to it, could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// A file of the state directory could not be used.
    #[error("cannot {verb} `{}`: {source}", path.display())]
    File {
        /// `read`, `write`, `create`, `lock`, `remove`.
        verb: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// There is no such machine.
    #[error("there is no machine {0}")]
    NoSuchMachine(MachineId),
    /// The machine was never started, so it has no end to wait for.
    #[error("machine {0} was never started")]
    NeverStarted(MachineId),
    /// The machine still runs.
    #[error("machine {0} still runs")]
    StillRuns(MachineId),
    /// The machine does not run, so it cannot be sent a signal.
    #[error("machine {0} does not run")]
    NotRunning(MachineId),
    /// The number is not one of a signal this system has.
    #[error("{0} is not the number of a signal")]
    NoSuchSignal(i32),
    /// A process of the machine does not die.
    #[error("machine {id} cannot be stopped: {what}")]
    Unstoppable {
        /// The machine.
        id: MachineId,
        /// The processes that remain, or the system's answer.
        what: String,
    },
}

impl MachineError {
    pub(crate) fn file(verb: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File {
            verb,
            path: path.to_owned(),
            source,
        }
    }

    /// How to mend it, where that is known.
    pub fn hint(&self) -> Option<String> {
        let Self::File { path, source, .. } = self else {
            return None;
        };
        match source.kind() {
            io::ErrorKind::StorageFull => Some(format!(
                "the disk that holds {} is full; make room there",
                path.display()
            )),
            io::ErrorKind::PermissionDenied => Some(format!(
                "{} must belong to the user who runs this, mode 0700",
                path.parent().unwrap_or(path).display()
            )),
            io::ErrorKind::ReadOnlyFilesystem => Some(format!(
                "{} is on a file system mounted read-only",
                path.display()
            )),
            _ => None,
        }
    }
}

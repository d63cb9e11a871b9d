//! A command that is not started, and the record of that.

use std::io;
use std::path::Path;

use jiff::Timestamp;

use crate::process::directory::Directory;
use crate::process::error::MachineError;
use crate::process::identity::{ProcessId, boot_id};
use crate::process::problem::Problem;
use crate::process::record::{EventKind, Phase, Record};

/// Records that the command could not be started, as far as that can be
/// recorded, and passes the reason on.
pub(crate) fn refuse(
    directory: &Directory,
    keeper: ProcessId,
    problem: Problem,
) -> Result<(), Problem> {
    let record = Record {
        keeper,
        boot: boot_id(),
        cgroup: None,
        restarts: 0,
        phase: Phase::Failed {
            problem: problem.clone(),
            at: Timestamp::now(),
        },
    };
    if directory.write_record(&record).is_err() {
        // Without any record it was never started either.
        let _ = directory.forget_record();
    }
    let _ = directory.append_event(EventKind::NotStarted {
        problem: problem.clone(),
    });
    Err(problem)
}

/// A state directory that cannot be used, as the reason not to start.
pub(crate) fn unusable(directory: &Path, error: &MachineError) -> Problem {
    match error {
        MachineError::File { path, source, .. } => Problem::Unwritable {
            path: path.clone(),
            error: source.to_string(),
        },
        other => Problem::Unwritable {
            path: directory.to_owned(),
            error: other.to_string(),
        },
    }
}

/// Anything else the system refused.
pub(crate) fn system(path: &Path, error: &io::Error) -> Problem {
    Problem::System {
        path: path.to_owned(),
        error: error.to_string(),
    }
}

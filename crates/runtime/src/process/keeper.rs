//! The keeper: the small process that stays with a machine for its life.
//!
//! It is started by [`Machines::launch`](super::Machines::launch) as
//! `<keeper argv> <machine directory>`, goes into a session of its own, starts
//! the command, appends both its streams to the log, applies timeout, memory
//! limit and restart policy, and records every end with its cause. SIGTERM
//! and SIGINT ask it to stop the machine. It makes itself the reaper of
//! whatever the command leaves behind, so nothing of a machine outlives it.
//!
//! It is one thread, without tokio, and does not read its environment.

pub(crate) mod cgroup;
mod command;
mod family;
mod inherited;
mod memory;
mod output;
mod owner;
mod refusal;
mod restarts;
mod signals;
mod supervise;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use super::problem::Problem;
use owner::Owner;
use supervise::Supervisor;

/// How a memory limit is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryControl {
    /// By the kernel: a control group (version 2, else 1) where one can be
    /// made; else as [`MemoryControl::Sampling`].
    Kernel,
    /// By asking the processes' size every 100 ms: a command that grows
    /// faster may go over its limit for a moment.
    Sampling,
}

/// What a keeper tells its starter, as one line of JSON on standard output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "kebab-case")]
pub(crate) enum Report {
    /// The command was executed.
    Started,
    /// It could not be.
    NotStarted {
        /// Why.
        problem: Problem,
    },
    /// Someone else keeps this machine, or did.
    AlreadyKept,
}

/// Keeps the machine in `directory` until it has ended for good.
///
/// The calling process must be there for this alone: no other thread, no
/// other child, nothing open but the standard streams (everything else is
/// closed, whoever opened it). Its standard output and error are the starter's ears until
/// the command was started, and nothing after.
pub fn run(directory: &Path) -> ExitCode {
    run_with(directory, MemoryControl::Kernel)
}

/// As [`run`], with a say in how a memory limit is kept.
pub fn run_with(directory: &Path, control: MemoryControl) -> ExitCode {
    keep(directory, control, None)
}

/// As [`run`], for a machine that must not outlive process `owner`, the
/// keeper's starter: when that is gone, however it ended, the machine is stopped.
pub fn run_while(owner: i32, directory: &Path) -> ExitCode {
    keep(directory, MemoryControl::Kernel, Some(owner))
}

fn keep(directory: &Path, control: MemoryControl, owner: Option<i32>) -> ExitCode {
    inherited::close();
    let owner = owner.map(Owner::of);
    // Fails for a leader of a process group only: then its starter made it
    // one, and signals of the starter's terminal do not reach it either.
    let _ = rustix::process::setsid();
    let _ = rustix::process::chdir("/");
    let mut supervisor = match Supervisor::take(directory, control, owner) {
        Ok(Some(supervisor)) => supervisor,
        Ok(None) => {
            say(&Report::AlreadyKept);
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            say(&Report::NotStarted { problem });
            return ExitCode::FAILURE;
        }
    };
    match supervisor.begin() {
        Ok(run) => {
            say(&Report::Started);
            supervisor.keep(run);
            ExitCode::SUCCESS
        }
        Err(problem) => {
            say(&Report::NotStarted { problem });
            ExitCode::FAILURE
        }
    }
}

/// Reports to the starter, and lets go of it.
fn say(report: &Report) {
    if let Ok(mut line) = serde_json::to_vec(report) {
        line.push(b'\n');
        // A starter that died meanwhile finds the machine by its directory.
        let _ = std::io::stdout().write_all(&line);
        let _ = std::io::stdout().flush();
    }
    if let Ok(null) = OpenOptions::new().write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
}

//! Why a machine may not take traffic.

use std::fmt;
use std::time::Duration;

use shipgate_release::machine::MachineId;

use super::probe::ProbeFailure;
use crate::log::LogLine;
use crate::process::{EventKind, Exit, MachineError, Machines, Problem, State};

/// How many lines of its log explain a machine's failure.
const TAIL: usize = 20;

/// How often a machine may be started again before it is taken to crash.
const FORGIVEN_RESTARTS: u32 = 1;

/// Where a check stood at the deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// The check's name.
    pub name: String,
    /// Whether it passed at least once.
    pub passed: bool,
    /// Its last failure.
    pub last_failure: Option<ProbeFailure>,
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.last_failure, self.passed) {
            (_, true) => write!(f, "{}: passed", self.name),
            (Some(failure), false) => f.write_str(&failure.of(&self.name)),
            (None, false) => write!(f, "{}: no answer yet", self.name),
        }
    }
}

/// Why a machine may not take traffic.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    /// It ended.
    #[error("machine {id} ended: {}", exit.cause)]
    Ended {
        /// The machine.
        id: MachineId,
        /// How it ended.
        exit: Exit,
        /// The last lines it wrote.
        log: Vec<LogLine>,
    },
    /// It ends again and again.
    #[error("machine {id} keeps ending, the last time with: {}", exit.cause)]
    Crashing {
        /// The machine.
        id: MachineId,
        /// How it last ended.
        exit: Exit,
        /// How often it was started again.
        restarts: u32,
        /// The last lines it wrote.
        log: Vec<LogLine>,
    },
    /// It was never started, or could not be.
    #[error("machine {id} does not run{}", because(problem))]
    NotStarted {
        /// The machine.
        id: MachineId,
        /// Why, if that was tried.
        problem: Option<Problem>,
    },
    /// Its keeper is gone.
    #[error("machine {id} lost its keeper")]
    Lost {
        /// The machine.
        id: MachineId,
    },
    /// It runs, but its checks do not pass.
    #[error(
        "machine {id} was not healthy within {} s: {}",
        waited.as_secs_f64(), describe(checks, listening)
    )]
    Deadline {
        /// The machine.
        id: MachineId,
        /// How long it was waited for.
        waited: Duration,
        /// Every check, with its last failure.
        checks: Vec<CheckReport>,
        /// Ports it listens on, when it does not on the one it was told to.
        listening: Option<Vec<u16>>,
        /// The last lines it wrote.
        log: Vec<LogLine>,
    },
    /// Its state could not be read.
    #[error(transparent)]
    State(#[from] MachineError),
}

impl Unhealthy {
    /// The last lines the machine wrote.
    pub fn log(&self) -> &[LogLine] {
        match self {
            Self::Ended { log, .. } | Self::Crashing { log, .. } | Self::Deadline { log, .. } => {
                log
            }
            Self::NotStarted { .. } | Self::Lost { .. } | Self::State(_) => &[],
        }
    }

    /// How to mend it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotStarted {
                problem: Some(problem),
                ..
            } => problem.hint(),
            Self::Deadline {
                listening: Some(ports),
                ..
            } if !ports.is_empty() => {
                Some("let the app listen on the port in its environment's PORT".to_owned())
            }
            _ => None,
        }
    }
}

fn because(problem: &Option<Problem>) -> String {
    problem
        .as_ref()
        .map(|problem| format!(": {problem}"))
        .unwrap_or_default()
}

fn describe(checks: &[CheckReport], listening: &Option<Vec<u16>>) -> String {
    let mut text = checks
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ");
    if let Some(ports) = listening {
        let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
        text.push_str(&match ports.as_slice() {
            [] => "; it listens on no port".to_owned(),
            ports => format!("; it listens on port {} instead", ports.join(", ")),
        });
    }
    text
}

/// Returns when the machine cannot become healthy any more.
pub(crate) async fn failure(machines: &Machines, id: &MachineId) -> Unhealthy {
    let mut changes = machines.changes(id);
    loop {
        let failure = match changes.next().await {
            Ok(state) => failure_in(&state, machines, id),
            Err(error) => Err(error),
        };
        match failure {
            Ok(None) => {}
            Ok(Some(failure)) => return failure,
            Err(error) => return error.into(),
        }
    }
}

/// What in `state` rules out that the machine becomes healthy.
fn failure_in(
    state: &State,
    machines: &Machines,
    id: &MachineId,
) -> Result<Option<Unhealthy>, MachineError> {
    let log = || tail(machines, id);
    let id = id.clone();
    Ok(match state {
        State::Exited(exit) => Some(Unhealthy::Ended {
            log: log(),
            id,
            exit: *exit,
        }),
        State::Restarting { exit, restarts, .. } if *restarts >= FORGIVEN_RESTARTS => {
            Some(Unhealthy::Crashing {
                log: log(),
                id,
                exit: *exit,
                restarts: *restarts,
            })
        }
        State::Running { restarts, .. } if *restarts > FORGIVEN_RESTARTS => {
            last_exit(machines, &id)?.map(|exit| Unhealthy::Crashing {
                log: log(),
                id,
                exit,
                restarts: *restarts,
            })
        }
        State::Absent | State::Created => Some(Unhealthy::NotStarted { id, problem: None }),
        State::Failed { problem, .. } => Some(Unhealthy::NotStarted {
            id,
            problem: Some(problem.clone()),
        }),
        State::Lost { .. } => Some(Unhealthy::Lost { id }),
        State::Starting | State::Running { .. } | State::Restarting { .. } => None,
    })
}

pub(crate) fn last_exit(machines: &Machines, id: &MachineId) -> Result<Option<Exit>, MachineError> {
    let history = machines.history(id)?;
    Ok(history
        .into_iter()
        .rev()
        .find_map(|event| match event.kind {
            EventKind::Exited { exit } => Some(exit),
            _ => None,
        }))
}

/// The last lines, if the log can be read: it explains, it does not decide.
pub(crate) fn tail(machines: &Machines, id: &MachineId) -> Vec<LogLine> {
    machines
        .log(id)
        .tail(TAIL)
        .map(|(lines, _)| lines)
        .unwrap_or_default()
}

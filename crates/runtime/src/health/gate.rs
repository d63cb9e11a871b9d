//! May a machine just started take traffic?

use std::fmt;
use std::time::Duration;

use shipgate_release::machine::{HealthCheck, MachineId, MachineSpec, Probe};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::probe::{ProbeFailure, probe};
use crate::log::LogLine;
use crate::ports;
use crate::process::{EventKind, Exit, MachineError, Machines, Problem, State};

/// The first pause between two tries; doubled up to the check's interval, so
/// that a machine that is quickly up is quickly found well.
const FIRST_PAUSE: Duration = Duration::from_millis(25);

/// How many lines of its log explain a machine's failure.
const TAIL: usize = 20;

/// How often a machine may be started again before it is taken to crash.
const FORGIVEN_RESTARTS: u32 = 1;

/// What a machine has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// How long the machine has to become healthy.
    pub deadline: Duration,
    /// How long a machine without health checks has to run.
    pub smoke: Duration,
}

/// A machine that may take traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Healthy {
    /// How long it was waited for.
    pub after: Duration,
    /// How many health checks passed; 0 when it has none and simply runs.
    pub checks: usize,
}

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
            (Some(failure), false) => write!(f, "{}: {failure}", self.name),
            (None, false) => write!(f, "{}: no answer yet", self.name),
        }
    }
}

/// Why a machine may not take traffic.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    /// It ended.
    #[error("machine {id} ended before it was healthy: {}", exit.cause)]
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

/// Waits until every health check of the machine has passed once.
///
/// A machine without checks has to run for `gate.smoke` without ending, and to
/// accept connections if it was given a port. The first tries follow each other
/// quickly (25 ms, then twice that, up to the check's interval).
///
/// # Errors
/// At once when the machine ends, or is started again more than once; at the
/// deadline with the last failure of every check.
pub async fn await_healthy(
    machines: &Machines,
    id: &MachineId,
    gate: Gate,
) -> Result<Healthy, Unhealthy> {
    let spec = machines.spec(id)?;
    let began = Instant::now();
    let mut trial = Trial::new(&spec);
    let passed = async {
        if spec.checks.is_empty() {
            tokio::join!(runs_for(machines, id, gate.smoke), trial.pass());
        } else {
            trial.pass().await;
        }
    };
    let outcome = tokio::select! {
        // A machine that has ended is not healthy, whatever it answered.
        biased;
        failure = failure(machines, id) => return Err(failure),
        outcome = tokio::time::timeout(gate.deadline, passed) => outcome,
    };
    match outcome {
        Ok(()) => Ok(Healthy {
            after: began.elapsed(),
            checks: spec.checks.len(),
        }),
        Err(_) => Err(Unhealthy::Deadline {
            id: id.clone(),
            waited: gate.deadline,
            listening: elsewhere(machines, &spec, &trial.reports),
            checks: trial.reports,
            log: tail(machines, id),
        }),
    }
}

/// All checks of a machine on their way to pass once.
struct Trial {
    checks: Vec<HealthCheck>,
    reports: Vec<CheckReport>,
}

impl Trial {
    fn new(spec: &MachineSpec) -> Self {
        let checks = match spec.port {
            Some(port) if spec.checks.is_empty() => vec![accepts_connections(port)],
            _ => spec.checks.clone(),
        };
        let reports = checks
            .iter()
            .map(|check| CheckReport {
                name: check.name.clone(),
                passed: false,
                last_failure: None,
            })
            .collect();
        Self { checks, reports }
    }

    /// Returns when all have passed.
    async fn pass(&mut self) {
        let mut tries = JoinSet::new();
        for (index, check) in self.checks.iter().cloned().enumerate() {
            tries.spawn(attempt(index, check, Duration::ZERO, FIRST_PAUSE));
        }
        while let Some(done) = tries.join_next().await {
            let Ok((index, pause, result)) = done else {
                continue;
            };
            let (Some(report), Some(check)) = (self.reports.get_mut(index), self.checks.get(index))
            else {
                continue;
            };
            match result {
                Ok(()) => report.passed = true,
                Err(failure) => {
                    report.last_failure = Some(failure);
                    let next = pause.saturating_mul(2).min(check.interval.max(FIRST_PAUSE));
                    tries.spawn(attempt(index, check.clone(), pause, next));
                }
            }
        }
    }
}

/// Asks once after `pause`; gives back the pause for the next try.
async fn attempt(
    index: usize,
    check: HealthCheck,
    pause: Duration,
    next: Duration,
) -> (usize, Duration, Result<(), ProbeFailure>) {
    tokio::time::sleep(pause).await;
    let result = probe(&check).await;
    (index, next, result)
}

/// What is asked of a machine that has a port and no checks.
fn accepts_connections(port: u16) -> HealthCheck {
    HealthCheck {
        name: format!("port {port}"),
        probe: Probe::Tcp,
        port,
        interval: Duration::from_secs(1),
        timeout: Duration::from_secs(2),
        grace_period: Duration::ZERO,
    }
}

/// Returns when the machine has run for `time` without ending.
async fn runs_for(machines: &Machines, id: &MachineId, time: Duration) {
    let mut changes = machines.changes(id);
    let mut runs = false;
    loop {
        // A state that cannot be read is told by whoever looks for failures.
        let next = changes.next();
        let state = if runs {
            match tokio::time::timeout(time, next).await {
                Ok(state) => state,
                Err(_) => return,
            }
        } else {
            next.await
        };
        runs = matches!(state, Ok(State::Running { .. }));
        if state.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Returns when the machine cannot become healthy any more.
async fn failure(machines: &Machines, id: &MachineId) -> Unhealthy {
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

fn last_exit(machines: &Machines, id: &MachineId) -> Result<Option<Exit>, MachineError> {
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
fn tail(machines: &Machines, id: &MachineId) -> Vec<LogLine> {
    machines
        .log(id)
        .tail(TAIL)
        .map(|(lines, _)| lines)
        .unwrap_or_default()
}

/// The ports the machine listens on, if nobody answered where it was asked.
fn elsewhere(machines: &Machines, spec: &MachineSpec, reports: &[CheckReport]) -> Option<Vec<u16>> {
    let unanswered = reports.iter().any(|report| {
        matches!(report.last_failure, Some(ProbeFailure::NotConnected { .. })) && !report.passed
    });
    let pids = unanswered.then(|| machines.processes(&spec.id).ok())??;
    Some(ports::listened_to_by(&pids).into_iter().collect())
}

//! May a machine just started take traffic?

use std::time::Duration;

use shipgate_release::machine::{HealthCheck, MachineId, MachineSpec, Probe};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::probe::{ProbeFailure, probe};
use super::unhealthy::{CheckReport, Unhealthy, failure, tail};
use crate::ports;
use crate::process::{Machines, State};

/// The first pause between two tries; doubled up to the check's interval, so
/// that a machine that is quickly up is quickly found well.
const FIRST_PAUSE: Duration = Duration::from_millis(25);

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

/// The ports the machine listens on, if nobody answered where it was asked.
fn elsewhere(machines: &Machines, spec: &MachineSpec, reports: &[CheckReport]) -> Option<Vec<u16>> {
    let unanswered = reports.iter().any(|report| {
        matches!(report.last_failure, Some(ProbeFailure::NotConnected { .. })) && !report.passed
    });
    let pids = unanswered.then(|| machines.processes(&spec.id).ok())??;
    Some(ports::listened_to_by(&pids).into_iter().collect())
}

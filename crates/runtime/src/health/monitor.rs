//! The health of a machine that takes traffic, as it changes.

use std::num::NonZeroU32;
use std::time::Duration;

use shipgate_release::machine::HealthCheck;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use super::probe::{ProbeFailure, probe};

/// How many equal results in a row change the verdict on a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Passes after which a failing check passes.
    pub passes: NonZeroU32,
    /// Failures after which a passing check fails.
    pub failures: NonZeroU32,
}

/// What is thought of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Passing,
    /// It fails; this was the last failure.
    Failing(ProbeFailure),
}

/// A changed verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The check's name.
    pub check: String,
    /// What is thought of it now.
    pub verdict: Verdict,
}

/// Asks all checks of a machine again and again, each at its own interval.
///
/// Every check is taken to pass at first: who monitors a machine has let it
/// in. Dropping the monitor ends the asking.
#[derive(Debug)]
pub struct Monitor {
    transitions: mpsc::Receiver<Transition>,
    _askers: JoinSet<()>,
}

impl Monitor {
    /// Begins to ask. `up_for` is how long the machine has been running:
    /// failures within a check's grace period do not count.
    pub fn start(checks: &[HealthCheck], up_for: Duration, thresholds: Thresholds) -> Self {
        let (sender, transitions) = mpsc::channel(16);
        let mut askers = JoinSet::new();
        for check in checks {
            askers.spawn(ask(check.clone(), up_for, thresholds, sender.clone()));
        }
        Self {
            transitions,
            _askers: askers,
        }
    }

    /// The next change; waits for ever when there are no checks. Dropping the
    /// returned future loses nothing.
    pub async fn next(&mut self) -> Transition {
        match self.transitions.recv().await {
            Some(transition) => transition,
            None => std::future::pending().await,
        }
    }
}

async fn ask(
    check: HealthCheck,
    up_for: Duration,
    thresholds: Thresholds,
    changes: mpsc::Sender<Transition>,
) {
    let began = Instant::now();
    let pace = check.interval.max(Duration::from_millis(10));
    let mut ticks = tokio::time::interval(pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut series = Series::new(thresholds);
    loop {
        ticks.tick().await;
        let result = probe(&check).await;
        let forgiven = up_for.saturating_add(began.elapsed()) < check.grace_period;
        if result.is_err() && forgiven {
            continue;
        }
        if let Some(verdict) = series.add(result) {
            let transition = Transition {
                check: check.name.clone(),
                verdict,
            };
            if changes.send(transition).await.is_err() {
                return;
            }
        }
    }
}

/// Results of one check in a row.
struct Series {
    thresholds: Thresholds,
    passing: bool,
    against: u32,
}

impl Series {
    fn new(thresholds: Thresholds) -> Self {
        Self {
            thresholds,
            passing: true,
            against: 0,
        }
    }

    /// Adds a result; the verdict if that changed it.
    fn add(&mut self, result: Result<(), ProbeFailure>) -> Option<Verdict> {
        if result.is_ok() == self.passing {
            self.against = 0;
            return None;
        }
        self.against += 1;
        let needed = if self.passing {
            self.thresholds.failures
        } else {
            self.thresholds.passes
        };
        if self.against < needed.get() {
            return None;
        }
        self.against = 0;
        self.passing = !self.passing;
        Some(match result {
            Ok(()) => Verdict::Passing,
            Err(failure) => Verdict::Failing(failure),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> ProbeFailure {
        ProbeFailure::Broken {
            asked: "tcp".to_owned(),
            error: None,
        }
    }

    /// Which of `results` changed the verdict, and to what.
    fn changes(results: &[bool], passes: u32, failures: u32) -> Vec<(usize, bool)> {
        let number = |count| NonZeroU32::new(count).expect("not zero");
        let mut series = Series::new(Thresholds {
            passes: number(passes),
            failures: number(failures),
        });
        results
            .iter()
            .enumerate()
            .filter_map(|(index, &passed)| {
                let verdict = series.add(if passed { Ok(()) } else { Err(failure()) })?;
                Some((index, verdict == Verdict::Passing))
            })
            .collect()
    }

    #[test]
    fn only_failures_in_a_row_count() {
        let results = [false, false, true, false, false, false];
        assert_eq!(changes(&results, 1, 3), [(5, false)]);
    }

    #[test]
    fn a_failing_check_passes_after_as_many_passes_as_asked_for() {
        let results = [false, true, false, true, true, true];
        assert_eq!(changes(&results, 2, 1), [(0, false), (4, true)]);
    }
}

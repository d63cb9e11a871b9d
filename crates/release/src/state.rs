//! What a journal means: a total function from its records to a state, and
//! from the state to the next action. Used when writing and when loading.

use crate::failure::{Effect, Failure};
use crate::flow::{Flow, StepName};
use crate::journal::{EndState, Entry, Outcome, Record, ReleaseKind};
use crate::steps;

/// A release as its journal tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    head: Option<Head>,
    progress: Vec<Progress>,
    cancelled: bool,
    end: Option<EndState>,
}

/// What the first record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the release.
    pub release: u64,
    /// The app.
    pub app: String,
    /// What it is to do.
    pub kind: ReleaseKind,
    /// The steps it takes.
    pub flow: Flow,
    /// The release that served when it began.
    pub previous: Option<u64>,
}

/// How far one step is.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Not begun.
    Waiting,
    /// Begun, with no outcome yet.
    Running,
    /// Did its work.
    Done(Outcome),
    /// Did not do its work.
    Failed(Failure),
    /// Failed, and what it had changed is put back.
    PutBack(Failure),
    /// Failed, and so did putting back.
    Stuck(Failure),
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Run a step; `Adopt` when it was begun by a process that died.
    Run(StepName, Attempt),
    /// Put back what a failed step changed in the fleet.
    PutBack(StepName),
    /// End the release.
    Close(EndState),
    /// It has ended.
    Nothing,
}

/// Whether a step is begun or found running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Nobody began it.
    First,
    /// Somebody began it and died: find what runs or ran, never repeat it blindly.
    Adopt,
}

/// A record that cannot follow the ones before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{record}` cannot follow: {why}")]
pub struct IllegalTransition {
    record: String,
    why: String,
}

impl State {
    /// The state after all of `entries`.
    ///
    /// # Errors
    /// The line (from 1) and transition that no release makes.
    pub fn of(entries: &[Entry]) -> Result<Self, (u64, IllegalTransition)> {
        entries.iter().try_fold(Self::default(), |state, entry| {
            state
                .after(&entry.record)
                .map_err(|illegal| (entry.seq, illegal))
        })
    }

    /// The state after one more record.
    ///
    /// # Errors
    /// When no release makes this transition.
    pub fn after(mut self, record: &Record) -> Result<Self, IllegalTransition> {
        let illegal = |why: &str| {
            Err(IllegalTransition {
                record: kind_of(record).to_owned(),
                why: why.to_owned(),
            })
        };
        if self.end.is_some() {
            return illegal("the release has ended");
        }
        if let Record::Opened {
            format,
            release,
            app,
            kind,
            flow,
            previous,
        } = record
        {
            if self.head.is_some() {
                return illegal("the release is open already");
            }
            if *format > 1 {
                return illegal("it is of a newer format");
            }
            self.progress = vec![Progress::Waiting; flow.steps().len()];
            self.head = Some(Head {
                release: *release,
                app: app.clone(),
                kind: kind.clone(),
                flow: flow.clone(),
                previous: *previous,
            });
            return Ok(self);
        }
        if self.head.is_none() {
            return illegal("the release is not open yet");
        }
        match record {
            Record::Opened { .. } => unreachable!("handled above"),
            Record::Resumed => {}
            Record::Started { step } => {
                if self.next() != Next::Run(*step, Attempt::First) {
                    return illegal("it is not this step's turn");
                }
                self.set(*step, Progress::Running);
            }
            Record::Noted { step, .. } => match self.progress(*step) {
                Some(Progress::Running | Progress::Failed(_)) => {}
                _ => return illegal("the step is not running"),
            },
            Record::Finished { step, outcome } => match self.progress(*step) {
                Some(Progress::Running) => self.set(*step, Progress::Done(outcome.clone())),
                _ => return illegal("the step is not running"),
            },
            Record::Failed { step, failure } => match self.progress(*step) {
                Some(Progress::Running) => self.set(*step, Progress::Failed(failure.clone())),
                _ => return illegal("the step is not running"),
            },
            Record::PutBack { step, .. } => match self.progress(*step).cloned() {
                Some(Progress::Failed(failure)) => self.set(*step, Progress::PutBack(failure)),
                _ => return illegal("the step has not failed"),
            },
            Record::PutBackFailed { step, failure } => match self.progress(*step) {
                Some(Progress::Failed(_)) => self.set(*step, Progress::Stuck(failure.clone())),
                _ => return illegal("the step has not failed"),
            },
            Record::Cancelled => {
                if !matches!(self.next(), Next::Run(_, Attempt::First)) {
                    return illegal("the release is not between two steps");
                }
                self.cancelled = true;
            }
            Record::Closed { end } => {
                if self.next() != Next::Close(*end) {
                    return illegal("the release does not end like this");
                }
                self.end = Some(*end);
            }
        }
        Ok(self)
    }

    /// What is to be done next; depends on nothing but the journal.
    pub fn next(&self) -> Next {
        let Some(head) = &self.head else {
            return Next::Nothing;
        };
        if self.end.is_some() {
            return Next::Nothing;
        }
        let mut unchanged = Vec::new();
        for (&step, progress) in head.flow.steps().iter().zip(&self.progress) {
            match progress {
                Progress::Done(outcome) => {
                    if outcome.unchanged {
                        unchanged.push(step);
                    }
                }
                Progress::Failed(_) if steps::of(step).puts_back() => return Next::PutBack(step),
                Progress::Failed(_) | Progress::PutBack(_) | Progress::Stuck(_) => {
                    return Next::Close(self.verdict(step, progress));
                }
                Progress::Running => return Next::Run(step, Attempt::Adopt),
                Progress::Waiting if self.cancelled => {
                    return Next::Close(self.without_promotion(EndState::Aborted));
                }
                Progress::Waiting if is_settled(&unchanged) => {
                    return Next::Close(EndState::Unchanged);
                }
                Progress::Waiting => return Next::Run(step, Attempt::First),
            }
        }
        Next::Close(EndState::Released)
    }

    fn verdict(&self, step: StepName, progress: &Progress) -> EndState {
        let undone = match progress {
            Progress::Failed(failure) => match failure.effect {
                Effect::Nothing => EndState::Aborted,
                Effect::Part => return EndState::HalfMigrated,
                Effect::Unknown => return EndState::Unknown,
            },
            Progress::PutBack(_) => EndState::RolledBack,
            _ => return EndState::Unknown,
        };
        debug_assert!(self.progress(step).is_some());
        self.without_promotion(undone)
    }

    /// `otherwise`, unless the schema has changed already.
    fn without_promotion(&self, otherwise: EndState) -> EndState {
        let changed = self
            .progress
            .iter()
            .any(|progress| matches!(progress, Progress::Done(outcome) if outcome.schema_changed));
        if changed {
            EndState::MigratedNotPromoted
        } else {
            otherwise
        }
    }

    /// What the first record says; `None` before it.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// How far `step` is; `None` if the flow has no such step.
    pub fn progress(&self, step: StepName) -> Option<&Progress> {
        let at = self.place(step)?;
        self.progress.get(at)
    }

    /// What came of `step`, if it did its work.
    pub fn outcome(&self, step: StepName) -> Option<&Outcome> {
        match self.progress(step)? {
            Progress::Done(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// The failure that decided the release, if one did.
    pub fn failure(&self) -> Option<(StepName, &Failure)> {
        let steps = self.head.as_ref()?.flow.steps();
        steps
            .iter()
            .zip(&self.progress)
            .find_map(|(&step, progress)| match progress {
                Progress::Failed(failure)
                | Progress::PutBack(failure)
                | Progress::Stuck(failure) => Some((step, failure)),
                _ => None,
            })
    }

    /// How it ended; `None` while it has not.
    pub fn end(&self) -> Option<EndState> {
        self.end
    }

    fn place(&self, step: StepName) -> Option<usize> {
        let steps = self.head.as_ref()?.flow.steps();
        steps.iter().position(|&known| known == step)
    }

    fn set(&mut self, step: StepName, progress: Progress) {
        if let Some(at) = self.place(step) {
            self.progress[at] = progress;
        }
    }
}

/// A deploy whose check and build both found what serves already is over.
fn is_settled(unchanged: &[StepName]) -> bool {
    unchanged.contains(&steps::check::NAME) && unchanged.contains(&steps::build::NAME)
}

fn kind_of(record: &Record) -> &'static str {
    match record {
        Record::Opened { .. } => "opened",
        Record::Started { .. } => "started",
        Record::Resumed => "resumed",
        Record::Noted { .. } => "noted",
        Record::Finished { .. } => "finished",
        Record::Failed { .. } => "failed",
        Record::PutBack { .. } => "put-back",
        Record::PutBackFailed { .. } => "put-back-failed",
        Record::Cancelled => "cancelled",
        Record::Closed { .. } => "closed",
    }
}

//! Carries out what the state machine asks for, and appends what came of it.

use std::sync::Mutex;

use crate::cancel::Cancel;
use crate::context::{Context, append, journal_failure, lock};
use crate::failure::{Failure, FailureKind};
use crate::fault::fault;
use crate::flow::StepName;
use crate::journal::{EndState, Entry, Journal, JournalError, Outcome, Record};
use crate::ports::Ports;
use crate::state::{Attempt, Next};
use crate::steps;

/// Reads the stream of a release's entries as they are written.
pub trait Observer: Send + Sync {
    /// One more entry.
    fn entry(&self, entry: &Entry);

    /// One line that a command wrote which `step` runs.
    fn output(&self, step: StepName, text: &str);
}

/// A release that stopped without an end: its journal could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message)]
pub struct Stopped(pub Failure);

/// Goes on with a release until it has ended.
///
/// # Errors
/// When the journal cannot be written: nothing further is done, and the
/// release can be resumed.
pub async fn execute(
    journal: Journal,
    ports: &Ports,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<(EndState, Journal), Stopped> {
    let journal = Mutex::new(journal);
    loop {
        let (next, head) = {
            let journal = lock(&journal);
            (journal.state().next(), journal.state().head().cloned())
        };
        let Some(head) = head else {
            return Err(Stopped(Failure::new("journal", "the journal is empty")));
        };
        let write = |record| {
            let entry = append(&journal, |journal| {
                journal.append(ports.clock.now(), record)
            })
            .map_err(Stopped)?;
            observer.entry(&entry);
            Ok::<(), Stopped>(())
        };
        match next {
            Next::Run(_, Attempt::First) if cancel.requested() => write(Record::Cancelled)?,
            Next::Run(step, attempt) => {
                if attempt == Attempt::First {
                    write(Record::Started { step })?;
                }
                let cx = Context::new(ports, cancel, attempt, step, head, &journal, observer);
                fault("step.before_run");
                let result = steps::of(step).run(&cx).await;
                fault("step.after_run");
                write(match result {
                    Ok(outcome) => Record::Finished { step, outcome },
                    Err(failure) => Record::Failed { step, failure },
                })?;
            }
            Next::PutBack(step) => {
                let cx = Context::new(
                    ports,
                    cancel,
                    Attempt::Adopt,
                    step,
                    head,
                    &journal,
                    observer,
                );
                fault("put_back.before");
                let result = steps::of(step).put_back(&cx).await;
                fault("put_back.after");
                write(match result {
                    Ok(summary) => Record::PutBack { step, summary },
                    Err(failure) => Record::PutBackFailed { step, failure },
                })?;
            }
            Next::Close(end) => write(Record::Closed { end })?,
            Next::Nothing => {
                let journal = journal
                    .into_inner()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                let end = journal.state().end().ok_or_else(|| {
                    Stopped(Failure::new("journal", "the journal has no first record"))
                })?;
                return Ok((end, journal));
            }
        }
    }
}

/// Says in the journal that another process goes on with the release.
///
/// # Errors
/// When the journal cannot be written.
pub fn mark_resumed(
    journal: &mut Journal,
    ports: &Ports,
    observer: &dyn Observer,
) -> Result<(), Stopped> {
    let entry = journal
        .append(ports.clock.now(), Record::Resumed)
        .map_err(|error: JournalError| Stopped(journal_failure(&error)))?;
    observer.entry(entry);
    Ok(())
}

impl Outcome {
    /// A step that had nothing to do, and why.
    pub(crate) fn skipped(why: &str) -> Self {
        Self {
            summary: why.to_owned(),
            ..Self::default()
        }
    }
}

impl EndState {
    /// How the program exits: 0 done, 1 nothing changed or put back, 5 stopped half-way.
    pub fn exit_code(self, failure: Option<&Failure>) -> u8 {
        match self {
            Self::Released | Self::Unchanged => 0,
            Self::MigratedNotPromoted | Self::HalfMigrated | Self::Unknown => 5,
            Self::Aborted | Self::RolledBack => match failure.map(|failure| failure.kind) {
                Some(FailureKind::Usage) => 2,
                Some(FailureKind::Deadline) => 4,
                // Without a failure it was asked to stop between two steps.
                Some(FailureKind::Cancelled) | None => 130,
                Some(FailureKind::Refused) => 1,
            },
        }
    }
}

//! What a running step may see and do.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::cancel::Cancel;
use crate::executor::Observer;
use crate::failure::Failure;
use crate::flow::StepName;
use crate::journal::{Entry, Journal, JournalError, Record};
use crate::ports::{Ports, Watch};
use crate::state::{Attempt, Head};

/// A running step's view of its release.
pub(crate) struct Context<'a> {
    pub(crate) ports: &'a Ports,
    pub(crate) cancel: &'a Cancel,
    pub(crate) attempt: Attempt,
    step: StepName,
    head: Head,
    journal: &'a Mutex<Journal>,
    observer: &'a dyn Observer,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        ports: &'a Ports,
        cancel: &'a Cancel,
        attempt: Attempt,
        step: StepName,
        head: Head,
        journal: &'a Mutex<Journal>,
        observer: &'a dyn Observer,
    ) -> Self {
        Self {
            ports,
            cancel,
            attempt,
            step,
            head,
            journal,
            observer,
        }
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    pub(crate) fn release(&self) -> u64 {
        self.head.release
    }

    /// What an earlier step left for this one.
    pub(crate) fn facts<T: DeserializeOwned>(&self, step: StepName) -> Option<T> {
        let journal = lock(self.journal);
        let facts = journal.state().outcome(step)?.facts.clone();
        serde_json::from_value(facts).ok()
    }

    /// Notes of this step, in order, also those of a process that died.
    pub(crate) fn notes<T: DeserializeOwned>(&self) -> Vec<T> {
        lock(self.journal)
            .entries()
            .iter()
            .filter_map(|entry| match &entry.record {
                Record::Noted { step, note } if *step == self.step => {
                    serde_json::from_value(note.clone()).ok()
                }
                _ => None,
            })
            .collect()
    }

    /// Writes a note and waits until it is on disk.
    pub(crate) fn note(&self, note: &impl Serialize) -> Result<(), Failure> {
        let record = Record::Noted {
            step: self.step,
            note: to_value(note),
        };
        let now = self.ports.clock.now();
        let entry = append(self.journal, |journal| journal.append(now, record))?;
        self.observer.entry(&entry);
        Ok(())
    }

    /// The request to stop, as a failure.
    pub(crate) fn check_cancel(&self) -> Result<(), Failure> {
        if self.cancel.requested() {
            return Err(Failure::cancelled());
        }
        Ok(())
    }
}

impl Context<'_> {
    fn progress(&self, note: Value) {
        let record = Record::Noted {
            step: self.step,
            note,
        };
        let now = self.ports.clock.now();
        // Progress is for the reader: a disk that refuses it must not fail the
        // step, and the next transition meets the same disk.
        if let Ok(entry) = append(self.journal, |journal| journal.note(now, record)) {
            self.observer.entry(&entry);
        }
    }
}

impl Watch for Context<'_> {
    fn line(&self, text: &str) {
        self.progress(Value::String(text.to_owned()));
    }

    fn waiting(&self, text: &str) {
        self.progress(json!({ "note": "waiting", "text": text }));
    }

    fn output(&self, text: &str) {
        self.observer.output(self.step, text);
    }
}

pub(crate) fn to_value(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("notes and facts are plain data")
}

pub(crate) fn lock(journal: &Mutex<Journal>) -> MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn append(
    journal: &Mutex<Journal>,
    write: impl FnOnce(&mut Journal) -> Result<&Entry, JournalError>,
) -> Result<Entry, Failure> {
    let mut journal = lock(journal);
    write(&mut journal)
        .cloned()
        .map_err(|error| journal_failure(&error))
}

/// A journal that cannot be written, as the user reads it.
pub(crate) fn journal_failure(error: &JournalError) -> Failure {
    let full = matches!(error, JournalError::File { source, .. }
        if matches!(source.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded));
    let failure = Failure::new("journal", format!("cannot write the journal: {error}"));
    if full {
        failure.with_hint("free some disk space, then run `shipgate release resume`")
    } else {
        failure.with_hint("mend what the message names, then run `shipgate release resume`")
    }
}

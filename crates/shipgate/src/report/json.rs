//! The stream as JSON lines on stdout.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use shipgate_release::journal::Entry;
use shipgate_release::{Observer, StepName};

use crate::printer::Printer;

/// Version of the lines' form; readers ignore fields they do not know.
const SCHEMA: u32 = 1;

/// Writes every entry as a line `{"type":"entry", ...}`.
pub(crate) struct JsonReport {
    printer: Arc<Printer>,
    result: Mutex<Value>,
}

impl JsonReport {
    pub(crate) fn new(printer: Arc<Printer>) -> Self {
        let report = Self {
            printer,
            result: Mutex::default(),
        };
        report.line(&json!({
            "type": "start", "schema": SCHEMA, "version": env!("CARGO_PKG_VERSION"),
        }));
        report
    }

    /// What the last line will say came of the run; `null` without it.
    pub(crate) fn result(&self, facts: Value) {
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = facts;
    }

    /// The last line of a run.
    pub(crate) fn end(&self, exit: u8) {
        let result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        self.line(&json!({ "type": "end", "exit_code": exit, "result": *result }));
    }

    fn line(&self, value: &Value) {
        // A reader that has gone does not stop a release.
        let _ = self.printer.result(&value.to_string());
    }
}

impl Observer for JsonReport {
    fn output(&self, step: StepName, text: &str) {
        self.line(&json!({ "type": "output", "step": step, "text": text }));
    }

    fn entry(&self, entry: &Entry) {
        self.line(&json!({
            "type": "entry", "seq": entry.seq, "at": entry.at, "record": entry.record,
        }));
    }
}

//! The stream as JSON lines on stdout.

use std::sync::Arc;

use serde_json::{Value, json};
use shipgate_release::journal::Entry;
use shipgate_release::{Observer, StepName};

use crate::printer::Printer;

/// Version of the lines' form; readers ignore fields they do not know.
const SCHEMA: u32 = 1;

/// Writes every entry as a line `{"type":"entry", ...}`.
pub(crate) struct JsonReport {
    printer: Arc<Printer>,
}

impl JsonReport {
    pub(crate) fn new(printer: Arc<Printer>) -> Self {
        let report = Self { printer };
        report.line(&json!({
            "type": "start", "schema": SCHEMA, "version": env!("CARGO_PKG_VERSION"),
        }));
        report
    }

    /// The last line of a run.
    pub(crate) fn end(&self, exit: u8, facts: &Value) {
        self.line(&json!({ "type": "end", "exit_code": exit, "result": facts }));
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

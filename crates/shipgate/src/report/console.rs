//! The stream as a person reads it: a verb column, one line a step.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use shipgate_release::journal::{EndState, Entry, Outcome, Record, ReleaseKind};
use shipgate_release::steps::migrate;
use shipgate_release::{Observer, StepName};

use super::short;
use crate::printer::{Printer, Verbosity, style};

/// Width of the verb column.
const VERB: usize = 10;

/// Prints a release as it happens, or as its journal tells it afterwards.
pub(crate) struct ConsoleReport {
    printer: Arc<Printer>,
    told: Told,
    clock: Mutex<Times>,
}

/// What the story of a release is to whoever asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Words beside the result: it happens now.
    Meanwhile,
    /// The result itself: it is told again.
    Again,
}

#[derive(Default)]
struct Times {
    opened: Option<Timestamp>,
    started: Option<Timestamp>,
    release: u64,
}

impl ConsoleReport {
    pub(crate) fn new(printer: Arc<Printer>, told: Told) -> Self {
        Self {
            printer,
            told,
            clock: Mutex::default(),
        }
    }

    fn verb(&self, style: anstyle::Style, verb: &str, text: &str) {
        self.line(&format!("{style}{verb:>VERB$}{style:#}  {text}"));
    }

    fn line(&self, line: &str) {
        match self.told {
            Told::Meanwhile => self.printer.say(line),
            // A reader that has gone needs no more of it.
            Told::Again => drop(self.printer.result(line)),
        }
    }

    fn detail(&self, line: &str) {
        if self.printer.verbosity >= Verbosity::Verbose {
            self.line(line);
        }
    }

    fn indented(&self, text: &str) {
        let dim = style::DIM;
        self.line(&format!("{:VERB$}  {dim}{text}{dim:#}", ""));
    }

    /// Which migrations a release applied, for whoever looks back.
    fn applied(&self, outcome: &Outcome) {
        let Some(applied) = migrate::applied_in(outcome) else {
            return;
        };
        let tool = applied
            .tool
            .as_ref()
            .map_or_else(String::new, |tool| format!("{tool}: "));
        for migration in &applied.migrations {
            self.indented(&format!("{tool}{migration} applied"));
        }
        for migration in &applied.taken_back {
            self.indented(&format!("{tool}{migration} taken back"));
        }
    }

    fn noted(&self, note: &Value) {
        let dim = style::DIM;
        match note {
            Value::String(line) => self.detail(&format!("{:VERB$}  {dim}{line}{dim:#}", "")),
            Value::Object(fields) => {
                let text = |name: &str| fields.get(name).and_then(Value::as_str);
                if text("note") == Some("waiting") {
                    self.indented(text("text").unwrap_or_default());
                }
                if text("note") == Some("plan") {
                    let moves = fields.get("moves").and_then(Value::as_array);
                    for (at, step) in moves.into_iter().flatten().enumerate() {
                        self.detail(&format!(
                            "{:VERB$}  {dim}{}. {}{dim:#}",
                            "",
                            at + 1,
                            in_words(step)
                        ));
                    }
                }
            }
            _ => {}
        }
    }
}

/// A move of a promotion: `start r2-web-1, r2-web-2`.
fn in_words(step: &Value) -> String {
    let ids = |field: &str| {
        step.get(field)
            .and_then(Value::as_array)
            .map(|ids| {
                ids.iter()
                    .filter_map(Value::as_str)
                    .collect::<Vec<_>>()
                    .join(", ")
            })
            .unwrap_or_default()
    };
    match step.get("move").and_then(Value::as_str) {
        Some("switch") => format!("switch traffic from [{}] to [{}]", ids("from"), ids("to")),
        Some(name) => format!("{} {}", name.replace('-', " "), ids("ids")),
        None => step.to_string(),
    }
}

impl Observer for ConsoleReport {
    fn output(&self, step: StepName, text: &str) {
        let dim = style::DIM;
        self.printer
            .detail(&format!("{:VERB$}  {dim}| {text}{dim:#}", ""));
        let room = 80;
        let short: String = text
            .chars()
            .filter(|letter| !letter.is_control())
            .take(room)
            .collect();
        self.printer
            .transient(&format!("{step:>VERB$}  {dim}{short}{dim:#}"));
    }

    fn entry(&self, entry: &Entry) {
        let mut times = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        let took = |since: Option<Timestamp>| {
            since
                .and_then(|since| Duration::try_from(entry.at.duration_since(since)).ok())
                .unwrap_or_default()
        };
        match &entry.record {
            Record::Opened {
                release,
                app,
                kind,
                previous,
                ..
            } => {
                times.opened = Some(entry.at);
                times.release = *release;
                let what = match kind {
                    ReleaseKind::Deploy => format!("{app}, release {release}"),
                    ReleaseKind::Rollback { to, .. } => {
                        format!("{app}, release {release}: back to the build of release {to}")
                    }
                };
                let meanwhile = previous.map_or_else(String::new, |previous| {
                    format!(" (release {previous} serves meanwhile)")
                });
                self.verb(style::GOOD, "releasing", &format!("{what}{meanwhile}"));
            }
            Record::Resumed => {
                self.verb(
                    style::WARN,
                    "resuming",
                    &format!("release {}", times.release),
                );
            }
            Record::Started { step } => {
                times.started = Some(entry.at);
                self.printer.transient(&format!("{step:>VERB$}  ..."));
            }
            Record::Noted { note, .. } => self.noted(note),
            Record::Finished { step, outcome } => {
                let dim = style::DIM;
                let took = short(took(times.started));
                self.verb(
                    style::GOOD,
                    step.as_str(),
                    &format!("{} {dim}({took}){dim:#}", outcome.summary),
                );
                for line in &outcome.details {
                    self.indented(line);
                }
                if self.told == Told::Again && *step == migrate::NAME {
                    self.applied(outcome);
                }
            }
            Record::Failed { step, failure } => {
                let took = short(took(times.started));
                self.verb(
                    style::BAD,
                    step.as_str(),
                    &format!("failed after {took}: {}", failure.message),
                );
            }
            Record::PutBack { summary, .. } => self.verb(style::WARN, "put back", summary),
            Record::PutBackFailed { failure, .. } => self.verb(
                style::BAD,
                "put back",
                &format!("failed: {}", failure.message),
            ),
            Record::Cancelled => self.verb(style::WARN, "cancelled", "between two steps"),
            Record::Closed { end } => {
                let took = short(took(times.opened));
                let number = times.release;
                match end {
                    EndState::Released => self.verb(
                        style::GOOD,
                        "released",
                        &format!("release {number} in {took}"),
                    ),
                    EndState::Unchanged => self.verb(
                        style::GOOD,
                        "unchanged",
                        &format!("nothing to release: what serves is what is here ({took})"),
                    ),
                    end => self.verb(
                        style::BAD,
                        "stopped",
                        &format!("release {number}: {end} ({took})"),
                    ),
                }
            }
        }
    }
}

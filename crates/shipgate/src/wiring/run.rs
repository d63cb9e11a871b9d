//! Running a release to its end and telling how it ended.

use std::sync::Arc;

use serde_json::json;
use shipgate_release::journal::{EndState, Entry, Journal};
use shipgate_release::ports::Ports;
use shipgate_release::store::Store;
use shipgate_release::{Cancel, Observer, StepName, execute};

use crate::cli::App;
use crate::error::{CliError, Exit};
use crate::printer::Output;
use crate::report::console::ConsoleReport;
use crate::report::json::JsonReport;

/// Whoever reads the stream of this run.
pub(crate) enum Report {
    Console(ConsoleReport),
    Json(JsonReport),
}

impl Report {
    pub(crate) fn new(app: &App) -> Self {
        match app.printer.output {
            Output::Text => Self::Console(ConsoleReport::new(Arc::clone(&app.printer))),
            Output::Json => Self::Json(JsonReport::new(Arc::clone(&app.printer))),
        }
    }
}

impl Observer for Report {
    fn entry(&self, entry: &Entry) {
        match self {
            Self::Console(report) => report.entry(entry),
            Self::Json(report) => report.entry(entry),
        }
    }

    fn output(&self, step: StepName, text: &str) {
        match self {
            Self::Console(report) => report.output(step, text),
            Self::Json(report) => report.output(step, text),
        }
    }
}

/// Goes on with a release until it ends; prints the address on success.
pub(crate) async fn to_the_end(
    app: &App,
    report: &Report,
    store: &Store,
    journal: Journal,
    ports: &Ports,
    cancel: &Cancel,
) -> Result<Exit, CliError> {
    let number = journal.state().head().map_or(0, |head| head.release);
    let (end, journal) = execute(journal, ports, cancel, report)
        .await
        .map_err(|stopped| CliError::from(stopped.0).exiting(Exit::Halfway))?;
    let failure = journal
        .state()
        .failure()
        .map(|(_, failure)| failure.clone());
    let exit = Exit::from_code(end.exit_code(failure.as_ref()));
    if end == EndState::Unchanged {
        store.forget(number)?;
    }
    let address = match end {
        EndState::Released | EndState::Unchanged => Some(ports.traffic.address().await?),
        _ => None,
    };
    match report {
        Report::Json(report) => report.end(
            exit.code(),
            &json!({ "release": number, "end": end, "address": address }),
        ),
        Report::Console(_) => {
            if let Some(address) = &address {
                app.printer.result(address)?;
            }
            if let Some(failure) = failure {
                app.printer
                    .error(&closing_error(failure.into(), end, number));
            }
        }
    }
    Ok(exit)
}

/// The failure with what is true now, and what to do about it.
fn closing_error(error: CliError, end: EndState, number: u64) -> CliError {
    let serving = match end {
        EndState::Aborted | EndState::RolledBack => "what served before serves on",
        EndState::MigratedNotPromoted => {
            "the schema is the new one and the old version serves on it"
        }
        EndState::HalfMigrated => "some migrations took effect and the old version serves on",
        EndState::Unknown => "look before you go on",
        EndState::Released | EndState::Unchanged => "",
    };
    error.with_report([
        String::new(),
        format!("release {number} is {end}: {serving}"),
    ])
}

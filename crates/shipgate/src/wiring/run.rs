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
use crate::report::console::{ConsoleReport, Told};
use crate::report::json::JsonReport;

/// Whoever reads the stream of this run.
pub(crate) enum Report {
    Console(ConsoleReport),
    Json(JsonReport),
}

impl Report {
    /// For a release that is told again.
    pub(crate) fn again(app: &App) -> Self {
        match app.printer.output {
            Output::Text => Self::console(app, Told::Again),
            Output::Json => Self::new(app),
        }
    }

    fn console(app: &App, told: Told) -> Self {
        Self::Console(ConsoleReport::new(Arc::clone(&app.printer), told))
    }

    pub(crate) fn new(app: &App) -> Self {
        match app.printer.output {
            Output::Text => Self::console(app, Told::Meanwhile),
            Output::Json => Self::Json(JsonReport::new(Arc::clone(&app.printer))),
        }
    }
}

/// Does the work of a release and tells it as one stream, from its first line
/// to its last: also one that is refused before it begins.
pub(crate) async fn told(
    app: &App,
    work: impl AsyncFnOnce(&Report) -> Result<Exit, CliError>,
) -> Result<Exit, CliError> {
    let report = Report::new(app);
    let result = work(&report).await;
    let Report::Json(json) = &report else {
        return result;
    };
    let exit = result.unwrap_or_else(|error| {
        app.printer.error(&error);
        error.exit
    });
    json.end(exit.code());
    Ok(exit)
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
    let head = journal.state().head();
    let number = head.map_or(0, |head| head.release);
    let previous = head.and_then(|head| head.previous);
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
        Report::Json(report) => {
            report.result(json!({ "release": number, "end": end, "address": address }));
        }
        Report::Console(_) => {
            if let Some(address) = &address {
                app.printer.result(address)?;
            }
        }
    }
    if let Some(failure) = failure {
        app.printer
            .error(&closing_error(failure.into(), end, number, previous));
    }
    Ok(exit)
}

/// The failure with what is true now, and what to do about it.
fn closing_error(
    mut error: CliError,
    end: EndState,
    number: u64,
    previous: Option<u64>,
) -> CliError {
    let serving = match previous {
        Some(previous) => format!("release {previous} serves on"),
        None => "nothing serves yet, as before".to_owned(),
    };
    let (truth, way_on) = match end {
        EndState::Aborted | EndState::RolledBack => (serving, None),
        EndState::MigratedNotPromoted => (
            format!("the schema is the new one; {serving}"),
            Some("mend it and deploy again: what is migrated is not migrated twice"),
        ),
        EndState::HalfMigrated => (
            format!("some migrations took effect; {serving}"),
            Some("mend the migration and deploy again: it goes on where it stopped"),
        ),
        EndState::Unknown => ("look at the database before you go on".to_owned(), None),
        EndState::Released | EndState::Unchanged => (String::new(), None),
    };
    if error.hint.is_none() {
        error.hint = way_on.map(str::to_owned);
    }
    error.with_report([String::new(), format!("release {number} is {end}: {truth}")])
}

//! `shipgate release show`: the journal, told by the same reader.

use shipgate_release::Observer;

use super::{chosen, store_of};
use crate::cli::{App, PlaceFlag};
use crate::error::{CliError, Exit};
use crate::wiring::run::Report;

/// Arguments of `shipgate release show`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The release [default: the newest]
    #[arg(value_name = "N")]
    number: Option<u64>,
    #[command(flatten)]
    place: PlaceFlag,
}

pub(super) fn run(arguments: &Arguments, app: &App) -> Result<Exit, CliError> {
    let recorded = chosen(&store_of(&arguments.place)?, arguments.number)?;
    let report = Report::again(app);
    for entry in &recorded.entries {
        report.entry(entry);
    }
    if let Some((_, failure)) = recorded.state.failure() {
        app.printer.error(&failure.clone().into());
    }
    if recorded.state.end().is_none() {
        app.printer
            .say("it has no end yet: it runs, or `shipgate release resume` goes on with it");
    }
    if let Report::Json(json) = &report {
        json.end(Exit::Done.code());
    }
    Ok(Exit::Done)
}

//! `shipgate release logs`: what the commands of a release wrote.

use std::fs;

use shipgate_release::machine::MachineId;
use shipgate_runtime::process::Machines;

use super::{chosen, store_of};
use crate::cli::{App, PlaceFlag};
use crate::error::{CliError, Exit};
use crate::site::Site;
use crate::wiring::keeper;

/// Arguments of `shipgate release logs`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The release [default: the newest]
    #[arg(value_name = "N")]
    number: Option<u64>,
    #[command(flatten)]
    place: PlaceFlag,
}

pub(super) fn run(arguments: &Arguments, app: &App) -> Result<Exit, CliError> {
    let store = store_of(&arguments.place)?;
    let recorded = chosen(&store, arguments.number)?;
    let build = store.directory(recorded.number).join("build.log");
    if let Ok(bytes) = fs::read(&build) {
        for line in String::from_utf8_lossy(&bytes).split_terminator('\n') {
            app.printer.result(&format!("build | {line}"))?;
        }
    }
    let state = Site::existing_state(&arguments.place.clone().into());
    let Some(state) = state else {
        return Ok(Exit::Done);
    };
    let machine = |error: shipgate_runtime::process::MachineError| {
        CliError::new("machine", error.to_string())
    };
    let machines = Machines::open(&state.machines(), keeper::command()?).map_err(machine)?;
    let mut ids: Vec<(usize, MachineId)> = machines
        .list()
        .map_err(machine)?
        .into_iter()
        .filter_map(|id| Some((turn(&id, recorded.number)?, id)))
        .collect();
    ids.sort();
    for (_, id) in ids {
        for line in machines.log(&id).read_all().map_err(machine)? {
            let (at, stream) = (line.at, line.stream.name());
            let at = at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
            app.printer
                .result(&format!("{id} | {at} {stream:<3} {}", line.text()))?;
        }
        if let Some(exit) = machines.state(&id).map_err(machine)?.exit() {
            app.printer.result(&format!("{id} | {}", exit.cause))?;
        }
    }
    Ok(Exit::Done)
}

/// When a one-off machine of the release runs, among the others; `None` for
/// machines that are none (`shipgate logs` shows those).
fn turn(id: &MachineId, release: u64) -> Option<usize> {
    ["rehearse", "trial", "migrate"]
        .iter()
        .position(|what| id.as_str().starts_with(&format!("r{release}-{what}-")))
}

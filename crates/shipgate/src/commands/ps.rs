//! `shipgate ps`: machines, those of the fleet and one-off runs.

use serde_json::json;
use shipgate_runtime::process::{Machines, State};

use crate::cli::{App, Place};
use crate::error::{CliError, Exit};
use crate::printer::Output;
use crate::site::Site;
use crate::wiring::keeper;

/// Arguments of `shipgate ps`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Also list machines that have ended
    #[arg(short, long)]
    all: bool,
}

pub(crate) async fn run(arguments: Arguments, app: App) -> Result<Exit, CliError> {
    let Some(state) = Site::existing_state(&arguments.place) else {
        app.printer.say("no machines: there is no state directory");
        return Ok(Exit::Done);
    };
    let failed = |error: shipgate_runtime::process::MachineError| {
        CliError::new("machine", error.to_string())
    };
    let machines = Machines::open(&state.machines(), keeper::command()?).map_err(failed)?;
    let mut rows =
        vec![["MACHINE", "GROUP", "RELEASE", "PORT", "MEMORY", "STATE"].map(str::to_owned)];
    for id in machines.list().map_err(failed)? {
        let found = machines.state(&id).map_err(failed)?;
        if !arguments.all && !found.is_live() {
            continue;
        }
        let spec = machines.spec(&id).map_err(failed)?;
        let memory = machines
            .usage(&id)
            .map_err(failed)?
            .map(|usage| usage.memory);
        let words = in_words(&found);
        if app.printer.output == Output::Json {
            app.printer.result(
                &json!({
                    "type": "machine", "id": id, "group": spec.group, "release": spec.release,
                    "port": spec.port, "memory": memory, "state": words, "live": found.is_live(),
                })
                .to_string(),
            )?;
        }
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        rows.push([
            id.to_string(),
            spec.group.clone(),
            spec.release.to_string(),
            or_dash(spec.port.map(|port| port.to_string())),
            or_dash(memory.map(|bytes| format!("{} MB", bytes / 1_000_000))),
            words,
        ]);
    }
    if app.printer.output == Output::Text {
        app.printer.result(&crate::report::table(&rows))?;
    }
    Ok(Exit::Done)
}

/// A machine's state in words.
pub(crate) fn in_words(state: &State) -> String {
    shipgate_server::state_in_words(state)
}

//! The release that serves, its machines, the front door.

use serde_json::{Map, Value};
use shipgate_release::store::Store;
use shipgate_server::api::Status;
use shipgate_server::client::{AskError, Client};

use super::Part;
use crate::cli::Place;
use crate::error::CliError;
use crate::printer::Printer;
use crate::report::table;

/// The release, and whether anything was ever released here.
pub(super) async fn part(
    place: &Place,
    printer: &Printer,
) -> Result<(Option<Part>, bool), CliError> {
    let Some(state) = super::existing(place) else {
        if !super::has_project_file(place) {
            return Ok((None, false));
        }
        printer.say("nothing has been released here yet");
        return Ok((Some(nothing()), false));
    };
    let store = Store::new(state.releases());
    if let Some(owner) = store.busy() {
        printer.say(&format!(
            "a {} is under way, by process {}",
            owner.doing, owner.pid
        ));
    } else if let Some(unfinished) = store.unfinished()? {
        printer.warn(&format!(
            "release {} has no end: `shipgate release resume` goes on with it",
            unfinished.number
        ));
    }
    let status = match Client::new(&state).status().await {
        Ok(status) => status,
        Err(AskError::NotRunning(_)) => {
            printer.say("no daemon runs: `shipgate serve` or `shipgate deploy` starts it");
            return Ok((Some(nothing()), true));
        }
        Err(error) => return Err(error.into()),
    };
    let fields = match serde_json::to_value(&status) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => Map::new(),
        Err(error) => return Err(CliError::new("output", error.to_string())),
    };
    let is_well = status
        .machines
        .iter()
        .all(|machine| machine.trouble.is_none() && machine.serving == machine.routed);
    let part = Part {
        text: text(&status),
        fields,
        is_well,
    };
    Ok((Some(part), true))
}

/// Nothing serves.
fn nothing() -> Part {
    Part {
        text: String::new(),
        fields: Map::new(),
        is_well: false,
    }
}

fn text(status: &Status) -> String {
    let release = status.release.map_or_else(
        || "no release".to_owned(),
        |number| format!("release {number}"),
    );
    let mut rows = vec![["MACHINE", "GROUP", "SERVING", "STATE"].map(str::to_owned)];
    for machine in &status.machines {
        let state = match &machine.trouble {
            Some(trouble) => format!("{}: {trouble}", machine.state),
            None => machine.state.clone(),
        };
        let serving = match (machine.routed, machine.serving) {
            (false, _) => "-",
            (true, true) => "yes",
            (true, false) => "no",
        };
        rows.push([
            machine.id.to_string(),
            machine.group.clone(),
            serving.to_owned(),
            state,
        ]);
    }
    format!(
        "{release} at http://{}{}\nfront door: {} answered, {} under way, {} failed\n{}",
        status.listen,
        if status.paused { ", paused" } else { "" },
        status.door.requests,
        status.door.in_flight,
        status.door.failed,
        table(&rows)
    )
}

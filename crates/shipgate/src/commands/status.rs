//! `shipgate status`: the release that serves, its machines, the front door.

use shipgate_release::store::Store;
use shipgate_server::client::{AskError, Client};

use crate::cli::{App, Place};
use crate::error::{CliError, Exit};
use crate::printer::Output;
use crate::report::table;
use crate::site::Site;

/// Arguments of `shipgate status`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Exit with 3 when something is not as it should be
    #[arg(long)]
    exit_code: bool,
}

pub(crate) async fn run(arguments: Arguments, app: App) -> Result<Exit, CliError> {
    let trouble = |exit_code: bool| if exit_code { Exit::Trouble } else { Exit::Done };
    let Some(state) = Site::existing_state(&arguments.place) else {
        app.printer.say("nothing has been released here yet");
        return Ok(trouble(arguments.exit_code));
    };
    let store = Store::new(state.releases());
    if let Some(owner) = store.busy() {
        app.printer.say(&format!(
            "a {} is under way, by process {}",
            owner.doing, owner.pid
        ));
    } else if let Some(unfinished) = store.unfinished()? {
        app.printer.warn(&format!(
            "release {} has no end: `shipgate release resume` goes on with it",
            unfinished.number
        ));
    }
    let status = match Client::new(&state).status().await {
        Ok(status) => status,
        Err(AskError::NotRunning(_)) => {
            app.printer
                .say("no daemon runs: `shipgate serve` or `shipgate deploy` starts it");
            return Ok(trouble(arguments.exit_code));
        }
        Err(error) => return Err(error.into()),
    };
    if app.printer.output == Output::Json {
        let text = serde_json::to_string(&status)
            .map_err(|error| CliError::new("output", error.to_string()))?;
        app.printer.result(&text)?;
    } else {
        let release = status.release.map_or_else(
            || "no release".to_owned(),
            |number| format!("release {number}"),
        );
        app.printer.result(&format!(
            "{release} at http://{}{}\nfront door: {} answered, {} under way, {} failed",
            status.listen,
            if status.paused { ", paused" } else { "" },
            status.door.requests,
            status.door.in_flight,
            status.door.failed
        ))?;
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
        app.printer.result(&table(&rows))?;
    }
    let well = status
        .machines
        .iter()
        .all(|machine| machine.trouble.is_none() && machine.serving == machine.routed);
    Ok(if well {
        Exit::Done
    } else {
        trouble(arguments.exit_code)
    })
}

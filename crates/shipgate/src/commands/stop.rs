//! `shipgate stop`: all machines and the daemon end.

use shipgate_release::store::{Store, StoreError};
use shipgate_server::client::{AskError, Client};

use crate::cli::{App, Place};
use crate::error::{CliError, Exit};
use crate::site::Site;

/// Arguments of `shipgate stop`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
}

pub(crate) async fn run(arguments: Arguments, app: App) -> Result<Exit, CliError> {
    let Some(state) = Site::existing_state(&arguments.place) else {
        app.printer
            .say("nothing runs here: there is no state directory");
        return Ok(Exit::Done);
    };
    if let Some(owner) = Store::new(state.releases()).busy() {
        return Err(StoreError::Busy(Some(owner)).into());
    }
    match Client::new(&state).stop().await {
        Ok(()) => app
            .printer
            .say("stopped; `shipgate serve` or `shipgate deploy` starts it again"),
        Err(AskError::NotRunning(_)) => app.printer.say("no daemon runs"),
        Err(error) => return Err(error.into()),
    }
    Ok(Exit::Done)
}

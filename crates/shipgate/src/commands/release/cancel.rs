//! `shipgate release cancel`: end a release that runs, or whose process died.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use shipgate_release::Cancel;
use shipgate_release::store::{Owner, Store};

use super::resume::go_on;
use crate::cli::{App, PlaceFlag};
use crate::error::{CliError, Exit};
use crate::site::Site;
use crate::wiring::run;

/// How often the release's end is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Arguments of `shipgate release cancel`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: PlaceFlag,
}

pub(super) async fn run(arguments: Arguments, app: App) -> Result<Exit, CliError> {
    let site = Site::open(&arguments.place.into(), &app)?;
    let store = site.store();
    if let Some(owner) = store.busy() {
        return ask(&store, &owner, &app).await;
    }
    let cancel = Cancel::default();
    cancel.request();
    run::told(&app, async |report| {
        match go_on(&site, &app, report, "cancel", &cancel).await? {
            // That it was cancelled is what was asked for.
            Some(Exit::Interrupted) => Ok(Exit::Done),
            Some(exit) => Ok(exit),
            None => {
                app.printer.say("no release runs");
                Ok(Exit::Done)
            }
        }
    })
    .await
}

/// Asks the process that releases to stop, and waits until it has.
async fn ask(store: &Store, owner: &Owner, app: &App) -> Result<Exit, CliError> {
    let pid = i32::try_from(owner.pid).ok().and_then(Pid::from_raw);
    let asked = pid.map(|pid| kill_process(pid, Signal::INT));
    if !matches!(asked, Some(Ok(()))) {
        return Err(
            CliError::new("cancel", format!("cannot signal process {}", owner.pid))
                .with_hint("is it another user's?"),
        );
    }
    app.printer
        .say(&format!("asked process {} to stop; waiting", owner.pid));
    while store.busy().is_some_and(|now| now.pid == owner.pid) {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let Some(number) = owner.release else {
        return Ok(Exit::Done);
    };
    match store.read(number) {
        Ok(recorded) => {
            let end = recorded
                .state
                .end()
                .map_or_else(|| "unfinished".to_owned(), |end| end.to_string());
            app.printer.say(&format!("release {number} is {end}"));
        }
        Err(_) => app.printer.say("it had nothing to release"),
    }
    Ok(Exit::Done)
}

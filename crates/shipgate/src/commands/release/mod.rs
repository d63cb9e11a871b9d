//! `shipgate release`: look at releases, go on with one, end one, go back.

mod cancel;
mod list;
mod logs;
mod resume;
mod rollback;
mod show;

use shipgate_release::store::{Recorded, Store};

use crate::cli::{App, PlaceFlag};
use crate::error::{CliError, Exit};
use crate::site::Site;

/// The verbs of `shipgate release`.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// List releases, newest first
    List(list::Arguments),
    /// Tell one release again as it happened
    Show(show::Arguments),
    /// Show what its build, its migration and its trial machines wrote
    Logs(logs::Arguments),
    /// Go on with a release whose process died
    Resume(resume::Arguments),
    /// End a release that runs, or whose process died
    Cancel(cancel::Arguments),
    /// Promote an earlier release's build again
    Rollback(rollback::Arguments),
}

pub(crate) async fn run(command: Command, app: App) -> Result<Exit, CliError> {
    match command {
        Command::List(arguments) => list::run(&arguments, &app),
        Command::Show(arguments) => show::run(&arguments, &app),
        Command::Logs(arguments) => logs::run(&arguments, &app),
        Command::Resume(arguments) => resume::run(arguments, app).await,
        Command::Cancel(arguments) => cancel::run(arguments, app).await,
        Command::Rollback(arguments) => rollback::run(arguments, app).await,
    }
}

/// The releases of a place; none if nothing was ever released there.
fn store_of(place: &PlaceFlag) -> Result<Store, CliError> {
    let state = Site::existing_state(&place.clone().into()).ok_or_else(none_yet)?;
    Ok(Store::new(state.releases()))
}

/// The release that was named, else the newest.
fn chosen(store: &Store, number: Option<u64>) -> Result<Recorded, CliError> {
    let numbers = store.numbers()?;
    let newest = *numbers.last().ok_or_else(none_yet)?;
    let number = number.unwrap_or(newest);
    if !numbers.contains(&number) {
        return Err(
            CliError::usage("no-release", format!("there is no release {number}")).with_hint(
                format!("the newest is {newest}; `shipgate release list` shows all"),
            ),
        );
    }
    Ok(store.read(number)?)
}

fn none_yet() -> CliError {
    CliError::usage("no-release", "nothing has been released here yet")
        .with_hint("`shipgate deploy` makes the first release; `-C DIR` names another project")
}

//! `shipgate release resume`: go on with a release whose process died.

use jiff::Timestamp;
use shipgate_release::journal::{Journal, ReleaseKind};
use shipgate_release::ports::Ports;
use shipgate_release::store::{Recorded, Store};
use shipgate_release::{Cancel, Observer, mark_resumed};

use crate::cli::{App, PlaceFlag};
use crate::error::{CliError, Exit};
use crate::signals;
use crate::site::Site;
use crate::wiring::kept_project::KeptProject;
use crate::wiring::notice::Notice;
use crate::wiring::ports::Assembly;
use crate::wiring::run::{self, Report};

/// Arguments of `shipgate release resume`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: PlaceFlag,
}

pub(super) async fn run(arguments: Arguments, app: App) -> Result<Exit, CliError> {
    run::told(&app, async |report| {
        let site = Site::open(&arguments.place.into(), &app)?;
        let cancel = signals::cancel_on_signal(app.printer.clone())?;
        let Some(exit) = go_on(&site, &app, report, "resume", &cancel).await? else {
            app.printer.say("no release waits to be resumed");
            return Ok(Exit::Done);
        };
        Ok(exit)
    })
    .await
}

/// Goes on with the unfinished release; `None` if there is none.
pub(super) async fn go_on(
    site: &Site,
    app: &App,
    report: &Report,
    doing: &str,
    cancel: &Cancel,
) -> Result<Option<Exit>, CliError> {
    let store = site.store();
    let mut lock = store.lock(doing, std::process::id(), Timestamp::now())?;
    let Some(unfinished) = store.unfinished()? else {
        return Ok(None);
    };
    let mut journal = store.open(&mut lock, unfinished.number)?;
    let ports = ports_of(app, site, &store, &unfinished)?;
    retell(&journal, report);
    mark_resumed(&mut journal, &ports, report)
        .map_err(|stopped| CliError::from(stopped.0).exiting(Exit::Halfway))?;
    let exit = run::to_the_end(app, report, &store, journal, &ports, cancel).await?;
    Ok(Some(exit))
}

/// What the dead process had told already.
fn retell(journal: &Journal, report: &Report) {
    for entry in journal.entries() {
        report.entry(entry);
    }
}

fn ports_of(
    app: &App,
    site: &Site,
    store: &Store,
    unfinished: &Recorded,
) -> Result<Ports, CliError> {
    let head = unfinished.state.head();
    let release = match head.map(|head| &head.kind) {
        Some(ReleaseKind::Rollback { to, .. }) => *to,
        _ => unfinished.number,
    };
    Assembly {
        project: KeptProject::read(store, unfinished.number, &site.loaded)?,
        state: site.state.clone(),
        release,
        serving: head.and_then(|head| head.previous),
        notice: Notice::of(app),
    }
    .ports()
}

//! `shipgate release rollback`: an earlier build is promoted again.

use jiff::Timestamp;
use shipgate_release::journal::{EndState, ReleaseKind};
use shipgate_release::steps::backup::name_of;
use shipgate_release::store::Store;
use shipgate_release::{Flow, Observer};

use crate::cli::{App, PlaceFlag};
use crate::commands::deploy::refuse_unfinished;
use crate::error::{CliError, Exit};
use crate::question::confirm;
use crate::signals;
use crate::site::Site;
use crate::wiring::builder::build_of;
use crate::wiring::kept_project::KeptProject;
use crate::wiring::notice::Notice;
use crate::wiring::ports::Assembly;
use crate::wiring::run::{self, Report};

/// Arguments of `shipgate release rollback`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The release whose build is promoted [default: the one before the serving one]
    #[arg(long, value_name = "N")]
    to: Option<u64>,
    /// Also restore the database as it was before the releases after it
    #[arg(long)]
    restore: bool,
    #[command(flatten)]
    place: PlaceFlag,
}

pub(super) async fn run(arguments: Arguments, app: App) -> Result<Exit, CliError> {
    run::told(&app, async |report| {
        rollback(&arguments, &app, report).await
    })
    .await
}

async fn rollback(arguments: &Arguments, app: &App, report: &Report) -> Result<Exit, CliError> {
    let site = Site::open(&arguments.place.clone().into(), app)?;
    let store = site.store();
    let now = Timestamp::now();
    let mut lock = store.lock("rollback", std::process::id(), now)?;
    refuse_unfinished(&store)?;
    let serving = store.serving()?.ok_or_else(super::none_yet)?;
    let to = target(&store, serving, arguments.to)?;
    let build = store.directory(build_of(&store, to)?).join("build");
    if !build.is_dir() {
        return Err(CliError::new(
            "build-gone",
            format!("the build of release {to} is not kept any more"),
        )
        .with_hint(
            "`[release] keep_releases` says how many are; check the version out and deploy it",
        ));
    }
    let project = KeptProject::read(&store, to, &site.loaded)?;
    let ports = Assembly {
        project: project.clone(),
        state: site.state.clone(),
        release: to,
        serving: Some(serving),
        notice: Notice::of(app),
    }
    .ports()?;
    let restore = if arguments.restore {
        let backups = ports.backup.as_ref().ok_or_else(|| {
            CliError::usage("no-database", "this project has no database to restore")
        })?;
        let name = backup_after(&site, &store, to)?;
        let losses = backups.losses(&name).await?;
        tell_losses(app, &name, &losses);
        confirm(
            app,
            &format!("restore backup {name} over the live database?"),
        )?;
        Some(name)
    } else {
        app.printer
            .say("the schema stays as it is; `--restore` would also put the database back");
        None
    };
    let cancel = signals::cancel_on_signal(app.printer.clone())?;
    let flow = if restore.is_some() {
        Flow::rollback_and_restore()
    } else {
        Flow::rollback()
    };
    let kind = ReleaseKind::Rollback { to, restore };
    let name = site.project().app.value.clone();
    // The daemon is the one thing a rollback cannot do without.
    ports.runtime.acceptable().await?;
    let journal = store.begin(&mut lock, &name, kind, flow, now)?;
    let release = journal.state().head().map_or(0, |head| head.release);
    if let Err(error) = project.keep(&store, release) {
        // A release that cannot take its first step was none.
        store.forget(release)?;
        return Err(error);
    }
    for entry in journal.entries() {
        report.entry(entry);
    }
    run::to_the_end(app, report, &store, journal, &ports, &cancel).await
}

/// The release to go back to.
fn target(store: &Store, serving: u64, named: Option<u64>) -> Result<u64, CliError> {
    let serving_build = build_of(store, serving)?;
    let mut earlier = Vec::new();
    for recorded in store.list()? {
        let released = recorded.state.end() == Some(EndState::Released);
        if released && recorded.number != serving {
            earlier.push(recorded.number);
        }
    }
    if let Some(to) = named {
        if earlier.contains(&to) {
            return Ok(to);
        }
        return Err(CliError::usage(
            "no-release",
            format!("release {to} is none to go back to: it serves now, or never served"),
        )
        .with_hint("`shipgate release list` shows those that ended `released`"));
    }
    for &number in earlier.iter().rev() {
        if build_of(store, number)? < serving_build {
            return Ok(number);
        }
    }
    Err(CliError::new(
        "no-release",
        format!("there is no release before release {serving} to go back to"),
    )
    .with_hint(match earlier.as_slice() {
        [] => "check the version out that should serve, and deploy it",
        _ => "`shipgate release rollback --to N` names one",
    }))
}

/// The backup that the first release after `to` took: the database as `to` left it.
fn backup_after(site: &Site, store: &Store, to: u64) -> Result<String, CliError> {
    store
        .numbers()?
        .into_iter()
        .filter(|&number| number > to)
        .map(name_of)
        .find(|name| site.state.backups().join(name).is_dir())
        .ok_or_else(|| {
            CliError::new(
                "no-backup",
                format!("no backup taken after release {to} is kept any more"),
            )
            .with_hint("`shipgate backup list` shows those there are")
        })
}

fn tell_losses(app: &App, name: &str, losses: &[String]) {
    if losses.is_empty() {
        app.printer.say(&format!(
            "nothing was written since backup {name}: no write is lost"
        ));
        return;
    }
    app.printer.warn(&format!(
        "restoring backup {name} loses what was written since:"
    ));
    for line in losses {
        app.printer.say(&format!("  {line}"));
    }
}

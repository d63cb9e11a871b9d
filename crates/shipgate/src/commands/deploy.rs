//! `shipgate deploy`: a release of the project as it is.

use jiff::Timestamp;
use shipgate_project::{Origin, Override, StepWord};
use shipgate_release::Observer;
use shipgate_release::journal::ReleaseKind;

use crate::cli::{App, Place};
use crate::error::{CliError, Exit};
use crate::signals;
use crate::site::Site;
use crate::wiring::kept_project::KeptProject;
use crate::wiring::notice::Notice;
use crate::wiring::policy;
use crate::wiring::ports::Assembly;
use crate::wiring::run::{self, Report};
use crate::wiring::way::Way;

/// Arguments of `shipgate deploy`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// How new machines replace old ones: rolling, bluegreen, canary, immediate
    #[arg(long, value_name = "STRATEGY", env = "SHIPGATE_STRATEGY")]
    strategy: Option<String>,
    /// How many machines may be replaced at once: a number, or a part below 1
    #[arg(long, value_name = "NUMBER", env = "SHIPGATE_MAX_UNAVAILABLE")]
    max_unavailable: Option<String>,
    /// How long each machine may take to become healthy (90, 2m)
    #[arg(long, value_name = "DURATION", env = "SHIPGATE_WAIT_TIMEOUT")]
    wait_timeout: Option<String>,
    /// How long the release command may run (300, 10m, none)
    #[arg(
        long,
        value_name = "DURATION",
        env = "SHIPGATE_RELEASE_COMMAND_TIMEOUT"
    )]
    release_command_timeout: Option<String>,
    /// A variable of every machine; may be given several times
    #[arg(short, long = "env", value_name = "NAME=VALUE")]
    environment: Vec<String>,
}

impl Arguments {
    /// The flags as settings of the project file.
    fn overrides(&self) -> Result<Vec<Override>, CliError> {
        let flags = [
            ("deploy.strategy", "--strategy", &self.strategy),
            (
                "deploy.max_unavailable",
                "--max-unavailable",
                &self.max_unavailable,
            ),
            ("deploy.wait_timeout", "--wait-timeout", &self.wait_timeout),
            (
                "deploy.release_command_timeout",
                "--release-command-timeout",
                &self.release_command_timeout,
            ),
        ];
        let mut overrides: Vec<Override> = flags
            .into_iter()
            .filter_map(|(key, flag, value)| Some(given(key.to_owned(), value.clone()?, flag)))
            .collect();
        for pair in &self.environment {
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                CliError::usage("flag", format!("`--env {pair}` has no `=`"))
                    .with_hint("write it like `--env GREETING=hello`")
            })?;
            overrides.push(given(format!("env.{name}"), value.to_owned(), "--env"));
        }
        Ok(overrides)
    }
}

fn given(key: String, value: String, flag: &str) -> Override {
    Override {
        key,
        value,
        origin: Origin::Flag(flag.to_owned()),
    }
}

pub(crate) async fn run(arguments: Arguments, app: App) -> Result<Exit, CliError> {
    run::told(&app, async |report| deploy(&arguments, &app, report).await).await
}

async fn deploy(arguments: &Arguments, app: &App, report: &Report) -> Result<Exit, CliError> {
    let overrides = arguments.overrides()?;
    let site = Site::open_with(&arguments.place, &overrides, app)?;
    for ignored in &site.loaded.ignored {
        app.printer
            .detail(&format!("ignored: {}: {}", ignored.key, ignored.why));
    }
    refuse_obstacles(&site)?;
    let flow = policy::flow(site.project(), site.database()?.as_ref())?;
    let store = site.store();
    let now = Timestamp::now();
    let mut lock = store.lock("deploy", std::process::id(), now)?;
    refuse_unfinished(&store)?;
    let project = KeptProject::of(&site.loaded, &overrides);
    let name = site.project().app.value.clone();
    let serving = store.serving()?;
    let cancel = signals::cancel_on_signal(app.printer.clone())?;
    let journal = store.begin(&mut lock, &name, ReleaseKind::Deploy, flow, now)?;
    let release = journal.state().head().map_or(0, |head| head.release);
    let ready = project.keep(&store, release).and_then(|()| {
        Assembly {
            project,
            state: site.state.clone(),
            release,
            serving,
            notice: Notice::of(app),
        }
        .ports()
    });
    let ports = match ready {
        Ok(ports) => ports,
        Err(error) => {
            // A release that cannot take its first step was none.
            store.forget(release)?;
            return Err(error);
        }
    };
    for entry in journal.entries() {
        report.entry(entry);
    }
    let exit = run::to_the_end(app, report, &store, journal, &ports, &cancel).await?;
    if exit == Exit::Done {
        crate::wiring::retention::prune(&site, app).await?;
    }
    Ok(exit)
}

/// What a valid project file lacks to be run as local processes.
fn refuse_obstacles(site: &Site) -> Result<(), CliError> {
    let obstacles = site.loaded.obstacles();
    if !obstacles.is_empty() {
        return Err(crate::site::diagnostics_error(&obstacles));
    }
    // Whether it can be told how to migrate is asked before there is a release.
    if site.project().release.has(StepWord::Migrate) && site.database()?.is_some() {
        Way::of(site.project())?;
    }
    Ok(())
}

/// A release that was begun and has no end must end first.
pub(crate) fn refuse_unfinished(store: &shipgate_release::store::Store) -> Result<(), CliError> {
    let Some(unfinished) = store.unfinished()? else {
        return Ok(());
    };
    Err(CliError::new(
        "release-unfinished",
        format!(
            "release {} was begun and has no end: its process died",
            unfinished.number
        ),
    )
    .with_hint("`shipgate release resume` goes on with it, `shipgate release cancel` ends it")
    .exiting(Exit::Halfway))
}

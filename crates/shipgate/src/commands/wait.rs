//! `shipgate wait`: holds an app back until the history holds what its build
//! expects, and then becomes the app.

mod look;

use std::path::{Path, PathBuf};
use std::time::Duration;

use shipgate_tools::Manifest;
use tokio::time::Instant;

use self::look::{Look, Seen};
use crate::cli::{App, Place, PlaceFlag};
use crate::commands::entrypoint::replace;
use crate::commands::gate::no_database;
use crate::commands::history_flags::{
    HistoryFlags, MigrationFlags, Reach, duration, project_directory, project_of,
};
use crate::commands::manifest::{manifest_error, no_tool};
use crate::error::{CliError, Exit};
use crate::report::short;
use crate::signals::Asked;
use crate::wiring::tooling::Tooling;

/// The first pause between two looks, how it grows, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Arguments of `shipgate wait`.
#[derive(clap::Args)]
#[command(
    after_help = "COMMAND takes the place of this process: it has its number, and gets its signals.\n\
    A database that cannot be reached yet, or is not there yet, is waited for too."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: PlaceFlag,
    #[command(flatten)]
    migrations: MigrationFlags,
    #[command(flatten)]
    history: HistoryFlags,
    /// A manifest that says what to wait for, in place of the migrations' files
    #[arg(long, value_name = "FILE", env = "SHIPGATE_EXPECT")]
    expect: Option<PathBuf>,
    /// How long to wait; 0s: look once
    #[arg(
        long,
        value_name = "DURATION",
        env = "SHIPGATE_WAIT_TIMEOUT",
        default_value = "5m"
    )]
    timeout: String,
    /// What is run then, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(crate) async fn run(arguments: Arguments, app: App) -> Result<Exit, CliError> {
    let place: Place = arguments.place.clone().into();
    let loaded = project_of(&place)?;
    let directory = project_directory(&place);
    let project = loaded.as_ref().map(|loaded| &loaded.project);
    let limit = duration("--timeout", &arguments.timeout)?;
    let said = arguments.migrations.named();
    let tooling = match &arguments.expect {
        Some(file) => expecting(file, &directory, &arguments.migrations)?,
        None => Tooling::find(&directory, &said, project)?.ok_or_else(no_tool)?,
    };
    let reach = arguments
        .history
        .reach(loaded.as_ref(), Some(&tooling))?
        .ok_or_else(no_database)?;
    let asked = Asked::listen(&app.printer, "stopping")?;
    tokio::select! {
        waited = wait(&tooling, &reach, limit, &app) => waited?,
        exit = asked.wait() => {
            return Err(
                CliError::new("cancelled", "stopped as asked, while it waited").exiting(exit)
            );
        }
    }
    match arguments.command.split_first() {
        Some((program, arguments)) => Err(replace(program, arguments)),
        None => Ok(Exit::Done),
    }
}

/// Looks until nothing is left to wait for.
async fn wait(
    tooling: &Tooling,
    reach: &Reach,
    limit: Duration,
    app: &App,
) -> Result<(), CliError> {
    let printer = &app.printer;
    let deadline = Instant::now() + limit;
    let mut pause = FIRST_PAUSE;
    let mut told = String::new();
    loop {
        let missing = match look::look(tooling, reach).await? {
            Seen::Right(words) => {
                printer.say(&words);
                return Ok(());
            }
            Seen::Missing(missing) => missing,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(timed_out(&missing, limit));
        }
        let words = missing.words();
        if words != told {
            printer.say(&format!("waiting for {words}; up to {}", short(left)));
            told = words;
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

fn timed_out(missing: &Look, limit: Duration) -> CliError {
    let message = if limit.is_zero() {
        format!("missing: {}", missing.words())
    } else {
        format!("waited {} for {}", short(limit), missing.words())
    };
    let hint = match missing {
        Look::Database(_) => {
            "is this the database's address, and does it run? `--timeout` says how long to wait"
        }
        Look::Migrations { .. } | Look::Run { .. } => {
            "see what became of the run that was to bring it; `--timeout` says how long to wait"
        }
    };
    CliError::new("wait-timeout", message)
        .with_report(missing.lines())
        .with_hint(hint)
        .exiting(Exit::Deadline)
}

/// What a manifest expects.
fn expecting(file: &Path, directory: &Path, flags: &MigrationFlags) -> Result<Tooling, CliError> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        CliError::usage(
            "manifest",
            format!("cannot read {}: {error}", file.display()),
        )
        .with_hint("`shipgate manifest -o FILE` writes it when the image is built")
    })?;
    let wrong = |error| manifest_error(&error, Some(file));
    let mut manifest = Manifest::parse(&text).map_err(wrong)?;
    let said = flags.named();
    if let Some(tool) = &said.tool
        && tool != manifest.tool.name()
    {
        return Err(CliError::usage(
            "flag",
            format!(
                "--tool {tool}: the manifest {} is of {}",
                file.display(),
                manifest.tool.name()
            ),
        ));
    }
    if said.table.is_some() {
        manifest.expected.table = said.table;
    }
    Ok(Tooling {
        tool: manifest.tool,
        files: shipgate_tools::Project::new(directory),
        migrations: manifest.migrations().map_err(wrong)?,
        section: None,
    })
}

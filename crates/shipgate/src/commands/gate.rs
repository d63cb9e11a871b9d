//! `shipgate gate`: any migration command, behind the migration lock, its
//! result verified by the history.

mod command;
mod lock;
mod outcome;
mod passage;
mod room;
mod told;

use std::sync::Arc;

use shipgate_tools::Goal;

use self::passage::Passage;
use crate::cli::{App, PlaceFlag};
use crate::commands::history_flags::{HistoryFlags, MigrationFlags};
use crate::error::{CliError, Exit};
use crate::printer::{Output, Printer, Progress};
use crate::signals::Asked;

/// Arguments of `shipgate gate`.
#[derive(clap::Args)]
#[command(
    after_help = "Without a COMMAND the tool's own is run: `shipgate gate` alone migrates a project \
    whose tool is detected.\nThe command gets this environment; DATABASE_URL too, if --url or the \
    project file says where the database is."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: PlaceFlag,
    #[command(flatten)]
    migrations: MigrationFlags,
    #[command(flatten)]
    history: HistoryFlags,
    /// How long the command may run; then it is stopped [default: [deploy]
    /// release_command_timeout of the project file, else without limit]
    #[arg(long, value_name = "DURATION", env = "SHIPGATE_GATE_TIMEOUT")]
    timeout: Option<String>,
    /// How long to wait for whoever migrates this database right now
    #[arg(
        long,
        value_name = "DURATION",
        env = "SHIPGATE_LOCK_TIMEOUT",
        default_value = "15m"
    )]
    lock_timeout: String,
    /// How long a command that is stopped may take to end before it is killed
    #[arg(
        long,
        value_name = "DURATION",
        env = "SHIPGATE_KILL_TIMEOUT",
        default_value = "10s"
    )]
    kill_timeout: String,
    /// What the history must hold at the end: all (of the files, and nothing failed), strict (and
    /// nothing edited, without file or warned of), to=VERSION (all up to it), none
    #[arg(
        long,
        value_name = "GOAL",
        env = "SHIPGATE_VERIFY",
        default_value = "all"
    )]
    verify: Goal,
    /// Run the command also when nothing is pending, or a failed migration would be refused
    #[arg(long)]
    always: bool,
    /// The same as --output json
    #[arg(long)]
    json: bool,
    /// The command and its arguments [default: [database] command, else the tool's own]
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(crate) async fn run(arguments: Arguments, app: App) -> Result<Exit, CliError> {
    if !arguments.json || app.printer.output == Output::Json {
        return gate(&arguments, &app).await;
    }
    let printer = Printer::new(
        Output::Json,
        app.printer.verbosity,
        app.printer.color,
        Progress::Off,
    );
    let app = App {
        printer: Arc::new(printer),
        ..app
    };
    gate(&arguments, &app).await.or_else(|error| {
        app.printer.error(&error);
        Ok(error.exit)
    })
}

async fn gate(arguments: &Arguments, app: &App) -> Result<Exit, CliError> {
    let gate = Passage::open(arguments, app)?;
    let asked = Asked::listen(
        &app.printer,
        "stopping the command; once more to end at once",
    )?;
    let lock = tokio::select! {
        lock = gate.enter() => lock?,
        exit = asked.wait() => return Err(outcome::stopped_before(exit)),
    };
    let passed = gate.under(lock.as_ref(), &asked).await;
    if let Err(error) = lock.release().await {
        app.printer.warn(&format!("{error}"));
    }
    let told = passed?;
    if app.printer.output == Output::Json {
        app.printer.result(&told.json())?;
    }
    Ok(Exit::Done)
}

/// No database is named.
pub(crate) fn no_database() -> CliError {
    CliError::usage("no-database", "no database is named")
        .with_hint("set DATABASE_URL, or name it: `--url postgres://app@db/app`")
}

//! The command line: what can be asked, and who answers.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anstream::ColorChoice;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::commands;
use crate::error::{CliError, Exit};
use crate::printer::{Output, Printer, Progress, Verbosity};

/// Takes a database schema and the app that needs it to production together:
/// backs up, rehearses, migrates under a lock, verifies, and only then lets
/// the new version serve. When anything fails, the old version never stops.
#[derive(Parser)]
#[command(
    name = "shipgate",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
#[command(
    after_help = "Exit codes: 0 done or nothing to do, 1 failed and nothing changed or put back, \
    2 usage or configuration, 3 pending or trouble (with --exit-code), 4 lock or deadline, \
    5 stopped half-way, 130/143 signals.\nEvery error has a page: docs/errors/CODE.md."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Args)]
#[command(next_display_order = 1000, next_help_heading = "Global options")]
struct Global {
    /// How results and errors are written
    #[arg(
        long,
        global = true,
        env = "SHIPGATE_OUTPUT",
        value_enum,
        default_value = "text"
    )]
    output: Output,
    /// When colours are used
    #[arg(
        long,
        global = true,
        env = "SHIPGATE_COLOR",
        value_enum,
        default_value = "auto"
    )]
    color: Color,
    /// Say nothing but errors and results
    #[arg(short, long, global = true, env = "SHIPGATE_QUIET")]
    quiet: bool,
    /// Also say what happens inside each step
    #[arg(
        short,
        long,
        global = true,
        env = "SHIPGATE_VERBOSE",
        conflicts_with = "quiet"
    )]
    verbose: bool,
    /// Draw no line that is replaced by the next
    #[arg(long, global = true, env = "SHIPGATE_NO_PROGRESS")]
    no_progress: bool,
    /// Answer yes to every question
    #[arg(short, long, global = true, env = "SHIPGATE_YES")]
    yes: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Which project a command is about.
#[derive(Args, Clone, Debug)]
pub(crate) struct Place {
    /// The project's directory
    #[arg(value_name = "DIR", env = "SHIPGATE_PROJECT", default_value = ".")]
    pub(crate) directory: PathBuf,
    #[command(flatten)]
    pub(crate) files: Files,
}

/// As [`Place`], where the command has arguments of its own.
#[derive(Args, Clone, Debug)]
pub(crate) struct PlaceFlag {
    /// The project's directory
    #[arg(
        short = 'C',
        long = "project",
        value_name = "DIR",
        env = "SHIPGATE_PROJECT",
        default_value = "."
    )]
    pub(crate) directory: PathBuf,
    #[command(flatten)]
    pub(crate) files: Files,
}

/// Where the project file and the state lie.
#[derive(Args, Clone, Debug)]
pub(crate) struct Files {
    /// The project file [default: shipgate.toml, else fly.toml, in DIR]
    #[arg(short, long, value_name = "FILE", env = "SHIPGATE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The state directory [default: .shipgate beside the project file]
    #[arg(long, value_name = "DIR", env = "SHIPGATE_STATE")]
    pub(crate) state: Option<PathBuf>,
}

impl From<PlaceFlag> for Place {
    fn from(flag: PlaceFlag) -> Self {
        Self {
            directory: flag.directory,
            files: flag.files,
        }
    }
}

#[derive(Subcommand)]
enum Command {
    /// Release the project: back up, rehearse, migrate, verify, promote
    Deploy(commands::deploy::Arguments),
    /// Look at releases, go on with one, end one, or go back
    #[command(subcommand)]
    Release(commands::release::Command),
    /// Run versioned SQL migrations, as `atlas migrate` does
    Migrate(Box<commands::migrate::Arguments>),
    /// List, verify and restore backups
    #[command(subcommand)]
    Backup(commands::backup::Command),
    /// Check everything a release would check, without releasing
    Doctor(commands::doctor::Arguments),
    /// Check or show the project file as it is understood
    #[command(subcommand)]
    Config(commands::config::Command),
    /// The release that serves, and which migrations are applied, whatever tool they are for
    Status(commands::status::Arguments),
    /// List machines
    Ps(commands::ps::Arguments),
    /// Show what machines wrote
    Logs(commands::logs::Arguments),
    /// Run the daemon in the foreground
    Serve(commands::serve::Arguments),
    /// Stop all machines and the daemon
    Stop(commands::stop::Arguments),
    /// Run any migration command behind the migration lock, and verify what it did
    Gate(Box<commands::gate::Arguments>),
    /// Wait until the database has this build's migrations, then become COMMAND
    Wait(Box<commands::wait::Arguments>),
    /// Write down which migrations this build expects, for `wait --expect`
    Manifest(Box<commands::manifest::Arguments>),
    /// Start the server, run the migrations, or run any command: an image's entrypoint
    Entrypoint(commands::entrypoint::Arguments),
    /// Write shell completions to stdout
    Completions(commands::completions::Arguments),
}

/// What a command may use beside its own arguments.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) printer: Arc<Printer>,
    /// Answer yes to every question.
    pub(crate) yes: bool,
    pub(crate) voice: Voice,
}

/// Whose words errors are told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// Ours: with hints.
    Own,
    /// Those of `atlas`, whose callers read them: `Error:` lines alone.
    Atlas,
}

/// The definitions of the command line, for help, completions and manuals.
pub fn command() -> clap::Command {
    Cli::command()
}

pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to tell if this cannot be printed.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let printer = Arc::new(printer(&cli.global));
    let app = App {
        printer: Arc::clone(&printer),
        yes: cli.global.yes,
        voice: Voice::Own,
    };
    let exit = block_on(dispatch(cli.command, app)).unwrap_or_else(|error| {
        printer.error(&error);
        error.exit
    });
    ExitCode::from(exit.code())
}

/// Runs a command to its end.
pub(crate) fn block_on(
    command: impl Future<Output = Result<Exit, CliError>>,
) -> Result<Exit, CliError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new("runtime", format!("cannot begin: {error}")))?
        .block_on(command)
}

async fn dispatch(command: Command, app: App) -> Result<Exit, CliError> {
    match command {
        Command::Deploy(arguments) => commands::deploy::run(arguments, app).await,
        Command::Release(command) => commands::release::run(command, app).await,
        Command::Migrate(arguments) => commands::migrate::run(*arguments, app).await,
        Command::Backup(command) => commands::backup::run(command, app).await,
        Command::Doctor(arguments) => commands::doctor::run(arguments, app).await,
        Command::Config(command) => commands::config::run(command, &app),
        Command::Status(arguments) => commands::status::run(arguments, app).await,
        Command::Ps(arguments) => commands::ps::run(arguments, app).await,
        Command::Logs(arguments) => commands::logs::run(arguments, app).await,
        Command::Serve(arguments) => commands::serve::run(arguments, app).await,
        Command::Stop(arguments) => commands::stop::run(arguments, app).await,
        Command::Gate(arguments) => commands::gate::run(*arguments, app).await,
        Command::Wait(arguments) => commands::wait::run(*arguments, app).await,
        Command::Manifest(arguments) => commands::manifest::run(&arguments, &app),
        Command::Entrypoint(arguments) => commands::entrypoint::run(arguments, app).await,
        Command::Completions(arguments) => commands::completions::run(&arguments),
    }
}

fn printer(global: &Global) -> Printer {
    let verbosity = match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    };
    let color = match global.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let progress = if global.no_progress {
        Progress::Off
    } else {
        Progress::Auto
    };
    Printer::new(global.output, verbosity, color, progress)
}

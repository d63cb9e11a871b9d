//! `shipgate migrate`: the verbs, flags, texts and exit codes of `atlas migrate`.

mod apply;
mod config;
mod editor;
mod format;
mod hash;
mod import;
mod ls;
mod new;
mod repeated;
mod screen;
mod set;
mod source;
mod status;
mod target;
mod validate;

use crate::cli::App;
use crate::error::{CliError, Exit};

use config::{Config, ConfigFlags};
use screen::Screen;
pub(crate) use target::{base_of, given_url, parse_duration};

/// Arguments of `shipgate migrate`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigFlags,
    #[command(subcommand)]
    command: Command,
}

/// The verbs of `shipgate migrate`.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Execute the pending migrations
    Apply(apply::Arguments),
    /// Show where the database stands
    Status(status::Arguments),
    /// Write the checksums in atlas.sum anew
    Hash(hash::Arguments),
    /// Check the directory's checksums and versions, and try its migrations
    Validate(validate::Arguments),
    /// Create an empty migration
    New(new::Arguments),
    /// Copy the migrations of another tool's directory into a new one
    Import(import::Arguments),
    /// List the migrations of the directory
    Ls(ls::Arguments),
    /// Tell the history where the database stands
    Set(set::Arguments),
}

/// Where the migrations are.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct DirectoryFlags {
    /// The migration directory [default: [database] directory of the project file, else file://migrations]
    #[arg(long, value_name = "URL", env = "SHIPGATE_MIGRATIONS")]
    dir: Option<String>,
    /// The directory's format, where its URL does not say
    #[arg(long, value_name = "FORMAT", hide = true)]
    dir_format: Option<String>,
    /// The project's directory
    #[arg(
        short = 'C',
        long = "project",
        value_name = "DIR",
        env = "SHIPGATE_PROJECT",
        default_value = "."
    )]
    project: std::path::PathBuf,
}

/// Where the database is.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct DatabaseFlags {
    /// The database; $NAME and ${NAME} stand for variables [default: the env's, else
    /// $DATABASE_URL, else the project file's]
    #[arg(short, long, value_name = "URL")]
    url: Option<String>,
    /// The schema of the history table; SQLite has only main
    #[arg(long, value_name = "SCHEMA")]
    revisions_schema: Option<String>,
    /// Whose table is the history of a directory of another tool: the tool's own, or
    /// atlas_schema_revisions [default: the tool's, unless there is an atlas.sum]
    #[arg(long, value_name = "WHOSE")]
    history: Option<HistoryKind>,
    #[command(flatten)]
    reach: ReachFlags,
}

/// How a database is reached.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct ReachFlags {
    /// The file with the database's password [default: $SHIPGATE_DATABASE_PASSWORD, else the URL's]
    #[arg(long, value_name = "FILE", env = "SHIPGATE_DATABASE_PASSWORD_FILE")]
    password_file: Option<std::path::PathBuf>,
    /// How long to try to reach a database that is starting or not known by name yet
    #[arg(
        long,
        value_name = "DURATION",
        env = "SHIPGATE_CONNECT_TIMEOUT",
        default_value = "30s"
    )]
    connect_timeout: String,
}

/// Whose table is the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum HistoryKind {
    /// The tool's whose migrations the directory holds
    Tool,
    /// `atlas_schema_revisions`
    Atlas,
}

pub(crate) async fn run(arguments: Arguments, app: App) -> Result<Exit, CliError> {
    let mut screen = Screen::of(&app);
    let screen = &mut screen;
    let config = Config::new(arguments.config, &app);
    match arguments.command {
        Command::Apply(arguments) => apply::run(arguments, &config, &app, screen).await,
        Command::Status(arguments) => status::run(arguments, &config, &app, screen).await,
        Command::Hash(arguments) => hash::run(&arguments, &config, &app, screen).await,
        Command::Validate(arguments) => validate::run(arguments, &config, &app, screen).await,
        Command::New(arguments) => new::run(&arguments, &config, &app, screen).await,
        Command::Import(arguments) => {
            config.unused("import");
            import::run(&arguments, &app, screen)
        }
        Command::Ls(arguments) => ls::run(&arguments, &config, &app, screen).await,
        Command::Set(arguments) => set::run(arguments, &config, &app, screen).await,
    }
}

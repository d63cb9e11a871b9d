//! `shipgate entrypoint`: an image's ready-made ENTRYPOINT.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use shipgate_database::DatabaseUrl;
use shipgate_project::{CommandLine, Project};
use shipgate_release::Cancel;
use shipgate_release::machine::MachineId;
use shipgate_release::ports::{Migrator, Target, Watch};

use crate::cli::{App, PlaceFlag};
use crate::error::{CliError, Exit};
use crate::signals;
use crate::site::{database, read_project};
use crate::wiring::engine::{EngineMigrator, Located, Source};
use crate::wiring::migrations;
use crate::wiring::notice::Notice;

/// Arguments of `shipgate entrypoint`.
#[derive(clap::Args)]
#[command(
    after_help = "No command, or `server`: the server of the project file.\n\
    `migrate`: the pending migrations.\nAnything else is run as given."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: PlaceFlag,
    /// `server`, `migrate`, or a command with its arguments
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    command: Vec<String>,
}

pub(crate) async fn run(arguments: Arguments, app: App) -> Result<Exit, CliError> {
    let words: Vec<&str> = arguments.command.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["server"] => serve(&arguments.place),
        ["migrate"] => migrate(&arguments.place, app).await,
        [word @ ("server" | "migrate"), further, ..] => Err(CliError::new(
            "entrypoint",
            format!("`{word}` takes no argument, and `{further}` is one"),
        )),
        [program, arguments @ ..] => Err(replace(program, arguments)),
    }
}

/// Becomes the server of the machine's process group.
fn serve(place: &PlaceFlag) -> Result<Exit, CliError> {
    let loaded = read_project(&place.clone().into())?;
    let project = &loaded.project;
    let command = server_of(project).ok_or_else(|| {
        CliError::new("no-command", "the project file names no server command")
            .with_hint("write one under [processes], as in `web = \"./server\"`")
    })?;
    let words = command
        .expand(|name| std::env::var(name).ok())
        .map_err(|unset| {
            CliError::new(
                "unset-name",
                format!("{unset}, in the command `{}`", command.as_written()),
            )
        })?;
    match words.split_first() {
        Some((program, arguments)) => Err(replace(program, arguments)),
        None => Err(CliError::new("no-command", "the server command is empty")),
    }
}

/// The group this machine belongs to says `FLY_PROCESS_GROUP`; else the default one.
fn server_of(project: &Project) -> Option<&CommandLine> {
    let told = std::env::var("FLY_PROCESS_GROUP").ok();
    let group = told
        .as_deref()
        .filter(|group| project.processes.contains_key(*group))
        .unwrap_or_else(|| project.default_group());
    project
        .processes
        .get(group)
        .filter(|command| !command.is_empty())
}

/// Gives this process to a program; returns only if that cannot be.
pub(crate) fn replace(program: &str, arguments: &[impl AsRef<std::ffi::OsStr>]) -> CliError {
    let error = Command::new(program).args(arguments).exec();
    let failure = CliError::new("entrypoint", format!("cannot run `{program}`: {error}"));
    match error.kind() {
        std::io::ErrorKind::NotFound => failure
            .with_hint(format!("is `{program}` in the image, and on PATH?"))
            .exiting(Exit::Other(127)),
        std::io::ErrorKind::PermissionDenied if Path::new(program).is_dir() => CliError::new(
            "entrypoint",
            format!("cannot run `{program}`: it is a directory, not a program"),
        )
        .exiting(Exit::Other(126)),
        std::io::ErrorKind::PermissionDenied => failure
            .with_hint(format!(
                "run `chmod +x {program}` before the image is built"
            ))
            .exiting(Exit::Other(126)),
        _ => failure,
    }
}

/// Applies the project's migrations to its database.
async fn migrate(place: &PlaceFlag, app: App) -> Result<Exit, CliError> {
    let loaded = read_project(&place.clone().into())?;
    let project = &loaded.project;
    let url = database_of(project)?.ok_or_else(|| {
        CliError::new("no-database", "the project names no database")
            .with_hint("set DATABASE_URL, or write `[database] url`")
    })?;
    let here = &project.directory;
    let directory = migrations::directory(project)
        .filter(|directory| directory.is_dir())
        .or_else(|| Some(migrations::kept(here)).filter(|kept| kept.is_dir()))
        .ok_or_else(|| {
            CliError::new("migrations-directory", "there is no migrations directory")
                .with_hint("`[database] directory` names it")
        })?;
    let engine = EngineMigrator::new(
        project,
        &url,
        Source::Atlas(Located::new(directory, here)),
        std::env::temp_dir(),
        &Notice::of(&app),
    );
    let cancel: Cancel = signals::cancel_on_signal(app.printer.clone())?;
    let words = Words { app: &app };
    let tag = MachineId::new(0, "entrypoint", 1);
    let migrated = engine.migrate(Target::Live, &tag, &words, &cancel).await?;
    app.printer.say(&migrated.summary);
    Ok(Exit::Done)
}

/// The machine's own `DATABASE_URL`, and without one what the project file
/// says: a rehearsal, or the platform, tells a machine which database is meant.
fn database_of(project: &Project) -> Result<Option<DatabaseUrl>, CliError> {
    match std::env::var("DATABASE_URL") {
        Ok(told) if !told.is_empty() => DatabaseUrl::parse(&told, &project.directory)
            .map(|url| Some(url.absolute()))
            .map_err(|error| CliError::usage("database-url", error.to_string())),
        _ => database(project),
    }
}

struct Words<'a> {
    app: &'a App,
}

impl Watch for Words<'_> {
    fn line(&self, text: &str) {
        self.app.printer.say(text);
    }

    fn output(&self, text: &str) {
        self.app.printer.say(text);
    }
}

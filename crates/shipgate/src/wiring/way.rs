//! How a release migrates: by the built-in engine, by a command, or not at all.

use std::collections::BTreeMap;
use std::path::PathBuf;

use shipgate_project::{Apply, CommandLine, Origin, Project, quote};
use shipgate_tools::{DetectError, NativeError, Tool, detect, is_same_command, native};

use super::held_lock;
use super::migrations::{self, KeptDirectory};
use super::tooling::{self, Named, Tooling};
use crate::error::{CliError, Exit};

/// How a release migrates its database.
pub(crate) enum Way {
    /// The project has nothing to migrate with.
    None,
    /// The built-in engine applies this directory, with Atlas's history.
    Engine(PathBuf),
    /// The built-in engine applies a tool's migrations, with the tool's history.
    Native(Box<Tooling>),
    /// A command does it.
    Command(ByCommand),
}

/// A command that migrates.
pub(crate) struct ByCommand {
    pub(crate) command: CommandLine,
    pub(crate) purpose: Purpose,
    pub(crate) history: History,
    /// Why the built-in engine does not do it, where it could be thought to.
    pub(crate) not_native: Option<String>,
}

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To migrate, and nothing else: with nothing pending it is not run.
    Migrates,
    /// As the release command of Fly it may do more: every release runs it.
    Anything,
}

/// Where it is known what is applied.
pub(crate) enum History {
    /// Nowhere.
    Unknown,
    /// In Atlas's table, for the files of this directory.
    Engine(PathBuf),
    /// Where the tool keeps it.
    Tool(Box<Tooling>),
}

impl History {
    /// The tool whose history it is, with its migrations.
    pub(crate) fn tool(&self) -> Option<&Tooling> {
        match self {
            Self::Tool(tooling) => Some(tooling),
            Self::Unknown | Self::Engine(_) => None,
        }
    }
}

impl Way {
    /// The way of this project.
    ///
    /// # Errors
    /// The tool is not known, or several may be meant; its migrations cannot
    /// be read; it has no command that is known.
    pub(crate) fn of(project: &Project) -> Result<Self, CliError> {
        let release_command = project.release_command();
        let database = &project.database;
        let named = database.command.as_ref().map(|command| &command.value);
        let tooling = tooling_of(project, release_command.as_ref().or(named))?;
        let directory = migrations::directory(project);
        let Some(tooling) = tooling else {
            let given = release_command.clone().or_else(|| named.cloned());
            return Ok(match (given, directory) {
                (Some(command), directory) => Self::Command(ByCommand {
                    not_native: None,
                    purpose: purpose(&command, release_command.is_some(), None),
                    command,
                    // Beside a command, a plain directory's history is that of
                    // the engine only where the directory has its checksums.
                    history: directory
                        .filter(|path| path.join("atlas.sum").exists())
                        .map_or(History::Unknown, History::Engine),
                }),
                (None, Some(directory)) => Self::Engine(directory),
                (None, None) => Self::None,
            });
        };
        let tool = tooling.tool;
        let asked = database.apply.as_ref().map(|apply| apply.value);
        let mut not_native = None;
        match (asked, &release_command, named) {
            (Some(Apply::Native), Some(command), _) => return Err(both(command)),
            (Some(Apply::Command), ..) | (None, Some(_), _) | (None, _, Some(_)) => {}
            (Some(Apply::Native), None, _) | (None, None, None) => {
                let settings = tooling::settings_of(project, tool);
                match native::open(tool, &tooling.files, &settings) {
                    Ok(_) => return Ok(Self::Native(tooling)),
                    Err(error) if asked.is_some() => return Err(refused(&error)),
                    Err(NativeError::NotNative(_)) => {}
                    Err(error) => not_native = Some(error.to_string()),
                }
            }
        }
        let own = tool.command(&tooling.files);
        let command = match (&release_command, named) {
            (Some(command), _) | (None, Some(command)) => command.clone(),
            (None, None) => own_command(tool, &own)?,
        };
        Ok(Self::Command(ByCommand {
            purpose: purpose(&command, release_command.is_some(), Some(&own)),
            command,
            history: History::Tool(tooling),
            not_native,
        }))
    }

    /// The command, if one migrates.
    pub(crate) fn command(&self) -> Option<&CommandLine> {
        match self {
            Self::Command(by) => Some(&by.command),
            Self::None | Self::Engine(_) | Self::Native(_) => None,
        }
    }

    /// The directory whose files the engine applies, or compares with the history.
    pub(crate) fn kept(&self) -> Option<KeptDirectory> {
        match self {
            Self::Engine(directory)
            | Self::Command(ByCommand {
                history: History::Engine(directory),
                ..
            }) => Some(KeptDirectory::Format(directory.clone())),
            Self::Native(tooling) => Some(KeptDirectory::Whole(tooling.directory())),
            Self::None | Self::Command(_) => None,
        }
    }
}

/// The migrations of another tool than Shipgate's own.
fn tooling_of(
    project: &Project,
    command: Option<&CommandLine>,
) -> Result<Option<Box<Tooling>>, CliError> {
    let tool = tool_of(project, command)?.filter(|tool| tool.name() != tooling::OWN);
    let Some(tool) = tool else { return Ok(None) };
    let said = tooling::named_in(project, tool);
    match Tooling::read(tool, &project.directory, &said, Some(project)) {
        // A dependency alone is no migration: without a directory the tool is
        // there for something else, unless it is named.
        Err(error) if error.exit == Exit::Usage && project.database.tool.is_none() => Ok(None),
        read => read.map(|tooling| Some(Box::new(tooling))),
    }
}

/// The tool that is named or detected. Where several may be meant it is the
/// one that the command runs.
fn tool_of(
    project: &Project,
    command: Option<&CommandLine>,
) -> Result<Option<&'static dyn Tool>, CliError> {
    let chosen = tooling::choose(&project.directory, &Named::default(), Some(project));
    let (Err(_), None, Some(command)) = (&chosen, &project.database.tool, command) else {
        return chosen;
    };
    let files = shipgate_tools::Project::new(&project.directory);
    match detect(&files) {
        Err(DetectError::Several(candidates)) => Ok(candidates
            .into_iter()
            .map(|candidate| candidate.tool)
            .find(|tool| is_same_command(&words(command), &tool.command(&files)))),
        _ => chosen,
    }
}

fn purpose(command: &CommandLine, is_release_command: bool, own: Option<&[String]>) -> Purpose {
    let words = words(command);
    let migrates = !is_release_command
        || runs_shipgate(command)
        || own.is_some_and(|own| is_same_command(&words, own));
    if migrates {
        Purpose::Migrates
    } else {
        Purpose::Anything
    }
}

/// Whether a command is Shipgate or Atlas, which take the migration lock themselves.
pub(crate) fn runs_shipgate(command: &CommandLine) -> bool {
    held_lock::is_taken_by(&words(command))
}

/// The words of a command with its names as they are written.
pub(crate) fn words(command: &CommandLine) -> Vec<String> {
    command
        .expand(|name| Some(format!("${name}")))
        .unwrap_or_default()
}

/// The command that the tool has for it.
fn own_command(tool: &dyn Tool, own: &[String]) -> Result<CommandLine, CliError> {
    let text: Vec<String> = own
        .iter()
        .map(|word| match word.strip_prefix('$') {
            Some(_) => word.clone(),
            None => quote(word),
        })
        .collect();
    let command = CommandLine::parse(&text.join(" "), Origin::Default)
        .ok()
        .filter(|command| !command.is_empty());
    command.ok_or_else(|| {
        CliError::usage(
            "not-configured",
            format!(
                "the project migrates with {}, and how it is run cannot be known from the files",
                tool.title()
            ),
        )
        .with_hint("write the command: `[database] command = \"node migrate.js\"`")
    })
}

fn refused(error: &NativeError) -> CliError {
    CliError::usage("not-supported", error.to_string())
        .with_hint("leave `apply = \"native\"` out: the tool's own command is run then")
}

fn both(command: &CommandLine) -> CliError {
    CliError::usage(
        "not-supported",
        format!(
            "`[database] apply = \"native\"` and the release command `{}` would both migrate",
            command.as_written()
        ),
    )
    .with_hint("leave one of the two out")
}

/// Variables by which a command says how far it migrates.
pub(crate) fn assignments(command: &CommandLine) -> BTreeMap<String, String> {
    words(command)
        .iter()
        .filter_map(|word| word.split_once('='))
        .filter(|(name, _)| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        })
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

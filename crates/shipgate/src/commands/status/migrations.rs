//! Which migrations are applied, whatever tool they are for.

use std::path::Path;

use serde_json::{Map, Value, json};
use shipgate_database::{Access, ConnectOptions, Create, DatabaseUrl, OpenError, open};
use shipgate_project::Loaded;
use shipgate_tools::history::TableName;
use shipgate_tools::{
    DetectError, Migrations, Project, ReadError, Settings, Status, StatusError, Tool, detect,
    named, status, status_of_files,
};

use super::{MigrationFlags, Part};
use crate::cli::Place;
use crate::commands::migrate::given_url;
use crate::error::{CliError, Exit};
use crate::printer::Printer;
use crate::report::table;
use crate::site;
use crate::wiring::client::client_settings;

/// Version of the form of `migrations`; readers ignore fields they do not know.
const SCHEMA: u32 = 1;

/// The migrations; nothing if a project has none that are known.
pub(super) async fn part(
    directory: &Path,
    place: &Place,
    flags: &MigrationFlags,
    printer: &Printer,
) -> Result<Option<Part>, CliError> {
    let loaded = match super::has_project_file(place) {
        true => Some(site::read_project(place)?),
        false => None,
    };
    let files = Project::new(directory);
    let mut settings = settings(flags, loaded.as_ref());
    let Some(tool) = tool(&files, flags, loaded.as_ref(), &settings)? else {
        return Ok(None);
    };
    if tool.name() != "atlas" {
        // Only Atlas's directories are laid out in several ways.
        settings.directory = settings
            .directory
            .map(|directory| directory.split('?').next().unwrap_or_default().to_owned());
    }
    let migrations = tool
        .read(&files, &settings)
        .map_err(|error| read_error(&error))?;
    let url = database_url(flags, loaded.as_ref())?;
    let found = match url {
        Some(url) => of_database(tool, &files, migrations.as_ref(), &url).await?,
        None => status_of_files(tool, &files, migrations.as_ref()),
    };
    super::say_all(printer, &found.warnings, &found.notes, &found.hints);
    let mut fields = Map::new();
    fields.insert("migrations".to_owned(), in_json(&found)?);
    Ok(Some(Part {
        text: text(tool, &found),
        fields,
        is_well: found.is_well(),
    }))
}

fn settings(flags: &MigrationFlags, loaded: Option<&Loaded>) -> Settings {
    let named = loaded.and_then(|loaded| {
        let written = loaded.project.database.directory.as_ref()?.value.clone();
        let written = written.strip_prefix("file://").unwrap_or(&written);
        let format = loaded.project.database.format.as_ref();
        Some(match format {
            Some(format) if !written.contains('?') => format!("{written}?format={}", format.value),
            _ => written.to_owned(),
        })
    });
    let flag = flags.dir.as_ref().map(|dir| {
        let dir = dir.strip_prefix("file://").unwrap_or(dir);
        // A flag's path means the working directory, not the project's.
        let (path, query) = dir
            .split_once('?')
            .map_or((dir, None), |(path, query)| (path, Some(query)));
        let path = std::path::absolute(path).unwrap_or_else(|_| Path::new(path).to_owned());
        match query {
            Some(query) => format!("{}?{query}", path.display()),
            None => path.display().to_string(),
        }
    });
    Settings {
        directory: flag.or(named),
        table: flags.table.as_deref().map(TableName::parse),
    }
}

/// The tool that is named, else the detected one; nothing if a project of
/// ours shows no sign of any.
fn tool(
    files: &Project,
    flags: &MigrationFlags,
    loaded: Option<&Loaded>,
    settings: &Settings,
) -> Result<Option<&'static dyn Tool>, CliError> {
    let written = loaded.and_then(|loaded| loaded.project.database.tool.as_ref());
    let name = flags
        .tool
        .as_deref()
        .or_else(|| written.map(|tool| tool.value.as_str()));
    if let Some(name) = name {
        return named(name).map(Some).map_err(detect_error);
    }
    match (detect(files), &settings.directory) {
        (Ok(candidate), None) => Ok(Some(candidate.tool)),
        (Ok(candidate), Some(directory)) if reads(candidate.tool, files, directory) => {
            Ok(Some(candidate.tool))
        }
        // A directory that is named is Shipgate's own, unless it is the detected tool's.
        (_, Some(_)) => named("atlas").map(Some).map_err(detect_error),
        (Err(DetectError::None { .. }), None) if loaded.is_some() => Ok(None),
        (Err(error), None) => Err(detect_error(error)),
    }
}

/// Whether a tool reads this directory by itself.
fn reads(tool: &'static dyn Tool, files: &Project, directory: &str) -> bool {
    let wanted = files
        .root()
        .join(directory.trim_start_matches("./").trim_end_matches('/'));
    tool.read(files, &Settings::default())
        .is_ok_and(|migrations| {
            let mut own = migrations.place().directories.iter();
            own.any(|own| files.root().join(own) == wanted)
        })
}

fn detect_error(error: DetectError) -> CliError {
    let message = error.to_string();
    match error {
        DetectError::None { nested } if nested.is_empty() => {
            CliError::usage("no-tool", message).with_hint(
                "name the project's directory, or the tool and its directory: `--tool rails --dir db/migrate`",
            )
        }
        DetectError::None { nested } => {
            let places: Vec<String> = nested
                .iter()
                .map(|(directory, tool)| format!("`shipgate status {directory}` ({tool})"))
                .collect();
            CliError::usage("no-tool", message)
                .with_hint(format!("there is one deeper down: {}", places.join(", ")))
        }
        DetectError::Several(candidates) => {
            let lines = candidates
                .iter()
                .map(|candidate| format!("{}: {}", candidate.tool.name(), candidate.reasons()));
            CliError::usage("several-tools", "several migration tools may be meant")
                .with_report(lines)
                .with_hint(format!(
                    "name the right one: `--tool {}`, or `tool = \"{0}\"` under [database]",
                    candidates[0].tool.name()
                ))
        }
        DetectError::Unknown(_) => {
            let names: Vec<&str> = shipgate_tools::ALL.iter().map(|tool| tool.name()).collect();
            CliError::usage("unknown-tool", message)
                .with_hint(format!("known are {}", names.join(", ")))
        }
    }
}

fn read_error(error: &ReadError) -> CliError {
    let failed = CliError::new("migrations-files", error.to_string());
    match error {
        ReadError::NoDirectory { .. } => failed.exiting(Exit::Usage).with_hint(
            "`--dir` names the directory, where the tool's configuration cannot be read",
        ),
        _ => failed,
    }
}

fn database_url(
    flags: &MigrationFlags,
    loaded: Option<&Loaded>,
) -> Result<Option<DatabaseUrl>, CliError> {
    let text = match given_url(flags.url.clone()) {
        Some(Ok(text)) => text,
        Some(Err((code, message))) => return Err(CliError::usage(code, message)),
        None => {
            return match loaded {
                Some(loaded) => site::database(&loaded.project),
                None => Ok(None),
            };
        }
    };
    let here = std::env::current_dir().unwrap_or_default();
    DatabaseUrl::parse(&text, &here)
        .map(Some)
        .map_err(|error| CliError::usage("database-url", error.to_string()))
}

async fn of_database(
    tool: &'static dyn Tool,
    files: &Project,
    migrations: &dyn Migrations,
    url: &DatabaseUrl,
) -> Result<Status, CliError> {
    let cannot_open = |error: OpenError| CliError::new("database-open", error.to_string());
    let database = open(url, &client_settings()).map_err(cannot_open)?;
    let connect = ConnectOptions {
        access: Access::ReadOnly,
        create: Create::Never,
        ..ConnectOptions::default()
    };
    let mut session = match database.connect(&connect).await {
        Ok(session) => session,
        // A database that is not there yet has none of the migrations.
        Err(OpenError::Missing { .. } | OpenError::NoDirectory { .. }) => {
            let mut found = shipgate_tools::status_of_nothing(tool, files, migrations)
                .map_err(|error| history_error(&error))?;
            found
                .notes
                .push(format!("there is no database at {url} yet"));
            return Ok(found);
        }
        Err(error) => return Err(cannot_open(error)),
    };
    let found = status(tool, files, migrations, session.as_mut()).await;
    session.close().await;
    found.map_err(|error| history_error(&error))
}

fn history_error(error: &StatusError) -> CliError {
    CliError::new("history", error.to_string()).with_hint(
        "`--table` names the history table, where the tool's configuration cannot be read",
    )
}

fn in_json(found: &Status) -> Result<Value, CliError> {
    let mut value =
        serde_json::to_value(found).map_err(|error| CliError::new("output", error.to_string()))?;
    if let Value::Object(fields) = &mut value {
        fields.insert("schema".to_owned(), json!(SCHEMA));
    }
    Ok(value)
}

fn text(tool: &dyn Tool, found: &Status) -> String {
    let history = match found.history_exists {
        Some(false) => format!("{} (not there)", found.history),
        _ => found.history.clone(),
    };
    let mut lines = vec![format!(
        "{}: {}, history {history}",
        tool.title(),
        found.directories.join(", ")
    )];
    if !found.migrations.is_empty() {
        let mut rows =
            vec![["VERSION", "NAME", "STATE", "WHEN (UTC)", "BY", ""].map(str::to_owned)];
        rows.extend(found.migrations.iter().map(|entry| {
            [
                entry.version.clone(),
                entry.name.clone(),
                entry.state.to_string(),
                entry.at.map_or_else(
                    || "-".to_owned(),
                    |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
                ),
                entry.by.clone().unwrap_or_else(|| "-".to_owned()),
                entry.why.clone().unwrap_or_default(),
            ]
        }));
        lines.push(table(&rows));
    }
    if found.heads.len() > 1 {
        lines.push(format!("heads: {}", found.heads.join(", ")));
    }
    let foreign = match found.foreign.len() {
        0 => String::new(),
        1 => format!("; not of this project: {}", found.foreign[0]),
        more => format!(
            "; not of this project: {} and {} more",
            found.foreign[0],
            more - 1
        ),
    };
    lines.push(format!("{}{foreign}", found.summary));
    lines.join("\n")
}

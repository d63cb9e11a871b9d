//! `shipgate status`: the release that serves, and where the migrations stand.

mod migrations;
mod release;

use std::path::Path;

use serde_json::{Map, Value};

use crate::cli::{App, Place};
use crate::error::{CliError, Exit};
use crate::printer::{Output, Printer};
use crate::site::Site;

/// Arguments of `shipgate status`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    migrations: MigrationFlags,
    /// The same as --output json
    #[arg(long)]
    json: bool,
    /// Exit with 3 when something is pending or not as it should be
    #[arg(long)]
    exit_code: bool,
}

/// Which migrations are meant, where detection does not find them.
#[derive(clap::Args)]
pub(crate) struct MigrationFlags {
    /// The migration tool [default: [database] tool of the project file, else detected]
    #[arg(long, value_name = "TOOL", env = "SHIPGATE_TOOL")]
    tool: Option<String>,
    /// The migration directory [default: [database] directory, else as the tool has it]
    #[arg(long, value_name = "DIR", env = "SHIPGATE_MIGRATIONS")]
    dir: Option<String>,
    /// The history table, with its schema if need be [default: as the tool has it]
    #[arg(long, value_name = "[SCHEMA.]TABLE")]
    table: Option<String>,
    /// The database; $NAME and ${NAME} stand for variables [default: $DATABASE_URL, else the
    /// project file's]
    #[arg(short, long, value_name = "URL")]
    url: Option<String>,
}

/// What one part of the status says.
struct Part {
    /// For people.
    text: String,
    /// For programs.
    fields: Map<String, Value>,
    /// Nothing is pending or wrong.
    is_well: bool,
}

pub(crate) async fn run(arguments: Arguments, app: App) -> Result<Exit, CliError> {
    let wants_json = arguments.json || app.printer.output == Output::Json;
    let printer = &app.printer;
    let (release, is_released) = release::part(&arguments.place, printer).await?;
    let directory = project_directory(&arguments.place);
    let migrations =
        migrations::part(&directory, &arguments.place, &arguments.migrations, printer).await;
    let migrations = match migrations {
        Ok(migrations) => migrations,
        // What cannot be read does not hide what serves.
        Err(error) if is_released => {
            printer.warn(&format!("the migrations are not shown: {}", error.message));
            Some(Part {
                text: String::new(),
                fields: Map::new(),
                is_well: false,
            })
        }
        Err(error) => return Err(error),
    };
    let parts: Vec<Part> = release.into_iter().chain(migrations).collect();
    let is_well = !parts.is_empty() && parts.iter().all(|part| part.is_well);
    if wants_json {
        let fields: Map<String, Value> = parts.into_iter().flat_map(|part| part.fields).collect();
        if !fields.is_empty() {
            printer.result(&Value::Object(fields).to_string())?;
        }
    } else {
        let texts: Vec<String> = parts
            .into_iter()
            .map(|part| part.text)
            .filter(|text| !text.is_empty())
            .collect();
        if !texts.is_empty() {
            printer.result(&texts.join("\n\n"))?;
        }
    }
    Ok(if is_well || !arguments.exit_code {
        Exit::Done
    } else {
        Exit::Trouble
    })
}

/// The directory that is asked about.
fn project_directory(place: &Place) -> std::path::PathBuf {
    let named = place.files.config.as_deref().unwrap_or(&place.directory);
    if named.is_file() {
        match named.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => Path::new(".").to_owned(),
        }
    } else {
        place.directory.clone()
    }
}

/// Whether there is a project file.
fn has_project_file(place: &Place) -> bool {
    let path = place.files.config.as_ref().unwrap_or(&place.directory);
    shipgate_project::find(path).is_ok()
}

/// Whether anything was ever released here.
fn existing(place: &Place) -> Option<shipgate_server::state_directory::StateDirectory> {
    Site::existing_state(place)
}

/// Words, with what is wrong marked as such.
fn say_all(printer: &Printer, warnings: &[String], notes: &[String], hints: &[String]) {
    for warning in warnings {
        printer.warn(warning);
    }
    for note in notes {
        printer.say(&format!("note: {note}"));
    }
    for hint in hints {
        printer.say(&format!("hint: {hint}"));
    }
}

//! `shipgate status`: the release that serves, and where the migrations stand.

mod migrations;
mod release;

use serde_json::{Map, Value};

use crate::cli::{App, Place};
use crate::commands::history_flags::{HistoryFlags, MigrationFlags};
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
    #[command(flatten)]
    history: HistoryFlags,
    /// The same as --output json
    #[arg(long)]
    json: bool,
    /// Exit with 3 when something is pending or not as it should be
    #[arg(long)]
    exit_code: bool,
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
    let migrations = migrations::part(&arguments, printer).await;
    let migrations = match migrations {
        Ok(migrations) => migrations,
        // What cannot be read does not hide what serves.
        Err(error) if is_released => {
            printer.warn(&format!("the migrations are not shown: {}", error.message));
            for line in error.report {
                printer.say(&format!("  {line}"));
            }
            if let Some(hint) = error.hint {
                printer.say(&format!("hint: {hint}"));
            }
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

//! Which migrations are applied, whatever tool they are for.

use serde_json::{Map, Value, json};
use shipgate_tools::Status;

use super::{Arguments, Part};
use crate::commands::history_flags::{project_directory, project_of};
use crate::error::CliError;
use crate::printer::Printer;
use crate::report;
use crate::wiring::tooling::Tooling;

/// Version of the form of `migrations`; readers ignore fields they do not know.
const SCHEMA: u32 = 1;

/// The migrations; nothing if a project has none that are known.
pub(super) async fn part(
    arguments: &Arguments,
    printer: &Printer,
) -> Result<Option<Part>, CliError> {
    let loaded = project_of(&arguments.place)?;
    let directory = project_directory(&arguments.place);
    let project = loaded.as_ref().map(|loaded| &loaded.project);
    let Some(tooling) = Tooling::find(&directory, &arguments.migrations.named(), project)? else {
        return Ok(None);
    };
    let found = match arguments.history.reach(loaded.as_ref(), Some(&tooling))? {
        Some(reach) => {
            let reading = reach.reading();
            tooling.status(reach.database.as_ref(), &reading).await?
        }
        None => {
            let mut found = tooling.status_of_files();
            let hint = "set DATABASE_URL, or name the database: `--url postgres://app@db/app`";
            found.hints.push(hint.to_owned());
            found
        }
    };
    super::say_all(printer, &found.warnings, &found.notes, &found.hints);
    let mut fields = Map::new();
    fields.insert("migrations".to_owned(), in_json(&found)?);
    Ok(Some(Part {
        text: report::migrations(tooling.tool, &found),
        fields,
        is_well: found.is_well(),
    }))
}

fn in_json(found: &Status) -> Result<Value, CliError> {
    let mut value =
        serde_json::to_value(found).map_err(|error| CliError::new("output", error.to_string()))?;
    if let Value::Object(fields) = &mut value {
        fields.insert("schema".to_owned(), json!(SCHEMA));
    }
    Ok(value)
}

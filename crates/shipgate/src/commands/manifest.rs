//! `shipgate manifest`: what an image's files expect of the history, for
//! `shipgate wait --expect` in images without them.

use std::path::{Path, PathBuf};

use shipgate_tools::{Manifest, ManifestError};

use crate::cli::{App, Place};
use crate::commands::history_flags::{MigrationFlags, project_directory, project_of};
use crate::error::{CliError, Exit};
use crate::report::number_of_migrations;
use crate::wiring::tooling::Tooling;

/// Arguments of `shipgate manifest`.
#[derive(clap::Args)]
#[command(after_help = "No database is asked: run it where the image is built.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    migrations: MigrationFlags,
    /// Where the manifest is written [default: stdout]
    #[arg(short, long = "out", value_name = "FILE", env = "SHIPGATE_MANIFEST")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> Result<Exit, CliError> {
    let loaded = project_of(&arguments.place)?;
    let directory = project_directory(&arguments.place);
    let project = loaded.as_ref().map(|loaded| &loaded.project);
    let tooling =
        Tooling::find(&directory, &arguments.migrations.named(), project)?.ok_or_else(no_tool)?;
    for note in &tooling.migrations.place().notes {
        app.printer.say(&format!("note: {note}"));
    }
    let manifest = Manifest::of(tooling.tool, tooling.migrations.as_ref())
        .map_err(|error| manifest_error(&error, None))?;
    match &arguments.out {
        None => app.printer.result(manifest.text().trim_end())?,
        Some(file) => {
            std::fs::write(file, manifest.text()).map_err(|error| {
                CliError::new(
                    "manifest",
                    format!("cannot write {}: {error}", file.display()),
                )
                .with_hint("`-o` names a file in a directory that is there")
            })?;
            app.printer.say(&format!(
                "{}: {}, table {}, written to {}",
                tooling.tool.title(),
                number_of_migrations(manifest.expected.migrations.len()),
                tooling.migrations.place().history,
                file.display()
            ));
        }
    }
    Ok(Exit::Done)
}

/// A manifest that cannot be made or used.
pub(crate) fn manifest_error(error: &ManifestError, file: Option<&Path>) -> CliError {
    let message = match (file, error.place()) {
        (Some(file), Some((line, column))) => {
            format!("{}:{line}:{column}: {error}", file.display())
        }
        (Some(file), None) => format!("{}: {error}", file.display()),
        (None, _) => error.to_string(),
    };
    let failed = CliError::usage("manifest", message);
    match error {
        ManifestError::Format { .. } | ManifestError::Tool(_) => failed.with_hint(
            "write and read it with the same version: `shipgate manifest -o FILE` when the image is built",
        ),
        ManifestError::Form { .. } | ManifestError::Expectation { .. } => {
            failed.with_hint("`shipgate manifest -o FILE` writes it")
        }
        ManifestError::NoTable(_) => failed,
    }
}

/// No tool shows itself where one is needed.
pub(crate) fn no_tool() -> CliError {
    CliError::usage("no-tool", "no migration tool was found here")
        .with_hint("name the tool and its directory: `--tool rails --dir db/migrate`")
}

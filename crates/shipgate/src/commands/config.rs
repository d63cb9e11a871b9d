//! `shipgate config`: the project file as it is understood.

use shipgate_project::{Explanation, LoadError, Report, find, load};

use crate::cli::{App, Place};
use crate::error::{CliError, Exit};
use crate::printer::Output;
use crate::site::{in_words, project_error, read_project};

/// The verbs of `shipgate config`.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Say what is wrong or doubtful in the project file
    Validate(Arguments),
    /// Print every setting, with its place or `default`
    Show(Arguments),
}

/// Arguments of the verbs of `shipgate config`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(command: Command, app: &App) -> Result<Exit, CliError> {
    match command {
        Command::Validate(arguments) => validate(&arguments, app),
        Command::Show(arguments) => show(&arguments, app),
    }
}

fn validate(arguments: &Arguments, app: &App) -> Result<Exit, CliError> {
    let place = &arguments.place;
    let path = place.files.config.as_ref().unwrap_or(&place.directory);
    let loaded = load(path, &[]);
    if app.printer.output == Output::Json {
        return validate_json(path, loaded, app);
    }
    let loaded = loaded.map_err(project_error)?;
    for warning in &loaded.warnings {
        app.printer.warn(&in_words(warning));
    }
    for ignored in &loaded.ignored {
        app.printer.say(&format!(
            "ignored: {} ({}): {}",
            ignored.key,
            loaded.place(&ignored.origin),
            ignored.why
        ));
    }
    app.printer
        .result(&format!("{} is valid", loaded.project.file.display()))?;
    Ok(Exit::Done)
}

fn validate_json(
    path: &std::path::Path,
    loaded: Result<shipgate_project::Loaded, LoadError>,
    app: &App,
) -> Result<Exit, CliError> {
    let loaded = match loaded {
        Ok(loaded) => Ok(loaded),
        Err(LoadError::Invalid(invalid)) => Err(invalid),
        Err(other) => return Err(project_error(other)),
    };
    let file = find(path).map_or_else(|_| path.to_owned(), |found| found.path);
    let report = Report::of(file, &loaded);
    let text = serde_json::to_string(&report)
        .map_err(|error| CliError::new("output", error.to_string()))?;
    app.printer.result(&text)?;
    Ok(if report.valid {
        Exit::Done
    } else {
        Exit::Usage
    })
}

fn show(arguments: &Arguments, app: &App) -> Result<Exit, CliError> {
    let loaded = read_project(&arguments.place)?;
    let explanation = Explanation::of(&loaded);
    let text = match app.printer.output {
        Output::Text => explanation.to_string(),
        Output::Json => serde_json::to_string(&explanation)
            .map_err(|error| CliError::new("output", error.to_string()))?,
    };
    app.printer.result(text.trim_end())?;
    Ok(Exit::Done)
}

//! A project and where its state lies: what every command begins with.

use std::path::{Path, PathBuf};

use shipgate_database::{DatabaseUrl, Mode};
use shipgate_project::{Diagnostic, LoadError, Loaded, Override, Project, load};
use shipgate_release::store::Store;
use shipgate_server::state_directory::StateDirectory;

use crate::cli::{App, Place};
use crate::error::{CliError, Exit};

/// Name of the state directory beside the project file.
const STATE: &str = ".shipgate";

/// A project that was read, and its state directory.
pub(crate) struct Site {
    pub(crate) loaded: Loaded,
    pub(crate) state: StateDirectory,
}

impl Site {
    /// Reads the project file and opens the state directory; says what is
    /// doubtful in the file.
    pub(crate) fn open(place: &Place, app: &App) -> Result<Self, CliError> {
        Self::open_with(place, &[], app)
    }

    /// As [`Site::open`], with what flags say beside the file.
    pub(crate) fn open_with(
        place: &Place,
        overrides: &[Override],
        app: &App,
    ) -> Result<Self, CliError> {
        let path = place.files.config.as_ref().unwrap_or(&place.directory);
        let loaded = load(path, overrides).map_err(project_error)?;
        for warning in &loaded.warnings {
            app.printer.warn(&in_words(warning));
        }
        let state = StateDirectory::open(&state_path(place, &loaded.project.directory))?;
        Ok(Self { loaded, state })
    }

    /// The state directory, if anything was ever released here; the project
    /// file is not read, so that a broken one does not stand in the way.
    pub(crate) fn existing_state(place: &Place) -> Option<StateDirectory> {
        let directory = match &place.files.config {
            Some(file) => file.parent().unwrap_or(Path::new(".")).to_owned(),
            None if place.directory.is_file() => place
                .directory
                .parent()
                .unwrap_or(Path::new("."))
                .to_owned(),
            None => place.directory.clone(),
        };
        StateDirectory::existing(&state_path(place, &directory))
    }

    pub(crate) fn project(&self) -> &Project {
        &self.loaded.project
    }

    pub(crate) fn store(&self) -> Store {
        Store::new(self.state.releases())
    }

    /// The front door's address in the project file.
    pub(crate) fn listen(&self) -> String {
        self.project().runtime.listen.value.to_string()
    }

    /// The app's database, absolute; `None` for an app without one.
    pub(crate) fn database(&self) -> Result<Option<DatabaseUrl>, CliError> {
        database(self.project())
    }
}

/// Reads the project file of a place.
pub(crate) fn read_project(place: &Place) -> Result<Loaded, CliError> {
    let path = place.files.config.as_ref().unwrap_or(&place.directory);
    load(path, &[]).map_err(project_error)
}

fn state_path(place: &Place, directory: &Path) -> PathBuf {
    place
        .files
        .state
        .clone()
        .unwrap_or_else(|| directory.join(STATE))
}

/// The database a project names, absolute; `None` when it names none, the
/// environment has no `DATABASE_URL` and there are no migrations.
pub(crate) fn database(project: &Project) -> Result<Option<DatabaseUrl>, CliError> {
    let lookup = |name: &str| variable(project, name);
    let named = project.database.url.is_set() || project.database.directory.is_some();
    let text = match project.database_url(lookup) {
        Ok(text) => text,
        Err(_) if !named => return Ok(None),
        Err(unset) => {
            return Err(CliError::usage("unset-name", unset.to_string()).with_hint(format!(
                "set {0} in the environment, or write `url = \"sqlite://data/app.db\"` under [database]",
                unset.name
            )));
        }
    };
    let url = DatabaseUrl::parse(&text, &project.directory)
        .map_err(|error| CliError::usage("database-url", error.to_string()))?
        .absolute();
    if url.mode() == Some(Mode::Memory) {
        return Err(CliError::usage(
            "database-url",
            "a database in memory is gone with every machine",
        )
        .with_hint("name a file: `url = \"sqlite://data/app.db\"`"));
    }
    Ok(Some(url))
}

/// What a name in the project file means: `[env]` first, then the environment.
pub(crate) fn variable(project: &Project, name: &str) -> Option<String> {
    match project.env.get(name) {
        Some(value) => Some(value.to_owned()),
        None => std::env::var(name).ok(),
    }
}

/// Everything that is wrong with a project file, as one error.
pub(crate) fn project_error(error: LoadError) -> CliError {
    let hint = error.hint();
    let message = error.to_string();
    let error = match error {
        LoadError::Invalid(invalid) => diagnostics_error(&invalid.errors),
        _ => CliError::usage("project-file", message),
    };
    let error = error.exiting(Exit::Usage);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// Errors with their places, as one.
pub(crate) fn diagnostics_error(errors: &[Diagnostic]) -> CliError {
    let headline = match errors {
        [one] => one.headline(),
        [first, ..] => format!("{}: {} errors", first.file.display(), errors.len()),
        [] => "no error".to_owned(),
    };
    let several = errors.len() > 1;
    let lines = errors.iter().enumerate().flat_map(|(at, error)| {
        let mut lines = Vec::new();
        if several {
            lines.push(error.headline());
        }
        if let Some(snippet) = &error.snippet {
            lines.extend(snippet.split('\n').map(str::to_owned));
        }
        if let Some(hint) = &error.hint {
            lines.push(format!("hint: {hint}"));
        }
        if at + 1 < errors.len() {
            lines.push(String::new());
        }
        lines
    });
    CliError::usage("project-file", headline).with_report(lines)
}

/// A diagnostic on one line, with its hint.
pub(crate) fn in_words(diagnostic: &Diagnostic) -> String {
    match &diagnostic.hint {
        Some(hint) => format!("{} ({hint})", diagnostic.headline()),
        None => diagnostic.headline(),
    }
}

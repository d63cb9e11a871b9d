//! The migration tool of a project, and where its migrations stand in a database.

use std::path::{Path, PathBuf};

use shipgate_database::{Access, ConnectOptions, Create, Database, ErrorKind, OpenError};
use shipgate_project::{Project, Sourced};
use shipgate_tools::history::{HistoryError, TableName};
use shipgate_tools::{
    DetectError, Migrations, ReadError, Settings, Status, StatusError, Tool, detect, named, read,
    status, status_of_files, status_of_nothing,
};

use super::access::open_failure;
use crate::error::{CliError, Exit};

/// The tool that is Shipgate's own: directories in Atlas's layout.
pub(crate) const OWN: &str = "atlas";

/// What is said of the migrations beside the project file; it wins over that.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    /// The tool.
    pub(crate) tool: Option<String>,
    /// The directory, absolute or relative to the project's, with `?format=` if need be.
    pub(crate) directory: Option<String>,
    /// The history table.
    pub(crate) table: Option<TableName>,
    /// The section of the tool's configuration.
    pub(crate) environment: Option<String>,
}

/// A project's tool and the migrations of its files.
#[derive(Debug)]
pub(crate) struct Tooling {
    pub(crate) tool: &'static dyn Tool,
    pub(crate) files: shipgate_tools::Project,
    pub(crate) migrations: Box<dyn Migrations>,
    /// The section of the tool's configuration, where it was named.
    pub(crate) section: Option<String>,
}

impl Tooling {
    /// The tool of the project in `root`: the one that is named, else the
    /// detected one; nothing if a project of ours shows no sign of any.
    ///
    /// # Errors
    /// Several may be meant, none is found where there is no project file, or
    /// the migrations cannot be read.
    pub(crate) fn find(
        root: &Path,
        said: &Named,
        project: Option<&Project>,
    ) -> Result<Option<Self>, CliError> {
        let Some(tool) = choose(root, said, project)? else {
            return Ok(None);
        };
        let section = said.environment.clone();
        let mut said = said.clone();
        if said.environment.is_none() {
            said.environment = environment_of(tool, |name| std::env::var(name).ok());
        }
        let mut tooling = Self::read(tool, root, &said, project)?;
        tooling.section = section;
        Ok(Some(tooling))
    }

    /// The tool's own command, for the section that was named; empty: there is none to be known.
    pub(crate) fn command(&self) -> Vec<String> {
        let mut words = self.tool.command(&self.files);
        if let (false, Some(flag), Some(section)) =
            (words.is_empty(), self.tool.section_flag(), &self.section)
        {
            words.extend([flag.to_owned(), section.clone()]);
        }
        words
    }

    /// The migrations of this tool in `root`.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) fn read(
        tool: &'static dyn Tool,
        root: &Path,
        said: &Named,
        project: Option<&Project>,
    ) -> Result<Self, CliError> {
        let files = shipgate_tools::Project::new(root);
        let mut settings = settings(said, project);
        if tool.name() != OWN {
            without_format(&mut settings);
        }
        let migrations = read(tool, &files, &settings).map_err(|error| read_error(&error))?;
        Ok(Self {
            tool,
            files,
            migrations,
            section: None,
        })
    }

    /// Whether the migrations are in a layout that Shipgate calls its own.
    pub(crate) fn is_own(&self) -> bool {
        self.tool.name() == OWN
    }

    /// The first of the migration directories.
    pub(crate) fn directory(&self) -> PathBuf {
        let place = self.migrations.place();
        let first = place.directories.first();
        self.files.root().join(first.map_or("", String::as_str))
    }

    /// From where the tool takes a relative path in a `file:` URL of a database,
    /// if that is not where it is started.
    pub(crate) fn database_directory(&self) -> Option<PathBuf> {
        self.tool.database_directory(&self.files)
    }

    /// What the files hold.
    pub(crate) fn status_of_files(&self) -> Status {
        self.told(status_of_files(
            self.tool,
            &self.files,
            self.migrations.as_ref(),
        ))
    }

    /// The same with the command for the section that was named.
    fn told(&self, status: Status) -> Status {
        Status {
            command: self.command(),
            ..status
        }
    }

    /// What became of each migration in a database. One that is not there yet
    /// has none of them.
    ///
    /// # Errors
    /// The database cannot be opened, or its history is not the tool's.
    pub(crate) async fn status(
        &self,
        database: &dyn Database,
        connect: &ConnectOptions,
    ) -> Result<Status, CliError> {
        let mut session = match database.connect(connect).await {
            Ok(session) => session,
            Err(OpenError::Missing { .. } | OpenError::NoDirectory { .. }) => {
                let mut found = status_of_nothing(self.tool, &self.files, self.migrations.as_ref())
                    .map_err(|error| history_error(&error))?;
                found
                    .notes
                    .push(format!("there is no database at {} yet", database.url()));
                return Ok(self.told(found));
            }
            Err(error) => return Err(open_failure(&error).into()),
        };
        let found = status(
            self.tool,
            &self.files,
            self.migrations.as_ref(),
            session.as_mut(),
        )
        .await;
        session.close().await;
        found
            .map(|found| self.told(found))
            .map_err(|error| history_error(&error))
    }
}

/// How a history is read: nothing is written, and nothing is made.
pub(crate) fn reading() -> ConnectOptions {
    ConnectOptions {
        access: Access::ReadOnly,
        create: Create::Never,
        ..ConnectOptions::default()
    }
}

/// The directory that the project file names, with its format.
fn directory_of(project: &Project) -> Option<String> {
    let written = project.database.directory.as_ref()?.value.as_str();
    let written = written.strip_prefix("file://").unwrap_or(written);
    Some(match &project.database.format {
        Some(format) if !written.contains('?') => format!("{written}?format={}", format.value),
        _ => written.to_owned(),
    })
}

/// The section of a tool's configuration that a variable of its own names.
pub(crate) fn environment_of(
    tool: &dyn Tool,
    lookup: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let mut variables = tool.environment_variables().iter();
    variables.find_map(|variable| lookup(variable).filter(|name| !name.is_empty()))
}

/// What the project file says of another tool's migrations; machines know of
/// no other environment.
pub(crate) fn named_in(project: &Project, tool: &dyn Tool) -> Named {
    Named {
        environment: environment_of(tool, |name| project.env.get(name).map(str::to_owned)),
        ..Named::default()
    }
}

/// The same as the tool's reader takes it.
pub(crate) fn settings_of(project: &Project, tool: &dyn Tool) -> Settings {
    let mut settings = settings(&named_in(project, tool), Some(project));
    without_format(&mut settings);
    settings
}

/// Only Atlas's directories are laid out in several ways.
fn without_format(settings: &mut Settings) {
    settings.directory = settings
        .directory
        .take()
        .map(|directory| directory.split('?').next().unwrap_or_default().to_owned());
}

fn settings(said: &Named, project: Option<&Project>) -> Settings {
    let table = || {
        let written = project?.database.table.as_ref()?;
        Some(TableName::parse(&written.value))
    };
    Settings {
        directory: said.directory.clone().or_else(|| directory_of(project?)),
        table: said.table.clone().or_else(table),
        environment: said.environment.clone(),
        dialect: None,
    }
}

/// The tool of the project in `root`: the one that is named, else the
/// detected one; nothing if a project of ours shows no sign of any.
///
/// # Errors
/// Several may be meant, or none is found where there is no project file.
pub(crate) fn choose(
    root: &Path,
    said: &Named,
    project: Option<&Project>,
) -> Result<Option<&'static dyn Tool>, CliError> {
    if !root.is_dir() {
        let message = format!("no directory {}", root.display());
        return Err(CliError::usage("project-file", message));
    }
    let files = &shipgate_tools::Project::new(root);
    let settings = settings(said, project);
    if let Some(name) = &said.tool {
        return named(name).map(Some).map_err(detect_error);
    }
    if let Some(project) = project
        && let Some(written) = &project.database.tool
    {
        return named(&written.value).map(Some).map_err(|error| {
            let mut error = detect_error(error);
            error.message = format!("{}: {}", place_of(written, project), error.message);
            error
        });
    }
    match (detect(files), &settings.directory) {
        (Ok(candidate), None) => Ok(Some(candidate.tool)),
        // A directory that is named is Shipgate's own, unless it is the detected tool's.
        (Ok(candidate), Some(directory)) => {
            let path = directory.split('?').next().unwrap_or_default();
            match takes(candidate.tool, files, Path::new(path)) {
                Ok(true) => Ok(Some(candidate.tool)),
                Ok(false) => named(OWN).map(Some).map_err(detect_error),
                Err(error) => Err(read_error(&error)),
            }
        }
        (Err(_), Some(_)) => named(OWN).map(Some).map_err(detect_error),
        (Err(error), None) => match (&error, files.take_unread()) {
            // A slip in a manifest, which may be what would have told.
            (DetectError::None { .. }, Some(slip @ ReadError::Syntax { .. })) => {
                Err(read_error(&slip))
            }
            (DetectError::None { .. }, _) if project.is_some() => Ok(None),
            _ => Err(detect_error(error)),
        },
    }
}

/// `shipgate.toml:4:8`, or the name of the flag.
fn place_of<T>(value: &Sourced<T>, project: &Project) -> String {
    match value.origin.place() {
        Some((line, column)) => format!("{}:{line}:{column}", project.file.display()),
        None => value.origin.to_string(),
    }
}

/// A path from the root, without dots and slashes at its end.
pub(super) fn absolute(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.components().collect()
}

/// Whether a tool takes this directory for its own.
///
/// # Errors
/// It is the tool that would be meant, and cannot read its files: whoever wants
/// them applied has to be told so, and not of a layout in which they are nothing.
pub(super) fn takes(
    tool: &'static dyn Tool,
    files: &shipgate_tools::Project,
    directory: &Path,
) -> Result<bool, ReadError> {
    let in_place = |path: &Path| absolute(&files.root().join(path));
    let wanted = in_place(directory);
    match read(tool, files, &Settings::default()) {
        Ok(migrations) => {
            let place = migrations.place();
            let mut own = place.directories.iter().chain(&place.parts);
            Ok(own.any(|own| in_place(Path::new(own)) == wanted))
        }
        Err(ReadError::NoDirectory { .. }) => Ok(false),
        Err(error) => {
            let is_within = |path: &str| in_place(Path::new(path)).starts_with(&wanted);
            if tool.native().is_some() || error.path().is_some_and(is_within) {
                Err(error)
            } else {
                Ok(false)
            }
        }
    }
}

/// No tool, or several, as the user reads it.
pub(crate) fn detect_error(error: DetectError) -> CliError {
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
            let there = if places.len() == 1 { "there is one" } else { "there are some" };
            CliError::usage("no-tool", message)
                .with_hint(format!("{there} deeper down: {}", places.join(", ")))
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

fn history_error(error: &StatusError) -> CliError {
    let failed = CliError::new("history", error.to_string());
    let StatusError::History(error) = error;
    match error {
        HistoryError::Refused { what, error } if error.kind == ErrorKind::NotAllowed => {
            let table = what.strip_prefix("table ").unwrap_or(what);
            failed.with_hint(format!(
                "this user may not read it; whoever owns it can let them: `GRANT SELECT ON {table} TO ...`"
            ))
        }
        HistoryError::Refused { .. } => failed,
        HistoryError::Foreign { .. } | HistoryError::Row { .. } => failed.with_hint(
            "`--table` names the history table, where the tool's configuration cannot be read",
        ),
    }
}

#[cfg(test)]
mod tests {
    use shipgate_database::{ErrorKind, StatementError};
    use shipgate_tools::StatusError;
    use shipgate_tools::history::HistoryError;

    use super::{Named, Tooling, history_error};

    #[test]
    fn who_may_not_read_a_history_is_told_who_can_change_that() {
        let refused = |kind| {
            let error = HistoryError::Refused {
                what: "table public.knex_migrations".to_owned(),
                error: Box::new(StatementError::new(kind, "permission denied")),
            };
            history_error(&StatusError::History(error)).hint
        };
        let hint = refused(ErrorKind::NotAllowed).unwrap_or_default();
        assert!(
            hint.contains("GRANT SELECT ON public.knex_migrations TO"),
            "{hint}"
        );
        assert_eq!(refused(ErrorKind::Refused), None);
    }

    fn command(file: &str, content: &str, section: Option<&str>) -> String {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(file), content).unwrap();
        std::fs::create_dir(directory.path().join("migrations")).unwrap();
        let said = Named {
            environment: section.map(str::to_owned),
            ..Named::default()
        };
        let tooling = Tooling::find(directory.path(), &said, None).unwrap();
        tooling.unwrap().command().join(" ")
    }

    #[test]
    fn a_tool_s_own_command_is_run_for_the_section_that_is_named() {
        let knex = |section| command("knexfile.js", "module.exports = {};", section);
        assert_eq!(knex(None), "npx knex migrate:latest");
        assert_eq!(
            knex(Some("staging")),
            "npx knex migrate:latest --env staging"
        );
        assert_eq!(
            command("database.json", "{}", Some("staging")),
            "npx db-migrate up -e staging"
        );
    }

    #[test]
    fn a_tool_without_sections_is_run_as_it_is() {
        let diesel = command("diesel.toml", "", Some("staging"));
        assert_eq!(diesel, "diesel migration run");
    }
}

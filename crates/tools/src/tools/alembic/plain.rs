//! Alembic itself: `alembic.ini` names a directory with `env.py` and `versions/`.

use super::graph::Graph;
use super::migrations::{Revisions, TABLE};
use super::revision::read_all;
use crate::aftermath::Aftermath;
use crate::expected::{BadExpectation, Expected};
use crate::history::TableName;
use crate::project::{Project, ReadError, clean, join};
use crate::runner;
use crate::sign::Sign;
use crate::text::python::{Literal, Module};
use crate::text::toml::value_at;
use crate::tool::{Migrations, Place, Settings, Tool};
use shipgate_sql::Dialect;

#[derive(Debug)]
pub(crate) struct Alembic;

const TITLE: &str = "Alembic";
const CONFIG: &str = "alembic.ini";

impl Tool for Alembic {
    fn name(&self) -> &'static str {
        "alembic"
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let directory = script_location(project, &mut Vec::new());
        let env = join(&directory, "env.py");
        if runs_in_flask(project, &directory) {
            return signs;
        }
        if project.is_file(&env) {
            signs.push(Sign::migrations(env));
        }
        if project.is_file(CONFIG) {
            signs.push(Sign::configuration(CONFIG));
        }
        if value_at(project, "pyproject.toml", &["tool", "alembic"]).is_some() {
            signs.push(Sign::configuration("pyproject.toml has [tool.alembic]"));
        }
        if project.dependencies().python.contains("alembic") {
            signs.push(Sign::dependency("the project depends on alembic"));
        }
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let mut notes = Vec::new();
        let directory = settings.directory_or(|| script_location(project, &mut notes));
        read(project, settings, &directory, notes, TITLE, "alembic")
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        Revisions::expecting(expected, "alembic")
    }

    fn generator(&self) -> &'static str {
        "alembic revision -m NAME"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        runner::python(project, &["alembic", "upgrade", "head"])
    }

    fn aftermath(&self, dialect: Dialect) -> Aftermath {
        Aftermath::NothingOfRun.on_postgres_only(dialect)
    }
}

/// Reads the revisions of a directory with `env.py` and `versions/`.
pub(super) fn read(
    project: &Project,
    settings: &Settings,
    directory: &str,
    mut notes: Vec<String>,
    title: &'static str,
    program: &'static str,
) -> Result<Box<dyn Migrations>, ReadError> {
    let locations = version_locations(project, directory);
    for location in &locations {
        if !project.is_directory(location) {
            return Err(ReadError::NoDirectory {
                path: location.clone(),
                tool: title,
            });
        }
    }
    let recursive =
        setting(project, "recursive_version_locations").is_some_and(|value| value == "true");
    let mut revisions = Vec::new();
    for location in &locations {
        revisions.extend(read_all(project, location, recursive, &mut notes)?);
    }
    let table = settings.table_or(|| table(project, directory, &mut notes));
    Ok(Box::new(Revisions {
        place: Place {
            directories: locations,
            history: table.to_string(),
            parts: Vec::new(),
            notes,
        },
        table,
        graph: Graph::new(&revisions)?,
        program,
    }))
}

/// A value of `[alembic]`, from alembic.ini or pyproject.toml.
fn setting(project: &Project, key: &str) -> Option<String> {
    let text = project.text(CONFIG).unwrap_or_default();
    let mut in_section = false;
    let mut lines = text.lines().peekable();
    let mut number = 0;
    while let Some(line) = lines.next() {
        number += 1;
        if line.starts_with('[') && !line.contains(']') {
            project.cannot_read(ReadError::Content {
                path: CONFIG.to_owned(),
                line: number,
                message: "this section's name has no `]`".to_owned(),
            });
        }
        if line.starts_with('[') {
            in_section = line.trim() == "[alembic]";
            continue;
        }
        let Some((name, value)) = line.split_once(['=', ':']) else {
            continue;
        };
        if !in_section || line.starts_with(['#', ';', ' ', '\t']) || name.trim() != key {
            continue;
        }
        let mut value = value.trim().to_owned();
        while let Some(more) = lines.next_if(|line| line.starts_with([' ', '\t'])) {
            value.push('\n');
            value.push_str(more.trim());
        }
        return Some(value);
    }
    let value = value_at(project, "pyproject.toml", &["tool", "alembic", key])?;
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        toml::Value::Array(list) => {
            let texts: Vec<&str> = list.iter().filter_map(toml::Value::as_str).collect();
            Some(texts.join("\n"))
        }
        _ => None,
    }
}

/// A path of a setting; `%(here)s` is the directory of the file.
fn path(value: &str) -> String {
    let value = value.replace("%(here)s", ".").replace("%%", "%");
    clean(value.trim()).to_owned()
}

fn script_location(project: &Project, notes: &mut Vec<String>) -> String {
    match setting(project, "script_location").map(|value| path(&value)) {
        Some(location) if location.contains(':') => {
            let (package, below) = location.split_once(':').unwrap_or((&location, ""));
            let directory = join(&package.replace('.', "/"), below);
            notes.push(format!(
                "script_location {location} is taken to be {directory}"
            ));
            directory
        }
        Some(location) if !location.is_empty() => location,
        _ => project
            .first_directory(&["alembic", "migrations"])
            .unwrap_or("alembic")
            .to_owned(),
    }
}

fn version_locations(project: &Project, directory: &str) -> Vec<String> {
    let Some(value) = setting(project, "version_locations") else {
        return vec![join(directory, "versions")];
    };
    let separator =
        setting(project, "path_separator").or_else(|| setting(project, "version_path_separator"));
    let is_separator = |letter: char| match separator.as_deref() {
        Some("os" | ":") => letter == ':' || letter == '\n',
        Some(";") => letter == ';' || letter == '\n',
        Some("newline") => letter == '\n',
        Some("space") => letter == ' ' || letter == '\n',
        _ => matches!(letter, ' ' | ',' | '\n'),
    };
    value
        .split(is_separator)
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(path)
        .collect()
}

/// The history's table as `env.py` names it.
fn table(project: &Project, directory: &str, notes: &mut Vec<String>) -> TableName {
    let file = join(directory, "env.py");
    let module = Module::new(&project.text(&file).unwrap_or_default());
    let mut read = |keyword: &str| {
        let found = module.keywords(keyword);
        let first = found.first()?;
        let resolved = match first {
            Literal::Computed(name) => module.assigned(name).map(|assigned| assigned.value),
            literal => Some(literal.clone()),
        };
        let text = resolved.as_ref().and_then(Literal::text).map(str::to_owned);
        if text.is_none() && resolved != Some(Literal::None) {
            notes.push(format!(
                "{file}: {keyword} is computed; the default is taken"
            ));
        }
        text
    };
    let name = read("version_table").unwrap_or_else(|| TABLE.to_owned());
    TableName::within(read("version_table_schema"), name)
}

/// Whether `env.py` is that of Flask-Migrate.
pub(super) fn runs_in_flask(project: &Project, directory: &str) -> bool {
    project
        .text(&join(directory, "env.py"))
        .is_some_and(|text| text.contains("current_app") || text.contains("flask_migrate"))
}

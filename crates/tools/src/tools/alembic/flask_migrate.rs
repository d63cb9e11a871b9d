//! Flask-Migrate: Alembic's directory with its own `alembic.ini` inside, run as `flask db`.

use super::migrations::Revisions;
use super::plain::{read, runs_in_flask};
use crate::aftermath::Aftermath;
use crate::expected::{BadExpectation, Expected};
use crate::project::{Project, ReadError, clean, join};
use crate::runner;
use crate::sign::Sign;
use crate::text::python::{Literal, Module};
use crate::tool::{Migrations, Settings, Tool};
use shipgate_sql::Dialect;

#[derive(Debug)]
pub(crate) struct FlaskMigrate;

const TITLE: &str = "Flask-Migrate";
const DIRECTORY: &str = "migrations";

impl Tool for FlaskMigrate {
    fn name(&self) -> &'static str {
        "flask-migrate"
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let directory = directory(project);
        if runs_in_flask(project, &directory) {
            signs.push(Sign::migrations(format!(
                "{directory}/env.py runs in the Flask app"
            )));
        }
        if project.dependencies().python.contains("flask-migrate") {
            signs.push(Sign::dependency("the project depends on flask-migrate"));
        }
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let directory = settings.directory_or(|| directory(project));
        read(project, settings, &directory, Vec::new(), TITLE, "flask db")
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        Revisions::expecting(expected, "flask db")
    }

    fn generator(&self) -> &'static str {
        "flask db revision -m NAME"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        let directory = directory(project);
        if directory == DIRECTORY {
            runner::python(project, &["flask", "db", "upgrade"])
        } else {
            runner::python(project, &["flask", "db", "upgrade", "-d", &directory])
        }
    }

    fn aftermath(&self, dialect: Dialect) -> Aftermath {
        Aftermath::NothingOfRun.on_postgres_only(dialect)
    }
}

/// `Migrate(app, db, directory="…")` in a module at the top or one level below.
fn directory(project: &Project) -> String {
    if project.is_directory(DIRECTORY) {
        return DIRECTORY.to_owned();
    }
    let sources = |directory: &str| -> Vec<String> {
        project
            .files(directory)
            .into_iter()
            .filter(|name| name.ends_with(".py"))
            .map(|name| join(directory, &name))
            .collect()
    };
    let mut files = sources("");
    for directory in project.directories_below(1) {
        files.extend(sources(&directory));
    }
    let named = files
        .iter()
        .filter_map(|file| project.text(file))
        .filter(|text| text.contains("flask_migrate"))
        .flat_map(|text| Module::new(&text).keywords("directory"))
        .find_map(|literal| match literal {
            Literal::Text(directory) => Some(directory),
            _ => None,
        });
    named.map_or_else(|| DIRECTORY.to_owned(), |path| clean(&path).to_owned())
}

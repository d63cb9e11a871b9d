//! Flask-Alembic: revisions directly in the app package's `migrations/`, with
//! neither `env.py` nor `alembic.ini`, run as `flask db`.

use super::graph::Graph;
use super::migrations::{Revisions, TABLE};
use super::revision::{Revision, read_all};
use crate::aftermath::Aftermath;
use crate::expected::{BadExpectation, Expected};
use crate::history::TableName;
use crate::project::{Project, ReadError, join};
use crate::runner;
use crate::sign::Sign;
use crate::tool::{Migrations, Place, Settings, Tool};
use shipgate_sql::Dialect;

#[derive(Debug)]
pub(crate) struct FlaskAlembic;

const TITLE: &str = "Flask-Alembic";
const DIRECTORY: &str = "migrations";

impl Tool for FlaskAlembic {
    fn name(&self) -> &'static str {
        "flask-alembic"
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        signs.extend(
            example(project)
                .map(|file| Sign::migrations(format!("{file} is a revision, without env.py"))),
        );
        if project.dependencies().python.contains("flask-alembic") {
            signs.push(Sign::dependency("the project depends on flask-alembic"));
        }
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let directory = settings.directory_or(|| {
            let found = candidates(project)
                .into_iter()
                .find(|directory| holds_revision(project, directory).is_some());
            found.unwrap_or_else(|| DIRECTORY.to_owned())
        });
        if !project.is_directory(&directory) {
            return Err(ReadError::NoDirectory {
                path: directory,
                tool: TITLE,
            });
        }
        let mut notes = Vec::new();
        let revisions = read_all(project, &directory, false, &mut notes)?;
        let table = settings.table_or(|| TableName::new(TABLE));
        Ok(Box::new(Revisions {
            place: Place {
                notes,
                ..Place::new(&directory, &table)
            },
            table,
            graph: Graph::new(&revisions)?,
            program: "flask db",
        }))
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        Revisions::expecting(expected, "flask db")
    }

    fn generator(&self) -> &'static str {
        "flask db revision NAME"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        runner::python(project, &["flask", "db", "upgrade"])
    }

    fn aftermath(&self, dialect: Dialect) -> Aftermath {
        Aftermath::NothingOfRun.on_postgres_only(dialect)
    }
}

/// `migrations/` here and in each package one and two levels below (`src/app/`).
fn candidates(project: &Project) -> Vec<String> {
    let mut found = vec![DIRECTORY.to_owned()];
    found.extend(
        project
            .directories_below(2)
            .into_iter()
            .filter(|directory| project.is_file(&join(directory, "__init__.py")))
            .map(|directory| join(&directory, DIRECTORY)),
    );
    found
}

fn example(project: &Project) -> Option<String> {
    candidates(project)
        .iter()
        .find_map(|directory| holds_revision(project, directory))
}

/// A revision file directly in a directory without `env.py`.
fn holds_revision(project: &Project, directory: &str) -> Option<String> {
    if project.is_file(&join(directory, "env.py")) {
        return None;
    }
    project
        .files(directory)
        .into_iter()
        .filter(|name| name.ends_with(".py"))
        .map(|name| join(directory, &name))
        .find(|path| {
            let text = project.text(path).unwrap_or_default();
            text.contains("down_revision") && matches!(Revision::of(path, &text), Ok(Some(_)))
        })
}

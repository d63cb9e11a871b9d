//! node-pg-migrate: scripts and SQL files in `migrations/`; the history holds
//! names without ending.
//!
//! Source: <https://salsita.github.io/node-pg-migrate/>.

use super::by_row::{ByRow, Layout, Parsed, needed};
use super::javascript_form::{Form, example, is_script};
use super::numbered::files;
use crate::aftermath::Aftermath;
use crate::compare::{Record, Rules, by_number};
use crate::expected::{BadExpectation, Expected};
use crate::history::{Row, Table, TableName};
use crate::migration::split_stem;
use crate::native::Native;
use crate::native::node_pg_migrate::NativeNodePgMigrate;
use crate::project::{Project, ReadError, join};
use crate::runner;
use crate::sign::Sign;
use crate::status::State;
use crate::tool::{Migrations, Place, Settings, Tool};
use shipgate_sql::Dialect;

#[derive(Debug)]
pub(crate) struct NodePgMigrate;

const DIRECTORY: &str = "migrations";

pub(crate) static LAYOUT: Layout = Layout {
    title: "node-pg-migrate",
    required: &["name", "run_on"],
    optional: &[],
    foreign: &["batch"],
    lock: None,
    record,
    rules: Rules {
        order: by_number,
        late: (
            State::OutOfOrder,
            "later ones are applied; node-pg-migrate refuses, unless told `--no-check-order`",
        ),
        missing: "node-pg-migrate refuses where its order is checked",
    },
    finish: |_, _| {},
};

impl Tool for NodePgMigrate {
    fn name(&self) -> &'static str {
        "node-pg-migrate"
    }

    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let script = example(project, DIRECTORY, Form::NodePgMigrate)
            .map(|path| format!("{path} migrates with pgm"));
        let sql = project
            .files(DIRECTORY)
            .into_iter()
            .map(|name| join(DIRECTORY, &name))
            .find(|path| path.ends_with(".sql") && is_marked(project, path))
            .map(|path| format!("{path} has `-- Up Migration`"));
        signs.extend(script.or(sql).map(Sign::migrations));
        if project.dependencies().node.contains("node-pg-migrate") {
            signs.push(Sign::dependency("package.json depends on node-pg-migrate"));
        }
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let directory = settings.directory_or(|| DIRECTORY.to_owned());
        if !project.is_directory(&directory) {
            return Err(ReadError::NoDirectory {
                path: directory,
                tool: LAYOUT.title,
            });
        }
        let mut migrations = files(project, &directory, |file| {
            if !is_script(file) && !file.ends_with(".sql") || file.starts_with('.') {
                return None;
            }
            let stem = file.rsplit_once('.')?.0;
            let (version, name) = split_stem(stem);
            Some((stem.to_owned(), version, name))
        });
        migrations.sort_by(|a, b| by_number(&a.id, &b.id));
        let table = table(project, settings);
        Ok(Box::new(ByRow {
            place: Place::new(&directory, &table),
            table,
            migrations,
            layout: &LAYOUT,
        }))
    }

    fn native(&self) -> Option<&'static dyn Native> {
        Some(&NativeNodePgMigrate)
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        ByRow::expecting(expected, &LAYOUT)
    }

    fn generator(&self) -> &'static str {
        "node-pg-migrate create NAME"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        runner::node(project, &["node-pg-migrate", "up"])
    }

    fn aftermath(&self, dialect: Dialect) -> Aftermath {
        Aftermath::of_one_transaction(dialect)
    }
}

/// The history table; without `migrations-schema` and `schema` it is in `public`,
/// whatever the session's path says.
pub(crate) fn table(project: &Project, settings: &Settings) -> TableName {
    settings.table_or(|| {
        let text = |key: &str| Some(option(project, key)?.as_str()?.to_owned());
        let first = || {
            let schemas = option(project, "schema")?;
            let first = schemas.get(0).unwrap_or(&schemas);
            Some(first.as_str()?.to_owned())
        };
        let schema = text("migrations-schema").or_else(first);
        let name = text("migrations-table");
        TableName::within(
            Some(schema.unwrap_or_else(|| "public".to_owned())),
            name.unwrap_or_else(|| "pgmigrations".to_owned()),
        )
    })
}

/// What `db` in `config/default.json` says.
fn option(project: &Project, key: &str) -> Option<serde_json::Value> {
    let text = project.text("config/default.json")?;
    let config: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(config.get("db")?.get(key)?.clone())
}

fn is_marked(project: &Project, path: &str) -> bool {
    project.text(path).is_some_and(|text| {
        text.lines().any(|line| {
            line.trim_start()
                .strip_prefix("--")
                .is_some_and(|rest| rest.trim().to_lowercase().starts_with("up migration"))
        })
    })
}

fn record(_table: &Table, row: &Row<'_>) -> Result<Parsed, String> {
    let id = needed(row, "name")?;
    let (version, name) = split_stem(&id);
    Ok(Parsed::Record(
        Record::applied(id, version, name).at(row.time("run_on")),
    ))
}

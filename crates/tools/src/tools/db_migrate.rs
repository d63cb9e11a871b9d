//! db-migrate: scripts in `migrations/`, some of them wrappers of `sqls/*.sql`;
//! the history holds `/` and the name without ending.
//!
//! Source: <https://db-migrate.readthedocs.io/en/latest/>.

use super::by_row::{ByRow, Layout, Parsed, needed};
use super::javascript_form::{Form, example};
use crate::compare::{Record, Rules, by_text};
use crate::expected::{BadExpectation, Expected};
use crate::history::{Row, Table, TableName};
use crate::migration::{Migration, split_stem};
use crate::native::Native;
use crate::native::db_migrate::NativeDbMigrate;
use crate::project::{Project, ReadError, base_name, join};
use crate::runner;
use crate::sign::Sign;
use crate::status::State;
use crate::text::json;
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct DbMigrate;

const DIRECTORY: &str = "migrations";
const CONFIG: &str = "database.json";
const ENDINGS: [&str; 4] = [".js", ".cjs", ".mjs", ".ts"];

pub(crate) static LAYOUT: Layout = Layout {
    title: "db-migrate",
    required: &["name", "run_on"],
    optional: &[],
    foreign: &["batch", "migration"],
    lock: None,
    record,
    rules: Rules {
        order: by_text,
        late: (
            State::OutOfOrder,
            "later ones are applied; db-migrate applies it all the same",
        ),
        missing: "db-migrate does not say so",
    },
    finish: |_, _| {},
};

impl Tool for DbMigrate {
    fn name(&self) -> &'static str {
        "db-migrate"
    }

    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        signs.extend(
            project
                .first_file(&[CONFIG, ".db-migraterc"])
                .map(Sign::configuration),
        );
        let example = example(project, DIRECTORY, Form::DbMigrate);
        signs.extend(
            example.map(|path| Sign::migrations(format!("{path} migrates with db-migrate"))),
        );
        if project.dependencies().node.contains("db-migrate") {
            signs.push(Sign::dependency("package.json depends on db-migrate"));
        }
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let directory = settings.directory_or(|| {
            option(project, "migrations-dir").unwrap_or_else(|| DIRECTORY.to_owned())
        });
        if !project.is_directory(&directory) {
            return Err(ReadError::NoDirectory {
                path: directory,
                tool: LAYOUT.title,
            });
        }
        let mut migrations = scripts(project, &directory, "");
        let mut scopes = Vec::new();
        for scope in project.directories(&directory) {
            let scoped = scripts(project, &directory, &scope);
            if !matches!(scope.as_str(), "sqls" | "node_modules") && !scoped.is_empty() {
                scopes.push(scope);
                migrations.extend(scoped);
            }
        }
        let mut notes = Vec::new();
        if !scopes.is_empty() {
            notes.push(format!(
                "scopes are read too: {}; `db-migrate up` alone runs only what has none",
                scopes.join(", ")
            ));
        }
        let table = table(project, settings);
        Ok(Box::new(ByRow {
            place: Place {
                notes,
                ..Place::new(&directory, &table)
            },
            table,
            migrations,
            layout: &LAYOUT,
        }))
    }

    fn native(&self) -> Option<&'static dyn Native> {
        Some(&NativeDbMigrate)
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        ByRow::expecting(expected, &LAYOUT)
    }

    fn section_flag(&self) -> Option<&'static str> {
        Some("-e")
    }

    fn generator(&self) -> &'static str {
        "db-migrate create NAME --sql-file"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        runner::node(project, &["db-migrate", "up"])
    }
}

/// The history table.
pub(crate) fn table(project: &Project, settings: &Settings) -> TableName {
    settings.table_or(|| {
        TableName::within(
            schema(project, settings.environment.as_deref()),
            option(project, "migration-table").unwrap_or_else(|| "migrations".to_owned()),
        )
    })
}

/// Whether a file of this name is a migration.
pub(crate) fn is_migration(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_digit())
        && ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// A text in `.db-migraterc`.
fn option(project: &Project, name: &str) -> Option<String> {
    let text = project.text(".db-migraterc")?;
    let options: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(options.get(name)?.as_str()?.to_owned())
}

/// The schema that the environment's section of `database.json` names for PostgreSQL.
fn schema(project: &Project, environment: Option<&str>) -> Option<String> {
    let file = option(project, "config").unwrap_or_else(|| CONFIG.to_owned());
    let config = json::value(project, &file)?;
    let usual = config.get("defaultEnv").and_then(|name| name.as_str());
    let named = option(project, "env");
    let section = match environment.or(named.as_deref()).or(usual) {
        Some(name) => config.get(name),
        None => config.get("dev").or_else(|| config.get("development")),
    }?;
    let is_postgres = matches!(section.get("driver")?.as_str()?, "pg" | "cockroachdb");
    let schema = section.get("schema").filter(|_| is_postgres)?;
    Some(schema.as_str()?.to_owned())
}

/// The migrations directly in a directory, or in a scope's.
fn scripts(project: &Project, directory: &str, scope: &str) -> Vec<Migration> {
    let directory = join(directory, scope);
    project
        .files(&directory)
        .into_iter()
        .filter_map(|name| {
            let mut endings = ENDINGS.iter();
            let stem = endings.find_map(|ending| name.strip_suffix(ending))?;
            if !is_migration(&name) {
                return None;
            }
            let (version, title) = split_stem(stem);
            let file = join(&directory, &name);
            Some(Migration::new(
                format!("{scope}/{stem}"),
                version,
                title,
                file,
            ))
        })
        .collect()
}

fn record(_table: &Table, row: &Row<'_>) -> Result<Parsed, String> {
    let id = needed(row, "name")?;
    if !id.contains('/') {
        return Ok(Parsed::Foreign(id));
    }
    let (version, name) = split_stem(base_name(&id));
    Ok(Parsed::Record(
        Record::applied(id, version, name).at(row.time("run_on")),
    ))
}

//! goose: `<number>_<name>.sql` with `-- +goose Up`, or `.go`.
//!
//! Source: <https://pressly.github.io/goose/>.

use std::collections::HashMap;

use shipgate_database::DatabaseUrl;
use shipgate_sql::Dialect;

use super::numbered::{bare, digits_and_rest, files};
use crate::compare::{Comparison, Record, Rules, by_id, by_number};
use crate::expected::{BadExpectation, Expected};
use crate::history::{HistoryError, TableName, Tables, Wanted};
use crate::migration::Migration;
use crate::native::Native;
use crate::native::goose::NativeGoose;
use crate::project::{Project, ReadError, join};
use crate::runner;
use crate::sign::Sign;
use crate::status::State;
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct Goose;

pub(crate) const TITLE: &str = "goose";
/// The history table.
pub(crate) const TABLE: &str = "goose_db_version";
const MODULE: &str = "github.com/pressly/goose";
const MARK: &str = "+goose Up";
const DIRECTORIES: [&str; 6] = [
    "migrations",
    "db/migrations",
    "sql/schema",
    "schema",
    "internal/migrations",
    ".",
];

const RULES: Rules = Rules {
    order: by_number,
    late: (
        State::OutOfOrder,
        "later ones are applied; goose refuses, unless told `-allow-missing`",
    ),
    missing: "goose does not say so",
};

impl Tool for Goose {
    fn name(&self) -> &'static str {
        "goose"
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let example = DIRECTORIES
            .into_iter()
            .find_map(|directory| marked(project, directory));
        signs.extend(example.map(|path| Sign::migrations(format!("{path} has `-- {MARK}`"))));
        let modules = &project.dependencies().go;
        if modules.iter().any(|path| path.starts_with(MODULE)) {
            signs.push(Sign::dependency(format!("go.mod requires {MODULE}")));
        }
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let directory = settings.directory_or(|| directory(project));
        if !directory.is_empty() && !project.is_directory(&directory) {
            return Err(ReadError::NoDirectory {
                path: directory,
                tool: TITLE,
            });
        }
        let mut migrations = files(project, &directory, |file| {
            let stem = file.strip_suffix(".sql").or_else(|| {
                let stem = file.strip_suffix(".go")?;
                (!stem.ends_with("_test")).then_some(stem)
            })?;
            let (number, name) = digits_and_rest(stem)?;
            let id = bare(number);
            (id != "0" && stem[number.len()..].starts_with('_'))
                .then(|| (id, number.to_owned(), name.to_owned()))
        });
        migrations.sort_by(|a, b| by_number(&a.id, &b.id));
        if let Some(pair) = migrations.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(ReadError::Contradiction(format!(
                "{} and {} have the same version; goose refuses both",
                pair[0].file, pair[1].file
            )));
        }
        let table = settings.table_or(|| TableName::new(TABLE));
        Ok(Box::new(GooseMigrations {
            place: Place::new(
                if directory.is_empty() {
                    "."
                } else {
                    &directory
                },
                &table,
            ),
            table,
            migrations,
        }))
    }

    fn native(&self) -> Option<&'static dyn Native> {
        Some(&NativeGoose)
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        Ok(Box::new(GooseMigrations {
            place: expected.place(),
            table: expected.table()?,
            migrations: expected.read(),
        }))
    }

    fn generator(&self) -> &'static str {
        "goose create NAME sql"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        let directory = directory(project);
        let directory = if directory.is_empty() {
            "."
        } else {
            &directory
        };
        runner::plain(&["goose", "-dir", directory, "up"])
    }

    fn database_variables(&self, url: &DatabaseUrl) -> Vec<(&'static str, String)> {
        let (driver, place) = match (url.dialect(), url.file()) {
            (Dialect::Sqlite, Some(file)) => ("sqlite3", file.display().to_string()),
            (Dialect::Postgres, _) => ("postgres", url.expose().to_owned()),
            // Go's own spelling of a MySQL address is not that of a URL.
            _ => return Vec::new(),
        };
        vec![
            ("GOOSE_DRIVER", driver.to_owned()),
            ("GOOSE_DBSTRING", place),
        ]
    }
}

pub(crate) fn directory(project: &Project) -> String {
    let found = DIRECTORIES
        .into_iter()
        .find(|directory| marked(project, directory).is_some());
    crate::project::clean(found.unwrap_or(DIRECTORIES[0])).to_owned()
}

/// The first file of a directory that has goose's mark.
fn marked(project: &Project, directory: &str) -> Option<String> {
    project
        .files(directory)
        .into_iter()
        .filter(|name| name.ends_with(".sql"))
        .map(|name| join(directory, &name))
        .find(|path| {
            project
                .text(path)
                .is_some_and(|text| text.lines().any(is_mark))
        })
}

fn is_mark(line: &str) -> bool {
    line.trim_start()
        .strip_prefix("--")
        .is_some_and(|rest| rest.trim_start().starts_with(MARK))
}

#[derive(Debug)]
struct GooseMigrations {
    place: Place,
    table: TableName,
    migrations: Vec<Migration>,
}

impl Migrations for GooseMigrations {
    fn place(&self) -> &Place {
        &self.place
    }

    fn listed(&self) -> Vec<Migration> {
        self.migrations.clone()
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        vec![wanted(&self.table)]
    }

    fn compare(&self, tables: &Tables) -> Result<Comparison, HistoryError> {
        let mut comparison = by_id(self.migrations.clone(), records(tables), &RULES);
        if comparison.has(State::OutOfOrder) {
            let directory = self.place.directories.first().map_or(".", String::as_str);
            comparison.hint(format!(
                "`goose -dir {directory} -allow-missing up` runs what came late"
            ));
        }
        Ok(comparison)
    }
}

/// The history table as it is read.
pub(crate) fn wanted(table: &TableName) -> Wanted {
    Wanted::new(table.clone(), &["version_id", "is_applied"]).optional(&["id", "tstamp"])
}

/// What the rows say; version 0 is none of a file's.
pub(crate) fn records(tables: &Tables) -> Vec<Record> {
    // The newest row of a version counts; very old versions wrote one for a rollback too.
    let mut newest: HashMap<i64, (i64, Option<Record>)> = HashMap::new();
    for row in tables.get(0).iter().flat_map(|table| table.rows()) {
        let Some(version) = row.integer("version_id") else {
            continue;
        };
        let id = row.integer("id").unwrap_or_default();
        if version == 0 || newest.get(&version).is_some_and(|(newer, _)| *newer > id) {
            continue;
        }
        let text = version.to_string();
        let record = (row.truth("is_applied") != Some(false))
            .then(|| Record::applied(&text, &text, "").at(row.time("tstamp")));
        newest.insert(version, (id, record));
    }
    newest
        .into_values()
        .filter_map(|(_, record)| record)
        .collect()
}

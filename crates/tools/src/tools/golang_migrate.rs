//! golang-migrate: `<version>_<title>.up.sql` and `.down.sql`. The history is
//! one row, the current version; everything up to it counts as applied.
//!
//! Source: <https://github.com/golang-migrate/migrate>.

use shipgate_sql::Dialect;

use super::numbered::{bare, digits_and_rest};
use crate::aftermath::Aftermath;
use crate::compare::{Comparison, Record, by_number, without_file};
use crate::expected::{BadExpectation, Expected};
use crate::history::{HistoryError, TableName, Tables, Wanted};
use crate::migration::Migration;
use crate::native::Native;
use crate::native::golang_migrate::NativeGolangMigrate;
use crate::project::{Project, ReadError, join};
use crate::runner;
use crate::sign::Sign;
use crate::status::{Entry, State};
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct GolangMigrate;

pub(crate) const TITLE: &str = "golang-migrate";
/// The history table.
pub(crate) const TABLE: &str = "schema_migrations";
const MODULE: &str = "github.com/golang-migrate/migrate";
const DIRECTORIES: [&str; 6] = [
    "migrations",
    "db/migrations",
    "db/migration",
    "database/migrations",
    "internal/migrations",
    "internal/db/migrations",
];

impl Tool for GolangMigrate {
    fn name(&self) -> &'static str {
        "golang-migrate"
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let depends = project
            .dependencies()
            .go
            .iter()
            .any(|path| path.starts_with(MODULE));
        let directory = directory(project);
        let example = pairs(project, &directory).into_iter().next();
        if let Some((_, _, file)) = example
            && !project.is_file("Cargo.toml")
        {
            let text = format!("{} and its .down", join(&directory, &file));
            signs.push(if depends {
                Sign::migrations(text)
            } else {
                Sign::dependency(text)
            });
        }
        if depends {
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
        if !project.is_directory(&directory) {
            return Err(ReadError::NoDirectory {
                path: directory,
                tool: TITLE,
            });
        }
        let mut migrations: Vec<Migration> = pairs(project, &directory)
            .into_iter()
            .map(|(version, title, file)| {
                Migration::new(bare(&version), version, title, join(&directory, &file))
            })
            .collect();
        migrations.sort_by(|a, b| by_number(&a.id, &b.id));
        if let Some(pair) = migrations.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(ReadError::Contradiction(format!(
                "{} and {} have the same version; golang-migrate refuses both",
                pair[0].file, pair[1].file
            )));
        }
        let table = settings.table_or(|| TableName::new(TABLE));
        Ok(Box::new(GolangMigrations {
            place: Place {
                notes: vec![
                    "golang-migrate keeps only the current version: everything up to it counts as applied"
                        .to_owned(),
                ],
                ..Place::new(&directory, &table)
            },
            table,
            migrations,
        }))
    }

    fn native(&self) -> Option<&'static dyn Native> {
        Some(&NativeGolangMigrate)
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        Ok(Box::new(GolangMigrations {
            place: expected.place(),
            table: expected.table()?,
            migrations: expected.read(),
        }))
    }

    fn generator(&self) -> &'static str {
        "migrate create -ext sql -dir DIRECTORY NAME"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        runner::plain(&[
            "migrate",
            "-path",
            &directory(project),
            "-database",
            "$DATABASE_URL",
            "up",
        ])
    }

    fn aftermath(&self, _dialect: Dialect) -> Aftermath {
        Aftermath::Marked
    }
}

/// The history table as it is read.
pub(crate) fn wanted(table: &TableName) -> Wanted {
    Wanted::new(table.clone(), &["version", "dirty"])
}

pub(crate) fn directory(project: &Project) -> String {
    DIRECTORIES
        .into_iter()
        .find(|directory| !pairs(project, directory).is_empty())
        .unwrap_or(DIRECTORIES[0])
        .to_owned()
}

/// Version, title and name of each up file.
fn pairs(project: &Project, directory: &str) -> Vec<(String, String, String)> {
    project
        .files(directory)
        .into_iter()
        .filter_map(|file| {
            let stem = file.strip_suffix(".up.sql")?;
            let (version, title) = digits_and_rest(stem)?;
            stem[version.len()..]
                .starts_with('_')
                .then(|| (version.to_owned(), title.to_owned(), file.clone()))
        })
        .collect()
}

#[derive(Debug)]
struct GolangMigrations {
    place: Place,
    table: TableName,
    migrations: Vec<Migration>,
}

impl Migrations for GolangMigrations {
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
        let rows: Vec<_> = tables
            .get(0)
            .iter()
            .flat_map(|table| table.rows())
            .collect();
        let mut comparison = Comparison::default();
        if rows.len() > 1 {
            comparison.warnings.push(format!(
                "the history has {} rows; golang-migrate keeps one",
                rows.len()
            ));
        }
        let row = rows.first();
        let current = row.and_then(|row| row.text("version"));
        let is_dirty = row.and_then(|row| row.truth("dirty")) == Some(true);
        for migration in &self.migrations {
            let order = current
                .as_deref()
                .map(|current| by_number(&migration.id, current));
            let state = match order {
                None | Some(std::cmp::Ordering::Greater) => State::Pending,
                Some(std::cmp::Ordering::Equal) if is_dirty => State::Failed,
                Some(_) => State::Applied,
            };
            let entry = Entry::of(migration.clone(), state);
            comparison.entries.push(if state == State::Failed {
                entry.because("the version is dirty: it began and did not end well")
            } else {
                entry
            });
        }
        let Some(current) = current else {
            return Ok(comparison);
        };
        if !self.migrations.iter().any(|known| known.id == current) {
            let at = comparison
                .entries
                .partition_point(|entry| by_number(&entry.id, &current).is_lt());
            let record = Record::applied(&current, &current, "");
            let missing = without_file(record, "the database stands at it");
            comparison.entries.insert(at, missing);
        }
        if is_dirty {
            let before = self
                .migrations
                .iter()
                .rfind(|known| by_number(&known.id, &current).is_lt())
                .map_or("-1", |known| known.id.as_str());
            comparison.warnings.push(format!(
                "version {current} is dirty: golang-migrate refuses to go on"
            ));
            let directory = self.place.directories.first().map_or(".", String::as_str);
            let force = |version: &str| {
                format!("`migrate -path {directory} -database \"$DATABASE_URL\" force {version}`")
            };
            comparison.hint(format!("when its changes are undone: {}", force(before)));
            comparison.hint(format!(
                "when they are completed by hand: {}",
                force(&current)
            ));
        }
        Ok(comparison)
    }
}

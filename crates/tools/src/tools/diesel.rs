//! Diesel: `<version>_<name>/up.sql`; the version is the folder's name up to
//! the first `_`, without dashes, and is compared as text.
//!
//! Source: <https://docs.rs/diesel_migrations>.

use super::by_row::{ByRow, Layout, Parsed, needed};
use super::cargo::named_in_macro;
use crate::compare::{Record, Rules, by_text};
use crate::expected::{BadExpectation, Expected};
use crate::history::{Row, Table, TableName};
use crate::migration::Migration;
use crate::native::Native;
use crate::native::diesel::NativeDiesel;
use crate::project::{Project, ReadError, clean, join};
use crate::runner;
use crate::sign::Sign;
use crate::status::State;
use crate::text::toml::text_at;
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct Diesel;

const DIRECTORY: &str = "migrations";
const CONFIG: &str = "diesel.toml";

pub(crate) static LAYOUT: Layout = Layout {
    title: "Diesel",
    required: &["version", "run_on"],
    optional: &[],
    foreign: &[],
    lock: None,
    record,
    rules: Rules {
        order: by_text,
        late: (
            State::OutOfOrder,
            "later ones are applied; diesel applies it all the same",
        ),
        missing: "diesel does not say so",
    },
    finish: |_, _| {},
};

impl Tool for Diesel {
    fn name(&self) -> &'static str {
        "diesel"
    }

    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        if project.is_file(CONFIG) {
            signs.push(Sign::configuration(CONFIG));
        }
        for name in ["diesel", "diesel_migrations"] {
            if project.dependencies().rust.contains(name) {
                signs.push(Sign::dependency(format!("Cargo.toml depends on {name}")));
            }
        }
        let directory = directory(project);
        let example = project
            .directories(&directory)
            .into_iter()
            .map(|folder| join(&join(&directory, &folder), "up.sql"))
            .find(|file| project.is_file(file));
        signs.extend(example.map(Sign::migrations));
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
                tool: LAYOUT.title,
            });
        }
        let mut migrations = Vec::new();
        for folder in project.directories(&directory) {
            let path = join(&directory, &folder);
            let is_empty = project.files(&path).is_empty() && project.directories(&path).is_empty();
            if folder.starts_with('.') || is_empty {
                continue;
            }
            let file = join(&path, "up.sql");
            if !project.is_file(&file) {
                return Err(ReadError::Contradiction(format!(
                    "{path} has no up.sql; diesel refuses the whole directory"
                )));
            }
            let (version, name) = version_and_name(&folder);
            migrations.push(Migration::new(version.clone(), version, name, path));
        }
        migrations.sort_by(|a, b| a.id.cmp(&b.id));
        let table = table(settings);
        Ok(Box::new(ByRow {
            place: Place::new(&directory, &table),
            table,
            migrations,
            layout: &LAYOUT,
        }))
    }

    fn native(&self) -> Option<&'static dyn Native> {
        Some(&NativeDiesel)
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        ByRow::expecting(expected, &LAYOUT)
    }

    fn generator(&self) -> &'static str {
        "diesel migration generate NAME"
    }

    fn command(&self, _project: &Project) -> Vec<String> {
        runner::plain(&["diesel", "migration", "run"])
    }
}

/// Version and name of a migration's folder.
pub(crate) fn version_and_name(folder: &str) -> (String, &str) {
    let (version, name) = folder.split_once('_').unwrap_or((folder, ""));
    (version.replace('-', ""), name)
}

/// The history table.
pub(crate) fn table(settings: &Settings) -> TableName {
    settings.table_or(|| TableName::new("__diesel_schema_migrations"))
}

fn directory(project: &Project) -> String {
    let named = text_at(project, CONFIG, &["migrations_directory", "dir"]).or_else(|| {
        let usual = project.is_directory(DIRECTORY);
        (!usual)
            .then(|| named_in_macro(project, "embed_migrations!"))
            .flatten()
    });
    // `diesel setup` writes an absolute path.
    let root = project.root().display().to_string();
    named.map_or_else(
        || DIRECTORY.to_owned(),
        |path| {
            let within = path
                .strip_prefix(&root)
                .map(|rest| rest.trim_start_matches('/'));
            clean(within.unwrap_or(&path)).to_owned()
        },
    )
}

fn record(_table: &Table, row: &Row<'_>) -> Result<Parsed, String> {
    let version = needed(row, "version")?;
    Ok(Parsed::Record(
        Record::applied(version.clone(), version, "").at(row.time("run_on")),
    ))
}

//! Ecto: `priv/<repo>/migrations/<version>_<name>.exs`.
//!
//! Source: <https://hexdocs.pm/ecto_sql/Ecto.Migration.html>.

use super::by_row::{ByRow, Layout, Parsed, needed};
use super::numbered::{bare, digits_and_rest};
use crate::compare::{Record, Rules, by_number};
use crate::expected::{BadExpectation, Expected};
use crate::history::{Row, Table, TableName};
use crate::migration::Migration;
use crate::project::{Project, ReadError, base_name, join};
use crate::runner;
use crate::sign::Sign;
use crate::status::State;
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct Ecto;

const USUAL: &str = "priv/repo/migrations";

static LAYOUT: Layout = Layout {
    title: "Ecto",
    required: &["version", "inserted_at"],
    optional: &[],
    foreign: &["dirty"],
    lock: None,
    record,
    rules: Rules {
        order: by_number,
        late: (
            State::OutOfOrder,
            "later ones are applied; ecto applies it all the same",
        ),
        missing: "`mix ecto.migrations` shows it as up",
    },
    finish: |_, _| {},
};

impl Tool for Ecto {
    fn name(&self) -> &'static str {
        "ecto"
    }

    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let example = directories(project).into_iter().find_map(|directory| {
            let file = scripts(project, &directory).into_iter().next()?.file;
            Some(Sign::migrations(file))
        });
        signs.extend(example);
        if project.dependencies().elixir.contains("ecto_sql") {
            signs.push(Sign::dependency("mix.exs depends on ecto_sql"));
        }
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let found = directories(project);
        let mut notes = Vec::new();
        let directory = settings.directory_or(|| {
            let first = found.first().cloned().unwrap_or_else(|| USUAL.to_owned());
            if found.len() > 1 {
                notes.push(format!(
                    "there are several repositories: {}; {first} is taken, `--dir` names another",
                    found.join(", ")
                ));
            }
            first
        });
        if !project.is_directory(&directory) {
            return Err(ReadError::NoDirectory {
                path: directory,
                tool: LAYOUT.title,
            });
        }
        let mut migrations = scripts(project, &directory);
        migrations.sort_by(|a, b| by_number(&a.id, &b.id));
        let table = settings.table_or(|| TableName::new(source(project)));
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

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        ByRow::expecting(expected, &LAYOUT)
    }

    fn generator(&self) -> &'static str {
        "mix ecto.gen.migration NAME"
    }

    fn command(&self, _project: &Project) -> Vec<String> {
        runner::plain(&["mix", "ecto.migrate"])
    }
}

fn directories(project: &Project) -> Vec<String> {
    project
        .directories("priv")
        .into_iter()
        .map(|repository| join(&join("priv", &repository), "migrations"))
        .filter(|directory| !scripts(project, directory).is_empty())
        .collect()
}

fn scripts(project: &Project, directory: &str) -> Vec<Migration> {
    project
        .files_below(directory)
        .into_iter()
        .filter_map(|path| {
            let stem = base_name(&path).strip_suffix(".exs")?;
            let (version, name) = digits_and_rest(stem)?;
            let file = join(directory, &path);
            Some(Migration::new(bare(version), version, name, file))
        })
        .collect()
}

/// `migration_source: "…"` in the configuration.
fn source(project: &Project) -> String {
    let named = project
        .files("config")
        .into_iter()
        .filter_map(|name| project.text(&join("config", &name)))
        .find_map(|text| {
            let rest = text.split_once("migration_source:")?.1.trim_start();
            Some(rest.strip_prefix('"')?.split('"').next()?.to_owned())
        });
    named.unwrap_or_else(|| "schema_migrations".to_owned())
}

fn record(_table: &Table, row: &Row<'_>) -> Result<Parsed, String> {
    let version = needed(row, "version")?;
    Ok(Parsed::Record(
        Record::applied(bare(&version), version, "").at(row.time("inserted_at")),
    ))
}

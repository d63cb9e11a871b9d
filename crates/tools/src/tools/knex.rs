//! Knex: scripts in `migrations/`, in order of their whole names; the history
//! holds a name with its ending.
//!
//! Source: <https://knexjs.org/guide/migrations.html>.

use super::by_row::{ByRow, Layout, Parsed, needed};
use super::javascript_form::{Form, example};
use crate::aftermath::Aftermath;
use crate::compare::{Comparison, Record, Rules, by_text};
use crate::expected::{BadExpectation, Expected};
use crate::history::{Row, Table, TableName, Tables, Wanted};
use crate::migration::{Migration, split_stem};
use crate::project::{Project, ReadError, base_name, clean, join};
use crate::runner;
use crate::sign::Sign;
use crate::status::State;
use crate::text::javascript::Script;
use crate::tool::{Migrations, Place, Settings, Tool};
use shipgate_sql::Dialect;

#[derive(Debug)]
pub(crate) struct Knex;

const FILES: [&str; 4] = ["knexfile.js", "knexfile.ts", "knexfile.mjs", "knexfile.cjs"];
const ENDINGS: [&str; 9] = [
    ".co",
    ".coffee",
    ".eg",
    ".iced",
    ".js",
    ".cjs",
    ".litcoffee",
    ".ls",
    ".ts",
];
const DIRECTORY: &str = "migrations";
/// Where a knexfile names the history's table.
const NAME: [&str; 2] = ["migrations", "tableName"];
/// The section that is taken if none is named.
const DEVELOPMENT: &str = "development";

static LAYOUT: Layout = Layout {
    title: "Knex",
    required: &["name", "batch"],
    optional: &["migration_time"],
    foreign: &[],
    lock: Some(|table| {
        let name = format!("{}_lock", table.name);
        Wanted::new(
            TableName::within(table.schema.clone(), name),
            &["is_locked"],
        )
    }),
    record,
    rules: Rules {
        order: by_text,
        late: (
            State::OutOfOrder,
            "later ones are applied; knex applies it all the same",
        ),
        missing: "knex refuses to migrate: \"The migration directory is corrupt\"",
    },
    finish,
};

impl Tool for Knex {
    fn name(&self) -> &'static str {
        "knex"
    }

    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let file = project.first_file(&FILES);
        signs.extend(file.map(Sign::configuration));
        let directories = file
            .and_then(|file| directories(project, file, DEVELOPMENT).ok())
            .unwrap_or_else(|| vec![DIRECTORY.to_owned()]);
        let example = directories
            .iter()
            .find_map(|directory| example(project, directory, Form::Knex));
        signs.extend(example.map(|path| Sign::migrations(format!("{path} migrates with knex"))));
        if project.dependencies().node.contains("knex") {
            signs.push(Sign::dependency("package.json depends on knex"));
        }
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let file = project.first_file(&FILES);
        let section = settings.environment.as_deref().unwrap_or(DEVELOPMENT);
        let mut notes = Vec::new();
        let directories = match (&settings.directory, file) {
            (Some(directory), _) => vec![clean(directory).to_owned()],
            (None, Some(file)) => directories(project, file, section).unwrap_or_else(|note| {
                notes.push(note);
                vec![DIRECTORY.to_owned()]
            }),
            (None, None) => vec![DIRECTORY.to_owned()],
        };
        let table = settings.table_or(|| table(project, file, section, &mut notes));
        let endings = endings(project, file, section, &mut notes);
        let mut migrations = Vec::new();
        for directory in &directories {
            if !project.is_directory(directory) {
                return Err(ReadError::NoDirectory {
                    path: directory.clone(),
                    tool: LAYOUT.title,
                });
            }
            migrations.extend(project.files(directory).into_iter().filter_map(|name| {
                let ending = endings
                    .iter()
                    .find(|ending| name.ends_with(ending.as_str()))?;
                if name.ends_with(".d.ts") {
                    return None;
                }
                let (version, title) = split_stem(name.strip_suffix(ending.as_str())?);
                let file = join(directory, &name);
                Some(Migration::new(name, version, title, file))
            }));
        }
        migrations.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Box::new(ByRow {
            place: Place {
                directories,
                history: table.to_string(),
                parts: Vec::new(),
                notes,
            },
            table,
            migrations,
            layout: &LAYOUT,
        }))
    }

    fn environment_variables(&self) -> &'static [&'static str] {
        &["NODE_ENV"]
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        ByRow::expecting(expected, &LAYOUT)
    }

    fn section_flag(&self) -> Option<&'static str> {
        Some("--env")
    }

    fn generator(&self) -> &'static str {
        "knex migrate:make NAME"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        runner::node(project, &["knex", "migrate:latest"])
    }

    fn aftermath(&self, dialect: Dialect) -> Aftermath {
        Aftermath::of_one_transaction(dialect)
    }
}

/// The directories a knexfile names; Err: what could not be read.
fn directories(project: &Project, file: &str, section: &str) -> Result<Vec<String>, String> {
    let script = Script::new(&project.text(file).unwrap_or_default());
    let found = script.find_in(section, &["migrations", "directory"]);
    let Some(first) = found.first() else {
        return Ok(vec![DIRECTORY.to_owned()]);
    };
    let texts = first
        .texts()
        .filter(|_| found.iter().all(|value| value == first));
    texts
        .map(|texts| texts.iter().map(|text| clean(text).to_owned()).collect())
        .ok_or_else(|| {
            format!(
                "{file}: migrations.directory is computed or differs by environment; {DIRECTORY} is taken"
            )
        })
}

/// The endings of migrations: `loadExtensions`, else Knex's own.
fn endings(
    project: &Project,
    file: Option<&str>,
    section: &str,
    notes: &mut Vec<String>,
) -> Vec<String> {
    let usual = || ENDINGS.map(str::to_owned).to_vec();
    let Some(file) = file else { return usual() };
    let script = Script::new(&project.text(file).unwrap_or_default());
    let found = script.find_in(section, &["migrations", "loadExtensions"]);
    let Some(first) = found.first() else {
        return usual();
    };
    let said = first.texts();
    said.filter(|_| found.iter().all(|value| value == first))
        .unwrap_or_else(|| {
            notes.push(format!(
                "{file}: migrations.loadExtensions is computed or differs by environment; the default is taken"
            ));
            usual()
        })
}

fn table(
    project: &Project,
    file: Option<&str>,
    section: &str,
    notes: &mut Vec<String>,
) -> TableName {
    let script = Script::new(&file.and_then(|file| project.text(file)).unwrap_or_default());
    let file = file.unwrap_or_default();
    let mut read = |path: &[&str]| {
        let found = script.find_in(section, path);
        let Some(first) = found.first() else {
            if path == NAME && script.takes_parts(path[0]) {
                notes.push(format!(
                    "{file}: migrations takes parts from elsewhere; the default is taken for what it does not say itself"
                ));
            }
            return None;
        };
        let texts = first
            .texts()
            .filter(|_| found.iter().all(|value| value == first));
        if texts.is_none() {
            notes.push(format!(
                "{file}: {} is computed or differs by environment; the default is taken",
                path.join(".")
            ));
        }
        texts?.into_iter().next()
    };
    let name = read(&NAME).unwrap_or_else(|| "knex_migrations".to_owned());
    // Without a schema of its own the table is in the first of the path.
    let schema = read(&["migrations", "schemaName"]).or_else(|| read(&["searchPath"]));
    TableName::within(schema, name)
}

fn record(_table: &Table, row: &Row<'_>) -> Result<Parsed, String> {
    let id = needed(row, "name")?;
    let stem = id.rsplit_once('.').map_or(id.as_str(), |(stem, _)| stem);
    let (version, name) = split_stem(base_name(stem));
    let batch = row.integer("batch").map(|batch| format!("batch {batch}"));
    Ok(Parsed::Record(
        Record::applied(id, version, name)
            .at(row.time("migration_time"))
            .by(batch),
    ))
}

fn finish(comparison: &mut Comparison, tables: &Tables) {
    let is_locked = tables
        .get(1)
        .is_some_and(|lock| lock.rows().any(|row| row.integer("is_locked") == Some(1)));
    if is_locked {
        comparison
            .warnings
            .push("the lock row is set: another run is under way, or one was killed".to_owned());
        comparison.hint("if nothing runs: `knex migrate:unlock`");
    }
    let renamed = renamed(comparison);
    for (row, file) in renamed {
        for entry in &mut comparison.entries {
            if entry.id == row {
                entry.why = Some(format!(
                    "the file is called {file} now; knex counts the ending as part of the name"
                ));
            }
        }
        comparison.hint(format!(
            "`UPDATE knex_migrations SET name = '{file}' WHERE name = '{row}'` follows the renaming"
        ));
    }
    if comparison.has(State::MissingFile) {
        comparison.hint("bring the missing files back: knex runs nothing until they are there");
    }
}

/// Rows whose file has another ending now.
fn renamed(comparison: &Comparison) -> Vec<(String, String)> {
    let stem = |id: &str| id.rsplit_once('.').map(|(stem, _)| stem.to_owned());
    let unapplied: std::collections::HashMap<String, &str> = comparison
        .entries
        .iter()
        .filter(|entry| matches!(entry.state, State::Pending | State::OutOfOrder))
        .filter_map(|entry| Some((stem(&entry.id)?, entry.id.as_str())))
        .collect();
    comparison
        .entries
        .iter()
        .filter(|entry| entry.state == State::MissingFile)
        .filter_map(|entry| {
            let file = unapplied.get(&stem(&entry.id)?)?;
            Some((entry.id.clone(), (*file).to_owned()))
        })
        .collect()
}

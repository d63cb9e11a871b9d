//! Sequelize and umzug: scripts in `migrations/`; the history holds a name
//! with its ending, in a table or in a JSON file.
//!
//! Source: <https://github.com/sequelize/cli>, <https://github.com/sequelize/umzug>.

use shipgate_sql::Dialect;

use super::by_row::{ByRow, Layout, Parsed, needed};
use super::javascript_form::{Form, example};
use crate::aftermath::Aftermath;
use crate::compare::{Comparison, Record, Rules, by_id, by_text};
use crate::expected::{BadExpectation, Expected};
use crate::history::{HistoryError, Row, Table, TableName, Tables, Wanted};
use crate::migration::{Migration, split_stem};
use crate::project::{Project, ReadError, clean, join};
use crate::runner;
use crate::sign::Sign;
use crate::status::State;
use crate::text::javascript::{Script, Value};
use crate::text::json;
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct Sequelize;

const DIRECTORY: &str = "migrations";
const TABLE: &str = "SequelizeMeta";
const ENDINGS: [&str; 4] = [".js", ".cjs", ".ts", ".cts"];
const CONFIGS: [&str; 4] = [
    "config/config.json",
    "config/config.js",
    "config/config.cjs",
    "config/database.js",
];

static LAYOUT: Layout = Layout {
    title: "Sequelize",
    required: &["name"],
    optional: &["createdAt"],
    foreign: &["batch", "run_on", "timestamp", "app"],
    lock: None,
    record,
    rules: Rules {
        order: by_text,
        late: (
            State::OutOfOrder,
            "later ones are applied; sequelize applies it all the same",
        ),
        missing: "`db:migrate:status` shows it as up",
    },
    finish: |_, _| {},
};

impl Tool for Sequelize {
    fn name(&self) -> &'static str {
        "sequelize"
    }

    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        if project.is_file(".sequelizerc") {
            signs.push(Sign::configuration(".sequelizerc"));
        }
        let (directory, _) = directory(project);
        let example = example(project, &directory, Form::Sequelize);
        signs.extend(
            example.map(|path| Sign::migrations(format!("{path} migrates with a queryInterface"))),
        );
        for name in ["sequelize-cli", "sequelize", "umzug"] {
            if project.dependencies().node.contains(name) {
                signs.push(Sign::dependency(format!("package.json depends on {name}")));
            }
        }
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let (usual, mut notes) = directory(project);
        let directory = settings.directory_or(|| usual);
        if !project.is_directory(&directory) {
            return Err(ReadError::NoDirectory {
                path: directory,
                tool: LAYOUT.title,
            });
        }
        let migrations = project
            .files(&directory)
            .into_iter()
            .filter(|name| !name.ends_with(".d.ts"))
            .filter_map(|name| {
                let stem = ENDINGS
                    .iter()
                    .find_map(|ending| name.strip_suffix(ending))?;
                let (version, title) = split_stem(stem);
                let file = join(&directory, &name);
                Some(Migration::new(name, version, title, file))
            })
            .collect();
        let storage = storage(project, settings.environment.as_deref(), &mut notes);
        let table = settings.table_or(|| storage.table.clone());
        let rows = ByRow {
            place: Place {
                notes,
                ..Place::new(&directory, &table)
            },
            table,
            migrations,
            layout: &LAYOUT,
        };
        match storage.file {
            Some(file) if settings.table.is_none() => {
                Ok(Box::new(InFile::read(project, rows, file)?))
            }
            _ => Ok(Box::new(rows)),
        }
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
        "sequelize-cli migration:generate --name NAME"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        if project.dependencies().node.contains("sequelize-cli") || project.is_file(".sequelizerc")
        {
            runner::node(project, &["sequelize-cli", "db:migrate"])
        } else {
            Vec::new()
        }
    }

    fn aftermath(&self, _dialect: Dialect) -> Aftermath {
        Aftermath::Unmarked
    }
}

fn directory(project: &Project) -> (String, Vec<String>) {
    let script = Script::new(&project.text(".sequelizerc").unwrap_or_default());
    match script.one(&["migrations-path"]) {
        Some(Value::Text(path)) => (clean(&path).to_owned(), Vec::new()),
        None => (DIRECTORY.to_owned(), Vec::new()),
        Some(_) => (
            DIRECTORY.to_owned(),
            vec![format!(
                ".sequelizerc: migrations-path is computed; {DIRECTORY} is taken"
            )],
        ),
    }
}

/// Where the history is.
struct Storage {
    table: TableName,
    file: Option<String>,
}

fn storage(project: &Project, environment: Option<&str>, notes: &mut Vec<String>) -> Storage {
    let rc = Script::new(&project.text(".sequelizerc").unwrap_or_default());
    let option = |key: &str| match rc.one(&[key]) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    let named = option("config");
    let section = environment
        .map(str::to_owned)
        .or_else(|| option("env"))
        .unwrap_or_else(|| "development".to_owned());
    let file = named
        .as_deref()
        .or_else(|| project.first_file(&CONFIGS))
        .unwrap_or_default();
    let script = Script::new(&project.text(file).unwrap_or_default());
    let mut read = |key: &str| {
        let found = script.find_in(&section, &[key]);
        match found.first()? {
            Value::Text(text) if found.iter().all(|value| value == &found[0]) => Some(text.clone()),
            _ => {
                notes.push(format!(
                    "{file}: {key} is computed or differs by environment; the default is taken"
                ));
                None
            }
        }
    };
    let table = TableName::within(
        read("migrationStorageTableSchema"),
        read("migrationStorageTableName").unwrap_or_else(|| TABLE.to_owned()),
    );
    let uses_cli = project.dependencies().node.contains("sequelize-cli") || !file.is_empty();
    let kind = read("migrationStorage");
    let path = read("migrationStoragePath");
    let file = match kind.as_deref() {
        Some("json") => Some(path.unwrap_or_else(|| "sequelize-meta.json".to_owned())),
        Some("none") => {
            notes.push(format!(
                "{file}: migrationStorage is none: nothing is recorded"
            ));
            None
        }
        None if !uses_cli && project.is_file("umzug.json") => Some("umzug.json".to_owned()),
        _ => None,
    };
    Storage { table, file }
}

fn record(_table: &Table, row: &Row<'_>) -> Result<Parsed, String> {
    let id = needed(row, "name")?;
    Ok(Parsed::Record(of_name(id).at(row.time("createdAt"))))
}

fn of_name(id: String) -> Record {
    let stem = ENDINGS
        .iter()
        .find_map(|ending| id.strip_suffix(ending))
        .unwrap_or(&id);
    let (version, name) = split_stem(stem);
    Record::applied(id, version, name)
}

/// A history that is a JSON list of names in a file.
#[derive(Debug)]
struct InFile {
    rows: ByRow,
    names: Vec<String>,
}

impl InFile {
    fn read(project: &Project, mut rows: ByRow, file: String) -> Result<Self, ReadError> {
        let names = match project.text(&file) {
            None => Vec::new(),
            Some(text) => serde_json::from_str(&text).map_err(|error| {
                json::syntax(&file, "this is no list of applied migrations", &error)
            })?,
        };
        rows.place.history = file;
        Ok(Self { rows, names })
    }
}

impl Migrations for InFile {
    fn place(&self) -> &Place {
        &self.rows.place
    }

    fn listed(&self) -> Vec<Migration> {
        self.rows.listed()
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        Vec::new()
    }

    fn compare(&self, _tables: &Tables) -> Result<Comparison, HistoryError> {
        let records = self.names.iter().cloned().map(of_name).collect();
        Ok(by_id(self.rows.listed(), records, &LAYOUT.rules))
    }
}

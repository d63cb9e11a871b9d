//! Prisma Migrate: `<time>_<name>/migration.sql` beside the schema.
//!
//! Source: <https://www.prisma.io/docs/orm/prisma-migrate>.

use std::collections::HashMap;
use std::path::PathBuf;

use shipgate_sql::Dialect;

use crate::aftermath::Aftermath;
use crate::checksum::{self, Checksum};
use crate::compare::{Comparison, Outcome, Record, Rules, by_id, by_text};
use crate::expected::{BadExpectation, Expected};
use crate::history::{HistoryError, Row, TableName, Tables, Wanted};
use crate::migration::{Migration, split_stem};
use crate::native::Native;
use crate::native::prisma::NativePrisma;
use crate::project::{Project, ReadError, join, parent};
use crate::runner;
use crate::sign::Sign;
use crate::status::State;
use crate::text::javascript::{Script, Value};
use crate::text::json;
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct Prisma;

pub(crate) const TITLE: &str = "Prisma Migrate";
const CONFIGS: [&str; 5] = [
    "prisma.config.ts",
    "prisma.config.js",
    "prisma.config.mts",
    "prisma.config.mjs",
    "prisma.config.cjs",
];

const RULES: Rules = Rules {
    order: by_text,
    late: (
        State::OutOfOrder,
        "later ones are applied; prisma applies it all the same",
    ),
    missing: "prisma does not say so when it deploys",
};

impl Tool for Prisma {
    fn name(&self) -> &'static str {
        "prisma"
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let (directory, _) = directory(project);
        let lock = join(&directory, "migration_lock.toml");
        if project.is_file(&lock) {
            signs.push(Sign::migrations(lock));
        }
        let schema = schema(project).or_else(|| {
            project
                .is_directory("prisma/schema")
                .then(|| "prisma/schema/".to_owned())
        });
        signs.extend(schema.map(Sign::configuration));
        signs.extend(project.first_file(&CONFIGS).map(Sign::configuration));
        if project.dependencies().node.contains("prisma") {
            signs.push(Sign::dependency("package.json depends on prisma"));
        }
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let (usual, notes) = directory(project);
        let directory = settings.directory_or(|| usual);
        if !project.is_directory(&directory) {
            return Err(ReadError::NoDirectory {
                path: directory,
                tool: TITLE,
            });
        }
        let mut migrations = Vec::new();
        for name in project.directories(&directory) {
            let file = join(&join(&directory, &name), "migration.sql");
            if name.starts_with('.') || !project.is_file(&file) {
                continue;
            }
            let sums = checksum::prisma(&project.read(&file)?);
            let (version, title) = split_stem(&name);
            migrations.push(
                Migration::new(name, version, title, file).with_checksum(Checksum::Any(sums)),
            );
        }
        let table = table(settings);
        Ok(Box::new(PrismaMigrations {
            place: Place {
                notes,
                ..Place::new(&directory, &table)
            },
            table,
            migrations,
        }))
    }

    fn native(&self) -> Option<&'static dyn Native> {
        Some(&NativePrisma)
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        Ok(Box::new(PrismaMigrations {
            place: expected.place(),
            table: expected.table()?,
            migrations: expected.read(),
        }))
    }

    /// Beside the schema; with a configuration file, where Prisma is started.
    fn database_directory(&self, project: &Project) -> Option<PathBuf> {
        let schema = schema(project)?;
        let is_configured = project.first_file(&CONFIGS).is_some();
        (!is_configured).then(|| project.root().join(parent(&schema)))
    }

    fn generator(&self) -> &'static str {
        "prisma migrate dev --create-only --name NAME"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        runner::node(project, &["prisma", "migrate", "deploy"])
    }

    fn begins_in_empty_schemas(&self) -> bool {
        true
    }

    fn aftermath(&self, _dialect: Dialect) -> Aftermath {
        Aftermath::Marked
    }
}

/// The history table.
pub(crate) fn table(settings: &Settings) -> TableName {
    settings.table_or(|| TableName::new("_prisma_migrations"))
}

/// The history table as it is read.
pub(crate) fn wanted(table: &TableName) -> Wanted {
    let required = &[
        "migration_name",
        "checksum",
        "finished_at",
        "rolled_back_at",
    ];
    Wanted::new(table.clone(), required).optional(&["logs", "started_at", "applied_steps_count"])
}

/// The schema file.
fn schema(project: &Project) -> Option<String> {
    let named = json::value(project, "package.json")
        .and_then(|manifest| Some(manifest.get("prisma")?.get("schema")?.as_str()?.to_owned()));
    named.or_else(|| {
        project
            .first_file(&["prisma/schema.prisma", "schema.prisma"])
            .map(str::to_owned)
    })
}

/// The migration directory, and what could not be read.
fn directory(project: &Project) -> (String, Vec<String>) {
    let mut notes = Vec::new();
    if let Some(file) = project.first_file(&CONFIGS) {
        let script = Script::new(&project.text(file).unwrap_or_default());
        match script.one(&["migrations", "path"]) {
            Some(Value::Text(path)) => return (crate::project::clean(&path).to_owned(), notes),
            Some(_) => notes.push(format!(
                "{file}: migrations.path is computed; the directory beside the schema is taken"
            )),
            None => {}
        }
        if let Some(Value::Text(path)) = script.one(&["schema"]) {
            return (beside(project, &path), notes);
        }
    }
    let schema = schema(project).unwrap_or_else(|| "prisma/schema.prisma".to_owned());
    (beside(project, &schema), notes)
}

/// The directory beside a schema file, or in a schema directory.
fn beside(project: &Project, schema: &str) -> String {
    let within = join(schema, "migrations");
    if project.is_directory(&within) {
        within
    } else {
        join(parent(crate::project::clean(schema)), "migrations")
    }
}

#[derive(Debug)]
struct PrismaMigrations {
    place: Place,
    table: TableName,
    migrations: Vec<Migration>,
}

impl Migrations for PrismaMigrations {
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
        let Recorded {
            records,
            mut rolled_back,
        } = recorded(tables);
        let mut comparison = by_id(self.migrations.clone(), records, &RULES);
        for entry in &mut comparison.entries {
            match entry.state {
                State::Pending => entry.why = rolled_back.remove(&entry.id),
                State::Edited => {
                    entry.why = Some(
                        "the file is not what was applied; `prisma migrate deploy` does not compare"
                            .to_owned(),
                    );
                }
                _ => {}
            }
        }
        if let Some(failed) = comparison.first(State::Failed) {
            let id = failed.id.clone();
            comparison.warnings.push(format!(
                "prisma applies nothing while {id} stands as failed (P3009); it may be half applied"
            ));
            comparison.hint(format!(
                "when its changes are undone: `prisma migrate resolve --rolled-back {id}`"
            ));
            comparison.hint(format!(
                "when they are completed by hand: `prisma migrate resolve --applied {id}`"
            ));
        }
        Ok(comparison)
    }
}

/// What the rows of the history say.
pub(crate) struct Recorded {
    /// One record for each migration.
    pub(crate) records: Vec<Record>,
    /// What became of migrations that were marked rolled back, by name.
    pub(crate) rolled_back: HashMap<String, String>,
}

/// What the rows say; of several for one migration a failed one counts,
/// because prisma refuses to go on.
pub(crate) fn recorded(tables: &Tables) -> Recorded {
    let mut records: HashMap<String, Record> = HashMap::new();
    let mut rolled_back: HashMap<String, String> = HashMap::new();
    for row in tables.get(0).iter().flat_map(|table| table.rows()) {
        let name = row.text("migration_name").unwrap_or_default();
        if row.holds("rolled_back_at") {
            let at = row.time("rolled_back_at");
            let at = at.map_or_else(String::new, |at| format!(" at {at:.0}"));
            rolled_back.insert(name, format!("it failed and was marked rolled back{at}"));
            continue;
        }
        let record = record(name.clone(), &row);
        let failed = matches!(record.outcome, Outcome::Failed(_));
        if failed || !records.contains_key(&name) {
            records.insert(name, record);
        }
    }
    Recorded {
        records: records.into_values().collect(),
        rolled_back,
    }
}

fn record(id: String, row: &Row<'_>) -> Record {
    let (version, name) = split_stem(&id);
    let mut record = Record::applied(id, version, name);
    record.checksum = row.text("checksum").map(|checksum| checksum.to_lowercase());
    if row.holds("finished_at") {
        return record.at(row.time("finished_at"));
    }
    let first = row.text("logs").and_then(|logs| {
        let line = logs.lines().find(|line| !line.trim().is_empty())?;
        Some(line.trim().to_owned())
    });
    record.outcome = Outcome::Failed(
        first.unwrap_or_else(|| "it began and never ended: it runs now, or was killed".to_owned()),
    );
    record.at(row.time("started_at"))
}

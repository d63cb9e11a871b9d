//! TypeORM: classes whose name ends with 13 digits, their time.
//!
//! Source: <https://typeorm.io/docs/advanced-topics/migrations>.

use std::cmp::Ordering;

use super::by_row::{ByRow, Layout, Parsed, needed};
use super::javascript_form::is_script;
use crate::aftermath::Aftermath;
use crate::compare::{Record, Rules, by_number};
use crate::expected::{BadExpectation, Expected};
use crate::history::{Row, Table, TableName};
use crate::migration::Migration;
use crate::project::{Project, ReadError, join, parent};
use crate::runner;
use crate::sign::Sign;
use crate::status::State;
use crate::text::javascript::{Script, Value};
use crate::tool::{Migrations, Place, Settings, Tool};
use shipgate_sql::Dialect;

#[derive(Debug)]
pub(crate) struct TypeOrm;

const SOURCES: [&str; 10] = [
    "data-source.ts",
    "data-source.js",
    "src/data-source.ts",
    "src/data-source.js",
    "src/database/data-source.ts",
    "src/db/data-source.ts",
    "ormconfig.ts",
    "ormconfig.js",
    "ormconfig.json",
    "src/config/data-source.ts",
];
const DIRECTORIES: [&str; 7] = [
    "src/migrations",
    "src/migration",
    "migrations",
    "migration",
    "src/database/migrations",
    "src/db/migrations",
    "db/migrations",
];
const DIGITS: usize = 13;

static LAYOUT: Layout = Layout {
    title: "TypeORM",
    required: &["timestamp", "name"],
    optional: &[],
    foreign: &["batch", "run_on"],
    lock: None,
    record,
    rules: Rules {
        order: by_time,
        late: (
            State::OutOfOrder,
            "later ones are applied; typeorm applies it all the same",
        ),
        missing: "typeorm does not say so",
    },
    finish: |_, _| {},
};

impl Tool for TypeOrm {
    fn name(&self) -> &'static str {
        "typeorm"
    }

    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let source = SOURCES.into_iter().find(|file| {
            project
                .text(file)
                .is_some_and(|text| text.contains("typeorm") || file.starts_with("ormconfig"))
        });
        signs.extend(source.map(Sign::configuration));
        let directory = directory(project);
        let example = project
            .files(&directory)
            .into_iter()
            .map(|name| join(&directory, &name))
            .find(|path| is_script(path) && !classes(project, path).is_empty());
        signs.extend(
            example.map(|path| Sign::migrations(format!("{path} implements MigrationInterface"))),
        );
        if project.dependencies().node.contains("typeorm") {
            signs.push(Sign::dependency("package.json depends on typeorm"));
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
                tool: LAYOUT.title,
            });
        }
        let mut notes = Vec::new();
        let mut migrations: Vec<Migration> = Vec::new();
        for name in project.files(&directory) {
            let path = join(&directory, &name);
            if !is_script(&name) {
                continue;
            }
            for id in classes(project, &path) {
                match split(&id) {
                    Some((time, title)) => migrations.push(Migration::new(&id, time, title, &path)),
                    None => notes.push(format!(
                        "{path}: `{id}` does not end with {DIGITS} digits; typeorm refuses it"
                    )),
                }
            }
        }
        migrations.sort_by(|a, b| by_number(&a.version, &b.version));
        let table = settings.table_or(|| table(project));
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
        "typeorm migration:create PATH"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        let source = project.first_file(&SOURCES).unwrap_or(SOURCES[0]);
        let program = if source.ends_with(".ts") {
            "typeorm-ts-node-commonjs"
        } else {
            "typeorm"
        };
        runner::node(project, &[program, "migration:run", "-d", source])
    }

    fn aftermath(&self, dialect: Dialect) -> Aftermath {
        Aftermath::of_one_transaction(dialect)
    }
}

/// The directory of the first pattern under `migrations:`, else a usual one.
fn directory(project: &Project) -> String {
    let named = SOURCES.into_iter().find_map(|file| {
        let script = Script::new(&project.text(file)?);
        let patterns = script.one(&["migrations"])?.texts()?;
        let pattern = patterns.first()?.replace(".ts", "").replace(".js", "");
        let fixed = pattern.split(['*', '{']).next().unwrap_or_default();
        let directory = parent(fixed);
        [directory.to_owned(), join(parent(file), directory)]
            .into_iter()
            .map(|path| crate::project::clean(&path).to_owned())
            .find(|path| !path.is_empty() && project.is_directory(path))
    });
    named.unwrap_or_else(|| {
        project
            .first_directory(&DIRECTORIES)
            .unwrap_or(DIRECTORIES[0])
            .to_owned()
    })
}

/// The history, in the schema of the data source.
fn table(project: &Project) -> TableName {
    let option = |key: &str| {
        SOURCES.into_iter().find_map(|file| {
            let script = Script::new(&project.text(file)?);
            match script.one(&[key])? {
                Value::Text(name) => Some(name),
                _ => None,
            }
        })
    };
    let name = option("migrationsTableName").unwrap_or_else(|| "migrations".to_owned());
    TableName::within(option("schema"), name)
}

/// What the history calls the migrations of a file: each class's `name`, else its own.
fn classes(project: &Project, path: &str) -> Vec<String> {
    let text = project.text(path).unwrap_or_default();
    let script = Script::new(&text);
    let mut names = script.classes();
    names.retain(|name| split(name).is_some() || is_exported(&script, name));
    if !(script.names("MigrationInterface")
        || path.ends_with("js") && names.iter().any(|name| split(name).is_some()))
    {
        return Vec::new();
    }
    match (names.as_slice(), script.assigned("name")) {
        ([_], Some(Value::Text(name))) => vec![name],
        (names, _) => names.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Whether TypeORM sees a class that may be a helper of the file's own.
fn is_exported(script: &Script, class: &str) -> bool {
    [
        &["export", "class"][..],
        &["export", "default", "class"],
        &["=", "class"],
    ]
    .iter()
    .any(|before| script.has(&[before, &[class][..]].concat()))
}

/// `AddUsers1795170151000` is (`1795170151000`, `AddUsers`).
fn split(name: &str) -> Option<(&str, &str)> {
    let at = name.len().checked_sub(DIGITS)?;
    let (title, time) = name.split_at_checked(at)?;
    time.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some((time, title))
}

/// By the time a class's name ends with.
fn by_time(a: &str, b: &str) -> Ordering {
    let time = |name| split(name).map_or("", |(time, _)| time);
    time(a).cmp(time(b)).then_with(|| a.cmp(b))
}

fn record(_table: &Table, row: &Row<'_>) -> Result<Parsed, String> {
    let id = needed(row, "name")?;
    let time = needed(row, "timestamp")?;
    let title = split(&id)
        .map_or(id.as_str(), |(_, title)| title)
        .to_owned();
    Ok(Parsed::Record(Record::applied(id, time, title)))
}

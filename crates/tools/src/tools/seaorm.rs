//! SeaORM: `m<date>_<time>_<name>.rs`, in the order of `Migrator::migrations()`.
//!
//! Source: <https://www.sea-ql.org/SeaORM/docs/migration/setting-up-migration/>.

use super::by_row::{ByRow, Layout, Parsed, needed};
use crate::aftermath::Aftermath;
use crate::compare::{Record, Rules, by_text};
use crate::expected::{BadExpectation, Expected};
use crate::history::{Row, Table, TableName};
use crate::migration::Migration;
use crate::project::{Project, ReadError, join};
use crate::runner;
use crate::sign::Sign;
use crate::status::State;
use crate::text::toml::text_at;
use crate::tool::{Migrations, Place, Settings, Tool};
use shipgate_sql::Dialect;

#[derive(Debug)]
pub(crate) struct SeaOrm;

const DIRECTORIES: [&str; 4] = [
    "migration/src",
    "migrations/src",
    "crates/migration/src",
    "src",
];

static LAYOUT: Layout = Layout {
    title: "SeaORM",
    required: &["version", "applied_at"],
    optional: &[],
    foreign: &[],
    lock: None,
    record,
    rules: Rules {
        order: by_text,
        late: (
            State::OutOfOrder,
            "later ones are applied; sea-orm applies it all the same",
        ),
        missing: "sea-orm refuses: \"Migration file of version ... is missing\"",
    },
    finish: |_, _| {},
};

impl Tool for SeaOrm {
    fn name(&self) -> &'static str {
        "seaorm"
    }

    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let example = directory(project).and_then(|directory| {
            let file = stems(project, &directory).into_iter().next()?;
            Some(Sign::migrations(join(&directory, &format!("{file}.rs"))))
        });
        signs.extend(example);
        let in_crate = DIRECTORIES.into_iter().find(|directory| {
            let manifest = join(directory.trim_end_matches("/src"), "Cargo.toml");
            text_at(
                project,
                &manifest,
                &["dependencies", "sea-orm-migration", "version"],
            )
            .is_some()
                || text_at(project, &manifest, &["dependencies", "sea-orm-migration"]).is_some()
        });
        if in_crate.is_some() || project.dependencies().rust.contains("sea-orm-migration") {
            signs.push(Sign::dependency("Cargo.toml depends on sea-orm-migration"));
        }
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let usual = || directory(project).unwrap_or_else(|| DIRECTORIES[0].to_owned());
        let directory = settings.directory_or(usual);
        if !project.is_directory(&directory) {
            return Err(ReadError::NoDirectory {
                path: directory,
                tool: LAYOUT.title,
            });
        }
        let library = join(&directory, "lib.rs");
        let text = project.text(&library).unwrap_or_default();
        let stems = stems(project, &directory);
        let listed = listed(&text, &stems);
        let mut notes = Vec::new();
        let left_out: Vec<&str> = stems
            .iter()
            .map(String::as_str)
            .filter(|stem| !listed.contains(&(*stem).to_owned()))
            .collect();
        if !left_out.is_empty() {
            notes.push(format!(
                "{library} does not list {} in migrations()",
                left_out.join(", ")
            ));
        }
        let mut migrations = Vec::new();
        for stem in listed {
            let file = join(&directory, &format!("{stem}.rs"));
            let source = project.read_text(&file)?;
            let id = written_name(&source).unwrap_or_else(|| stem.clone());
            let (version, name) = version_and_name(&stem);
            migrations.push(Migration::new(id, version, name, file));
        }
        let table = settings.table_or(|| {
            TableName::new(table(&text).unwrap_or_else(|| "seaql_migrations".to_owned()))
        });
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
        "sea-orm-cli migrate generate NAME"
    }

    fn command(&self, _project: &Project) -> Vec<String> {
        runner::plain(&["sea-orm-cli", "migrate", "up"])
    }

    fn aftermath(&self, dialect: Dialect) -> Aftermath {
        Aftermath::NothingOfRun.on_postgres_only(dialect)
    }
}

fn directory(project: &Project) -> Option<String> {
    DIRECTORIES
        .into_iter()
        .find(|directory| {
            !stems(project, directory).is_empty()
                && project
                    .text(&join(directory, "lib.rs"))
                    .is_some_and(|text| text.contains("MigratorTrait"))
        })
        .map(str::to_owned)
}

/// Modules with the name of a migration.
fn stems(project: &Project, directory: &str) -> Vec<String> {
    let is_migration = |stem: &str| {
        stem.strip_prefix('m').is_some_and(|rest| {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            digits >= 8 && rest[digits..].starts_with('_')
        })
    };
    project
        .files(directory)
        .iter()
        .filter_map(|name| name.strip_suffix(".rs"))
        .filter(|stem| is_migration(stem))
        .map(str::to_owned)
        .collect()
}

/// The modules in the order of the list `migrations()` returns.
fn listed(text: &str, stems: &[String]) -> Vec<String> {
    let body = text
        .split_once("fn migrations(")
        .map_or("", |(_, body)| body);
    let code: String = body
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let mut found: Vec<(usize, String)> = stems
        .iter()
        .filter_map(|stem| Some((code.find(&format!("{stem}::"))?, stem.clone())))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, stem)| stem).collect()
}

/// What `fn name(&self) -> &str { "…" }` returns.
fn written_name(source: &str) -> Option<String> {
    let body = source.split_once("fn name(&self)")?.1;
    let body = body.split_once('{')?.1;
    Some(
        body.trim_start()
            .strip_prefix('"')?
            .split('"')
            .next()?
            .to_owned(),
    )
}

/// What `migration_table_name()` returns.
fn table(text: &str) -> Option<String> {
    let body = text.split_once("fn migration_table_name")?.1;
    Some(body.split('"').nth(1)?.to_owned())
}

/// `m20261101_100000_create_users` is (`20261101_100000`, `create_users`).
fn version_and_name(stem: &str) -> (String, String) {
    let rest = stem.strip_prefix('m').unwrap_or(stem);
    let width = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || *byte == b'_')
        .count();
    let version = rest[..width].trim_end_matches('_');
    (version.to_owned(), rest[width..].to_owned())
}

fn record(_table: &Table, row: &Row<'_>) -> Result<Parsed, String> {
    let id = needed(row, "version")?;
    let (version, name) = version_and_name(&id);
    Ok(Parsed::Record(
        Record::applied(id, version, name).at(row.time("applied_at")),
    ))
}

//! dbmate: `<digits>….sql` with `-- migrate:up`; the history holds the digits
//! as text.
//!
//! Source: <https://github.com/amacneil/dbmate>.

use super::by_row::{ByRow, Layout, Parsed, needed};
use super::numbered::{digits_and_rest, files};
use crate::compare::{Record, Rules, by_text};
use crate::expected::{BadExpectation, Expected};
use crate::history::{Row, Table, TableName};
use crate::native::Native;
use crate::native::dbmate::NativeDbmate;
use crate::project::{Project, ReadError, join};
use crate::runner;
use crate::sign::Sign;
use crate::status::State;
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct Dbmate;

const DIRECTORIES: [&str; 2] = ["db/migrations", "migrations"];

/// The history table.
pub(crate) const TABLE: &str = "schema_migrations";

pub(crate) static LAYOUT: Layout = Layout {
    title: "dbmate",
    required: &["version"],
    optional: &[],
    foreign: &["dirty", "inserted_at"],
    lock: None,
    record,
    rules: Rules {
        order: by_text,
        late: (
            State::OutOfOrder,
            "later ones are applied; dbmate applies it all the same, unless told `--strict`",
        ),
        missing: "dbmate does not say so",
    },
    finish: |_, _| {},
};

impl Tool for Dbmate {
    fn name(&self) -> &'static str {
        "dbmate"
    }

    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let example = DIRECTORIES
            .into_iter()
            .find_map(|directory| marked(project, directory));
        signs.extend(example.map(|path| Sign::migrations(format!("{path} has `-- migrate:up`"))));
        if project.dependencies().node.contains("dbmate") {
            signs.push(Sign::dependency("package.json depends on dbmate"));
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
        let migrations = files(project, &directory, |file| {
            let (version, name) = digits_and_rest(file.strip_suffix(".sql")?)?;
            Some((version.to_owned(), version.to_owned(), name.to_owned()))
        });
        let table = settings.table_or(|| TableName::new(TABLE));
        Ok(Box::new(ByRow {
            place: Place::new(&directory, &table),
            table,
            migrations,
            layout: &LAYOUT,
        }))
    }

    fn native(&self) -> Option<&'static dyn Native> {
        Some(&NativeDbmate)
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        ByRow::expecting(expected, &LAYOUT)
    }

    fn generator(&self) -> &'static str {
        "dbmate new NAME"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        let words = ["dbmate", "--no-dump-schema", "up"];
        if project.dependencies().node.contains("dbmate") {
            runner::node(project, &words)
        } else {
            runner::plain(&words)
        }
    }
}

pub(crate) fn directory(project: &Project) -> String {
    DIRECTORIES
        .into_iter()
        .find(|directory| marked(project, directory).is_some())
        .unwrap_or(DIRECTORIES[0])
        .to_owned()
}

/// The first file of a directory that has dbmate's mark.
fn marked(project: &Project, directory: &str) -> Option<String> {
    let is_mark = |line: &str| {
        line.strip_prefix("--")
            .is_some_and(|rest| rest.trim_start().starts_with("migrate:up"))
    };
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

fn record(_table: &Table, row: &Row<'_>) -> Result<Parsed, String> {
    let version = needed(row, "version")?;
    Ok(Parsed::Record(Record::applied(
        version.clone(),
        version,
        "",
    )))
}

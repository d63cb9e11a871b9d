//! SQLx: `<version>_<name>.sql`, or `.up.sql` with `.down.sql`; the history
//! holds SHA-384 of each file.
//!
//! Source: <https://docs.rs/sqlx/latest/sqlx/macro.migrate.html>.

use super::by_row::{ByRow, Layout, Parsed};
use super::cargo::named_in_macro;
use crate::aftermath::Aftermath;
use crate::checksum::{self, Checksum};
use crate::compare::{Comparison, Outcome, Record, Rules, by_number};
use crate::expected::{BadExpectation, Expected};
use crate::history::{Row, Table, TableName, Tables};
use crate::migration::Migration;
use crate::native::Native;
use crate::native::sqlx::NativeSqlx;
use crate::project::{Project, ReadError, join};
use crate::runner;
use crate::sign::Sign;
use crate::status::State;
use crate::text::toml::{text_at, value_at};
use crate::tool::{Migrations, Place, Settings, Tool};
use shipgate_sql::Dialect;

#[derive(Debug)]
pub(crate) struct Sqlx;

const DIRECTORY: &str = "migrations";
const CONFIG: &str = "sqlx.toml";

pub(crate) static LAYOUT: Layout = Layout {
    title: "SQLx",
    required: &["version", "description", "success", "checksum"],
    optional: &["installed_on"],
    foreign: &[],
    lock: None,
    record,
    rules: Rules {
        order: by_number,
        late: (
            State::OutOfOrder,
            "later ones are applied; sqlx applies it all the same",
        ),
        missing: "sqlx refuses to migrate, unless told `--ignore-missing`",
    },
    finish,
};

impl Tool for Sqlx {
    fn name(&self) -> &'static str {
        "sqlx"
    }

    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let depends = project.dependencies().rust.contains("sqlx");
        let configured = project.is_file(CONFIG) || project.is_directory(".sqlx");
        let directory = directory(project);
        let example = project
            .files(&directory)
            .into_iter()
            .find(|name| matches!(parsed(name), Ok(Some(_))));
        match example {
            Some(name) if depends || configured => {
                signs.push(Sign::migrations(join(&directory, &name)));
            }
            Some(name) if name.ends_with(".up.sql") && !project.is_file("go.mod") => {
                signs.push(Sign::dependency(join(&directory, &name)));
            }
            _ => {}
        }
        for (is_here, file) in [
            (project.is_file(CONFIG), CONFIG),
            (project.is_directory(".sqlx"), ".sqlx/"),
        ] {
            if is_here {
                signs.push(Sign::configuration(file));
            }
        }
        if depends {
            signs.push(Sign::dependency("Cargo.toml depends on sqlx"));
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
        let ignored = ignored(project);
        let mut migrations = Vec::new();
        for name in project.files(&directory) {
            let file = join(&directory, &name);
            let found = parsed(&name).map_err(|message| ReadError::Content {
                path: file.clone(),
                line: 1,
                message,
            })?;
            let Some((version, title)) = found else {
                continue;
            };
            let text = project.read_text(&file)?;
            let kept: String = text
                .chars()
                .filter(|letter| !ignored.contains(letter))
                .collect();
            let sum = Checksum::Any(vec![checksum::sha384(kept.as_bytes())]);
            let written = name.split('_').next().unwrap_or_default();
            migrations
                .push(Migration::new(version.to_string(), written, title, file).with_checksum(sum));
        }
        migrations.sort_by(|a, b| by_number(&a.id, &b.id));
        let table = table(project, settings);
        Ok(Box::new(ByRow {
            place: Place::new(&directory, &table),
            table,
            migrations,
            layout: &LAYOUT,
        }))
    }

    fn native(&self) -> Option<&'static dyn Native> {
        Some(&NativeSqlx)
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        ByRow::expecting(expected, &LAYOUT)
    }

    fn generator(&self) -> &'static str {
        "sqlx migrate add NAME"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        let directory = directory(project);
        if directory == DIRECTORY {
            runner::plain(&["sqlx", "migrate", "run"])
        } else {
            runner::plain(&["sqlx", "migrate", "run", "--source", &directory])
        }
    }

    fn aftermath(&self, dialect: Dialect) -> Aftermath {
        match dialect {
            Dialect::MySql | Dialect::MariaDb => Aftermath::Marked,
            Dialect::Postgres | Dialect::Sqlite => Aftermath::Nothing,
        }
    }
}

fn directory(project: &Project) -> String {
    let named = text_at(project, CONFIG, &["migrate", "migrations-dir"]);
    named
        .or_else(|| {
            let usual = project.is_directory(DIRECTORY);
            (!usual)
                .then(|| named_in_macro(project, "migrate!"))
                .flatten()
        })
        .map_or_else(
            || DIRECTORY.to_owned(),
            |path| crate::project::clean(&path).to_owned(),
        )
}

/// The history table.
pub(crate) fn table(project: &Project, settings: &Settings) -> TableName {
    settings.table_or(|| {
        let named = text_at(project, CONFIG, &["migrate", "table-name"]);
        TableName::parse(named.as_deref().unwrap_or("_sqlx_migrations"))
    })
}

/// `create-schemas`: schemas that are made before the table.
pub(crate) fn schemas(project: &Project) -> Vec<String> {
    let value = value_at(project, CONFIG, &["migrate", "create-schemas"]);
    let list = value.as_ref().and_then(toml::Value::as_array);
    let names = list.into_iter().flatten().filter_map(toml::Value::as_str);
    names.map(str::to_owned).collect()
}

/// `ignored-chars`: what does not count in a checksum.
pub(crate) fn ignored(project: &Project) -> Vec<char> {
    let value = value_at(project, CONFIG, &["migrate", "ignored-chars"]);
    let list = value.as_ref().and_then(toml::Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(toml::Value::as_str)
        .flat_map(str::chars)
        .collect()
}

/// Version and description; `None` for files that sqlx ignores.
pub(crate) fn parsed(name: &str) -> Result<Option<(i64, String)>, String> {
    let Some((version, rest)) = name.split_once('_') else {
        return Ok(None);
    };
    if rest.ends_with(".down.sql") || !rest.ends_with(".sql") {
        return Ok(None);
    }
    let version = version.parse().map_err(|_| {
        format!(
            "sqlx takes what stands before the first `_` as a version; `{version}` is no number"
        )
    })?;
    let description = rest
        .strip_suffix(".up.sql")
        .or_else(|| rest.strip_suffix(".sql"))
        .unwrap_or(rest);
    Ok(Some((version, description.replace('_', " "))))
}

fn record(_table: &Table, row: &Row<'_>) -> Result<Parsed, String> {
    let version = row
        .integer("version")
        .ok_or("version is no number in a row")?
        .to_string();
    let description = row.text("description").unwrap_or_default();
    let mut record =
        Record::applied(version.clone(), version, description).at(row.time("installed_on"));
    record.checksum = row.hex("checksum");
    if row.truth("success") == Some(false) {
        record.outcome =
            Outcome::Failed("it began and did not end well; it may be half applied".to_owned());
    }
    Ok(Parsed::Record(record))
}

fn finish(comparison: &mut Comparison, _tables: &Tables) {
    if let Some(failed) = comparison.first(State::Failed) {
        let version = failed.id.clone();
        comparison.hint(format!(
            "sqlx refuses to go on; when its changes are undone: \
             `DELETE FROM _sqlx_migrations WHERE version = {version}`"
        ));
    }
    if comparison.has(State::Edited) {
        comparison.hint(
            "sqlx refuses to go on; bring the applied text back (line ends count), and write a new migration",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::parsed;

    #[test]
    fn names_are_taken_as_sqlx_takes_them() {
        assert_eq!(
            parsed("20261101100000_create_users.up.sql"),
            Ok(Some((20_261_101_100_000, "create users".to_owned())))
        );
        assert_eq!(parsed("1_a.down.sql"), Ok(None));
        assert_eq!(parsed("readme.sql"), Ok(None));
        assert_eq!(parsed("1_a.txt"), Ok(None));
        assert!(parsed("x_a.sql").is_err());
    }
}

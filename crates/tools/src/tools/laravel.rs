//! Laravel: `database/migrations/*_*.php`, by name.
//!
//! Source: <https://laravel.com/docs/migrations>.

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
use crate::text::javascript::{ANY, Language, Script, Value};
use crate::tool::{Migrations, Place, Settings, Tool};
use shipgate_sql::Dialect;

#[derive(Debug)]
pub(crate) struct Laravel;

const DIRECTORY: &str = "database/migrations";
const TABLE: &str = "migrations";

static LAYOUT: Layout = Layout {
    title: "Laravel",
    required: &["migration", "batch"],
    optional: &[],
    foreign: &[],
    lock: None,
    record,
    rules: Rules {
        order: by_text,
        late: (
            State::OutOfOrder,
            "later ones are applied; artisan applies it all the same",
        ),
        missing: "a package below vendor/ may hold it; artisan does not say so",
    },
    finish: |_, _| {},
};

impl Tool for Laravel {
    fn name(&self) -> &'static str {
        "laravel"
    }

    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let example = project
            .files(DIRECTORY)
            .into_iter()
            .find(|name| stem(name).is_some());
        signs.extend(example.map(|name| Sign::migrations(format!("{DIRECTORY}/{name}"))));
        if project.is_file("artisan") {
            signs.push(Sign::configuration("artisan"));
        }
        for name in ["laravel/framework", "illuminate/database"] {
            if project.dependencies().php.contains(name) {
                signs.push(Sign::dependency(format!("composer.json requires {name}")));
            }
        }
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let directory = settings.directory_or(|| DIRECTORY.to_owned());
        if !project.is_directory(&directory) {
            return Err(ReadError::NoDirectory {
                path: directory,
                tool: LAYOUT.title,
            });
        }
        let migrations = project
            .files(&directory)
            .into_iter()
            .filter_map(|name| {
                let id = stem(&name)?.to_owned();
                let (version, title) = version_and_name(&id);
                Some(Migration::new(id, version, title, join(&directory, &name)))
            })
            .collect();
        let mut notes = Vec::new();
        let table = settings.table_or(|| TableName::new(table(project, &mut notes)));
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
        "php artisan make:migration NAME"
    }

    fn command(&self, _project: &Project) -> Vec<String> {
        runner::plain(&["php", "artisan", "migrate", "--force"])
    }

    fn aftermath(&self, dialect: Dialect) -> Aftermath {
        Aftermath::Nothing.on_postgres_only(dialect)
    }
}

/// A migration's name.
fn stem(file: &str) -> Option<&str> {
    file.strip_suffix(".php").filter(|stem| stem.contains('_'))
}

/// `2026_11_01_100000_create_users` is (`2026_11_01_100000`, `create_users`).
fn version_and_name(stem: &str) -> (String, String) {
    let is_digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let width: usize = stem
        .split('_')
        .take_while(is_digits)
        .map(|part| part.len() + 1)
        .sum();
    if width == 0 || width > stem.len() {
        return (stem.to_owned(), String::new());
    }
    (stem[..width - 1].to_owned(), stem[width..].to_owned())
}

fn table(project: &Project, notes: &mut Vec<String>) -> String {
    const FILE: &str = "config/database.php";
    let text = project.text(FILE).unwrap_or_default();
    let script = Script::in_language(&text, Language::Php);
    let value = script
        .one(&["migrations", "table"])
        .or_else(|| script.one(&["migrations"]));
    let named = match value {
        Some(Value::Text(table)) => table,
        None => TABLE.to_owned(),
        Some(_) => {
            notes.push(format!("{FILE}: migrations is computed; {TABLE} is taken"));
            TABLE.to_owned()
        }
    };
    let connection = match script.one(&["default"]) {
        Some(Value::Text(connection)) => connection,
        _ => ANY.to_owned(),
    };
    let prefixes = script.find(&["connections", &connection, "prefix"]);
    match prefixes.first() {
        Some(Value::Text(prefix)) if prefixes.iter().all(|other| other == &prefixes[0]) => {
            format!("{prefix}{named}")
        }
        None => named,
        Some(_) => {
            notes.push(format!(
                "{FILE}: the prefix is computed or differs by connection; none is taken"
            ));
            named
        }
    }
}

fn record(_table: &Table, row: &Row<'_>) -> Result<Parsed, String> {
    let id = needed(row, "migration")?;
    let (version, name) = version_and_name(&id);
    let batch = row.integer("batch").map(|batch| format!("batch {batch}"));
    Ok(Parsed::Record(Record::applied(id, version, name).by(batch)))
}

#[cfg(test)]
mod tests {
    use super::version_and_name;

    #[test]
    fn the_date_is_the_version() {
        for (stem, version, name) in [
            (
                "2026_11_01_100000_create_users",
                "2026_11_01_100000",
                "create_users",
            ),
            ("create_users", "create_users", ""),
            ("2026_11", "2026_11", ""),
        ] {
            assert_eq!(
                version_and_name(stem),
                (version.to_owned(), name.to_owned())
            );
        }
    }
}

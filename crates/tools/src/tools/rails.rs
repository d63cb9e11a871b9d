//! Rails' Active Record: `db/migrate/<version>_<name>.rb`; the history holds
//! versions alone, and leading zeros do not count.
//!
//! Source: <https://guides.rubyonrails.org/active_record_migrations.html>.

use shipgate_database::DatabaseUrl;
use shipgate_sql::Dialect;

use super::by_row::{ByRow, Layout, Parsed, needed};
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
pub(crate) struct Rails;

const DIRECTORY: &str = "db/migrate";

static LAYOUT: Layout = Layout {
    title: "Rails",
    required: &["version"],
    optional: &[],
    foreign: &["dirty", "inserted_at"],
    lock: None,
    record,
    rules: Rules {
        order: by_number,
        late: (
            State::OutOfOrder,
            "later ones are applied; rails applies it all the same",
        ),
        missing: "`db:migrate:status` shows NO FILE",
    },
    finish: |_, _| {},
};

impl Tool for Rails {
    fn name(&self) -> &'static str {
        "rails"
    }

    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let example = files(project, DIRECTORY).into_iter().next();
        signs.extend(example.map(|name| Sign::migrations(format!("{DIRECTORY}/{name}"))));
        for file in [
            "bin/rails",
            "config/database.yml",
            "db/schema.rb",
            "db/structure.sql",
        ] {
            if project.is_file(file) {
                signs.push(Sign::configuration(file));
            }
        }
        for name in ["rails", "activerecord"] {
            if project.dependencies().ruby.contains(name) {
                signs.push(Sign::dependency(format!("Gemfile names {name}")));
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
        let mut migrations: Vec<Migration> = files(project, &directory)
            .into_iter()
            .filter_map(|path| {
                let (version, name) = version_and_name(base_name(&path))?;
                let file = join(&directory, &path);
                Some(Migration::new(number(&version), version, name, file))
            })
            .collect();
        migrations.sort_by(|a, b| by_number(&a.id, &b.id));
        if let Some(pair) = migrations.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(ReadError::Contradiction(format!(
                "{} and {} have the same version; rails refuses both",
                pair[0].file, pair[1].file
            )));
        }
        let table = settings.table_or(|| TableName::new(table(project)));
        let mut notes = Vec::new();
        let other = other_paths(project);
        if !other.is_empty() {
            notes.push(format!(
                "config/database.yml names migrations_paths {}; each belongs to another database: \
                 ask for it with its directory and URL",
                other.join(", ")
            ));
        }
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

    /// The scheme is the adapter's name.
    fn database_url(&self, url: &DatabaseUrl) -> String {
        let text = url.expose();
        match (url.dialect(), url.file(), text.split_once("://")) {
            (Dialect::Sqlite, Some(file), _) => format!("sqlite3://{}", file.display()),
            (Dialect::MySql | Dialect::MariaDb, _, Some((_, rest))) => format!("mysql2://{rest}"),
            _ => text.to_owned(),
        }
    }

    fn generator(&self) -> &'static str {
        "bin/rails generate migration NAME"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        if project.is_file("bin/rails") {
            runner::plain(&["bin/rails", "db:migrate"])
        } else if project.dependencies().ruby.contains("rails") {
            runner::plain(&["bundle", "exec", "rails", "db:migrate"])
        } else {
            runner::plain(&["bundle", "exec", "rake", "db:migrate"])
        }
    }
}

/// Migration files, in a tree of directories.
fn files(project: &Project, directory: &str) -> Vec<String> {
    project
        .files_below(directory)
        .into_iter()
        .filter(|path| version_and_name(base_name(path)).is_some())
        .collect()
}

/// `20261101100000_create_users.engine.rb` is (`20261101100000`, `create_users`).
fn version_and_name(file: &str) -> Option<(String, String)> {
    let is_word = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let stem = file.strip_suffix(".rb")?;
    let (version, rest) = stem.split_once('_')?;
    let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    let (name, scope) = rest.split_once('.').unwrap_or((rest, ""));
    (is_version && is_word(name) && is_word(scope)).then(|| (version.to_owned(), name.to_owned()))
}

/// A version without leading zeros.
fn number(version: &str) -> String {
    let bare = version.trim_start_matches('0');
    if bare.is_empty() { "0" } else { bare }.to_owned()
}

/// The history's name, with what the configuration puts around it.
fn table(project: &Project) -> String {
    let mut files = vec!["config/application.rb".to_owned()];
    for directory in ["config/initializers", "config/environments"] {
        files.extend(
            project
                .files(directory)
                .into_iter()
                .map(|name| join(directory, &name)),
        );
    }
    let texts: Vec<String> = files.iter().filter_map(|file| project.text(file)).collect();
    let option = |name: &str| texts.iter().find_map(|text| assigned(text, name));
    format!(
        "{}{}{}",
        option("table_name_prefix").unwrap_or_default(),
        option("schema_migrations_table_name").unwrap_or_else(|| "schema_migrations".to_owned()),
        option("table_name_suffix").unwrap_or_default(),
    )
}

/// The text that a setting of Active Record is given: `config.active_record.name = "x"`.
fn assigned(text: &str, name: &str) -> Option<String> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (before, rest) = line.split_once(name)?;
            let of_active_record = ["active_record.", "ActiveRecord::Base."];
            let value = rest.trim_start().strip_prefix('=')?.trim();
            let quote = value
                .chars()
                .next()
                .filter(|first| matches!(first, '"' | '\''))?;
            let (text, _) = value[1..].split_once(quote)?;
            let is_its = of_active_record.iter().any(|of| before.ends_with(of));
            (is_its && !text.contains("#{")).then(|| text.to_owned())
        })
        .next()
}

/// `migrations_paths:` of further databases.
fn other_paths(project: &Project) -> Vec<String> {
    let text = project.text("config/database.yml").unwrap_or_default();
    let mut paths: Vec<String> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("migrations_paths:"))
        .map(|path| path.trim().trim_matches(['"', '\'']).to_owned())
        .filter(|path| path != DIRECTORY && !path.is_empty())
        .collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

fn record(_table: &Table, row: &Row<'_>) -> Result<Parsed, String> {
    let version = needed(row, "version")?;
    if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Parsed::Foreign(version));
    }
    Ok(Parsed::Record(Record::applied(
        number(&version),
        version,
        "",
    )))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::{number, version_and_name};

    #[test]
    fn names_are_taken_as_rails_takes_them() {
        for (name, expected) in [
            (
                "20261101100000_create_users.rb",
                Some(("20261101100000", "create_users")),
            ),
            ("001_a.engine.rb", Some(("001", "a"))),
            ("20261101_CreateUsers.rb", None),
            ("create_users.rb", None),
            ("2026_a.rb.bak", None),
            ("_a.rb", None),
        ] {
            let found = version_and_name(name);
            let found = found.as_ref().map(|(a, b)| (a.as_str(), b.as_str()));
            assert_eq!(found, expected, "{name}");
        }
        assert_eq!(number("000"), "0");
    }

    proptest! {
        #[test]
        fn a_written_name_is_read_back(version in "[0-9]{1,17}", name in "[a-z0-9_]{0,20}", scope in "(\\.[a-z0-9_]{1,9})?") {
            let file = format!("{version}_{name}{scope}.rb");
            prop_assert_eq!(version_and_name(&file), Some((version, name)));
        }
    }
}

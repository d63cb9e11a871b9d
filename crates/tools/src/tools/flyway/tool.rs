//! Flyway: `V<version>__<description>.sql`, repeatable `R__<description>.sql`,
//! baselines `B<version>__…`; the history holds CRC-32 of each.
//!
//! Source: <https://documentation.red-gate.com/flyway>.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use shipgate_sql::Dialect;

use crate::aftermath::Aftermath;
use crate::checksum::{self, Checksum};
use crate::compare::{Comparison, Outcome, Record, Rules, by_id, recorded, without_file};
use crate::expected::{BadExpectation, Expected};
use crate::history::{HistoryError, Row, TableName, Tables, Wanted};
use crate::migration::Migration;
use crate::native::Native;
use crate::native::flyway::NativeFlyway;
use crate::project::{Project, ReadError, base_name, clean, join};
use crate::runner;
use crate::sign::Sign;
use crate::status::{Entry, State};
use crate::text::toml::{text_at, value_at};
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct Flyway;

pub(crate) const TITLE: &str = "Flyway";
const DIRECTORIES: [&str; 4] = [
    "src/main/resources/db/migration",
    "sql",
    "db/migration",
    "migrations",
];
pub(crate) const CONFIGS: [&str; 3] = ["flyway.toml", "flyway.conf", "conf/flyway.conf"];
const TABLE: &str = "flyway_schema_history";

const RULES: Rules = Rules {
    order: compare_versions,
    late: (
        State::OutOfOrder,
        "later ones are applied; flyway leaves it out, unless told `outOfOrder`",
    ),
    missing: "flyway refuses to migrate: \"Detected applied migration not resolved locally\"",
};

impl Tool for Flyway {
    fn name(&self) -> &'static str {
        "flyway"
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        signs.extend(project.first_file(&CONFIGS).map(Sign::configuration));
        let depends = project
            .dependencies()
            .java
            .iter()
            .any(|name| name.contains("flyway"));
        let directory = directory(project);
        let example = sources(project, &directory)
            .into_iter()
            .find(|source| matches!(source.kind, Kind::Versioned | Kind::Baseline));
        let is_rust = project.is_file("Cargo.toml");
        signs.extend(example.map(|source| match depends || !signs.is_empty() {
            true => Sign::migrations(source.file),
            false if is_rust => Sign::dependency(source.file),
            false => Sign::configuration(source.file),
        }));
        if depends {
            signs.push(Sign::dependency("the build depends on flyway"));
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
                tool: TITLE,
            });
        }
        let mut scripts = Vec::new();
        let mut notes = Vec::new();
        for source in sources(project, &directory) {
            let checksum = match source.in_code {
                true => Checksum::Unknown("it is code".to_owned()),
                false => checksum_of(&source, &project.read_text(&source.file)?),
            };
            if source.in_code {
                notes.push(format!(
                    "{} is code; its checksum cannot be known",
                    source.file
                ));
            }
            scripts.push(Script { source, checksum });
        }
        scripts.sort_by(|a, b| order(&a.source, &b.source));
        let versioned: Vec<&Script> = scripts
            .iter()
            .filter(|script| script.source.kind == Kind::Versioned)
            .collect();
        let twice = versioned.windows(2).find(|pair| {
            compare_versions(&pair[0].source.version, &pair[1].source.version).is_eq()
        });
        if let Some(pair) = twice {
            return Err(ReadError::Contradiction(format!(
                "{} and {} have the same version; flyway refuses both",
                pair[0].source.file, pair[1].source.file
            )));
        }
        let table = table(project, settings);
        Ok(Box::new(FlywayMigrations {
            place: Place {
                notes,
                ..Place::new(&directory, &table)
            },
            table,
            scripts,
        }))
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        let scripts = expected.migrations.iter().map(|migration| {
            let kind = migration.detail.get("kind")?;
            Ok(Script {
                source: Source {
                    kind,
                    version: match kind {
                        Kind::Repeatable => String::new(),
                        Kind::Baseline | Kind::Versioned => migration.version.clone(),
                    },
                    description: migration.name.clone(),
                    file: migration.file.clone(),
                    in_code: false,
                },
                checksum: migration.checksum(),
            })
        });
        Ok(Box::new(FlywayMigrations {
            place: expected.place(),
            table: expected.table()?,
            scripts: scripts.collect::<Result<_, BadExpectation>>()?,
        }))
    }

    fn command(&self, project: &Project) -> Vec<String> {
        let java = &project.dependencies().java;
        if project.is_file("pom.xml") && java.contains("flyway-maven-plugin") {
            runner::plain(&["mvn", "flyway:migrate"])
        } else if project.is_file("build.gradle") || project.is_file("build.gradle.kts") {
            runner::plain(&["./gradlew", "flywayMigrate"])
        } else {
            runner::plain(&["flyway", "migrate"])
        }
    }

    fn begins_in_empty_schemas(&self) -> bool {
        true
    }

    fn native(&self) -> Option<&'static dyn Native> {
        Some(&NativeFlyway)
    }

    fn aftermath(&self, dialect: Dialect) -> Aftermath {
        match dialect {
            Dialect::MySql | Dialect::MariaDb => Aftermath::Marked,
            Dialect::Postgres | Dialect::Sqlite => Aftermath::Nothing,
        }
    }
}

/// The history table.
pub(crate) fn table(project: &Project, settings: &Settings) -> TableName {
    settings.table_or(|| {
        let named = option(project, "table").unwrap_or_else(|| TABLE.to_owned());
        TableName::within(option(project, "defaultSchema"), named)
    })
}

/// What is read of the history table.
pub(crate) fn wanted(table: &TableName) -> Wanted {
    let required = &[
        "installed_rank",
        "version",
        "description",
        "type",
        "checksum",
        "success",
    ];
    Wanted::new(table.clone(), required).optional(&["installed_on", "installed_by"])
}

/// A setting of flyway.toml or flyway.conf.
pub(crate) fn option(project: &Project, key: &str) -> Option<String> {
    if let Some(text) = text_at(project, CONFIGS[0], &["flyway", key]) {
        return Some(text);
    }
    CONFIGS[1..].iter().find_map(|file| {
        let text = project.text(file)?;
        text.lines().find_map(|line| {
            let value = line.trim().strip_prefix("flyway.")?.strip_prefix(key)?;
            Some(value.trim_start().strip_prefix('=')?.trim().to_owned())
        })
    })
}

/// A setting that is true or false.
pub(crate) fn flag(project: &Project, key: &str) -> Option<bool> {
    let said = value_at(project, CONFIGS[0], &["flyway", key]);
    said.as_ref()
        .and_then(toml::Value::as_bool)
        .or_else(|| option(project, key)?.parse().ok())
}

pub(crate) fn directory(project: &Project) -> String {
    let listed = value_at(project, CONFIGS[0], &["flyway", "locations"]);
    let first = listed
        .as_ref()
        .and_then(toml::Value::as_array)
        .and_then(|list| list.first())
        .and_then(toml::Value::as_str)
        .map(str::to_owned)
        .or_else(|| {
            let locations = option(project, "locations")?;
            Some(locations.split(',').next()?.trim().to_owned())
        });
    let named = first.map(|location| match location.split_once(':') {
        Some(("filesystem", path)) => clean(path).to_owned(),
        Some(("classpath", path)) => join("src/main/resources", path.trim_start_matches('/')),
        _ => clean(&location).to_owned(),
    });
    named.unwrap_or_else(|| {
        DIRECTORIES
            .into_iter()
            .find(|directory| !sources(project, directory).is_empty())
            .unwrap_or(DIRECTORIES[0])
            .to_owned()
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Baseline,
    #[default]
    Versioned,
    Repeatable,
}

/// A migration's file, by its name.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) kind: Kind,
    /// Empty for a repeatable one.
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) file: String,
    in_code: bool,
}

#[derive(Clone, Debug)]
struct Script {
    source: Source,
    checksum: Checksum,
}

impl Script {
    fn migration(&self) -> Migration {
        let Source {
            version,
            description,
            file,
            ..
        } = &self.source;
        let id = id(version, description);
        let shown = if version.is_empty() { "R" } else { version };
        Migration::new(id, shown, description, file).with_checksum(self.checksum.clone())
    }
}

fn checksum_of(source: &Source, text: &str) -> Checksum {
    if source.kind == Kind::Repeatable && text.contains("${") {
        Checksum::Unknown("it has placeholders".to_owned())
    } else {
        Checksum::Any(vec![checksum::flyway(text)])
    }
}

/// Equal versions, however written, have one id.
pub(crate) fn id(version: &str, description: &str) -> String {
    if version.is_empty() {
        return format!("R {description}");
    }
    let mut parts: Vec<&str> = version
        .split(['.', '_'])
        .map(|part| match part.trim_start_matches('0') {
            "" => "0",
            part => part,
        })
        .collect();
    while parts.len() > 1 && parts.last() == Some(&"0") {
        parts.pop();
    }
    parts.join(".")
}

pub(crate) fn sources(project: &Project, directory: &str) -> Vec<Source> {
    project
        .files_below(directory)
        .into_iter()
        .filter_map(|path| {
            let (stem, ending) = base_name(&path).rsplit_once('.')?;
            let in_code = match ending {
                "sql" => false,
                "java" | "kt" => true,
                _ => return None,
            };
            let (kind, rest) = match stem.split_at_checked(1)? {
                ("V", rest) => (Kind::Versioned, rest),
                ("B", rest) => (Kind::Baseline, rest),
                ("R", rest) => (Kind::Repeatable, rest),
                _ => return None,
            };
            let (version, description) = rest.split_once("__").unwrap_or((rest, ""));
            let is_version = version.starts_with(|first: char| first.is_ascii_digit())
                && version
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'));
            (is_version != (kind == Kind::Repeatable)).then(|| Source {
                kind,
                version: version.replace('_', "."),
                description: description.replace('_', " "),
                file: join(directory, &path),
                in_code,
            })
        })
        .filter(|source| source.kind != Kind::Repeatable || !source.description.is_empty())
        .collect()
}

fn order(a: &Source, b: &Source) -> Ordering {
    let repeatable = |source: &Source| source.kind == Kind::Repeatable;
    repeatable(a)
        .cmp(&repeatable(b))
        .then_with(|| compare_versions(&a.version, &b.version))
        .then_with(|| a.kind.cmp(&b.kind))
        .then_with(|| a.description.cmp(&b.description))
}

/// Number by number; repeatables, which begin with a letter, last.
pub(crate) fn compare_versions(a: &str, b: &str) -> Ordering {
    let numbers = |text: &str| -> Option<Vec<u128>> {
        text.split(['.', '_'])
            .map(|part| part.parse().ok())
            .collect()
    };
    match (numbers(a), numbers(b)) {
        (Some(mut a), Some(mut b)) => {
            let length = a.len().max(b.len());
            a.resize(length, 0);
            b.resize(length, 0);
            a.cmp(&b)
        }
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

#[derive(Debug)]
struct FlywayMigrations {
    place: Place,
    table: TableName,
    scripts: Vec<Script>,
}

impl FlywayMigrations {
    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Script> {
        self.scripts
            .iter()
            .filter(move |script| script.source.kind == kind)
    }

    /// On a database without history the newest baseline stands for all
    /// versions up to its own.
    fn baseline_file(&self) -> Option<&Script> {
        self.of_kind(Kind::Baseline).last()
    }
}

/// The rows of a history, each version's or repeatable's last.
#[derive(Default)]
pub(crate) struct Ran {
    pub(crate) versioned: Vec<Record>,
    pub(crate) repeatable: HashMap<String, Record>,
    /// The version of `flyway baseline`.
    pub(crate) baseline: Option<String>,
    /// The ids of those that a baseline's file made.
    pub(crate) from_files: HashSet<String>,
}

impl Ran {
    pub(crate) fn of(tables: &Tables) -> Self {
        let mut rows: Vec<Row<'_>> = tables
            .get(0)
            .iter()
            .flat_map(|table| table.rows())
            .collect();
        rows.sort_by_key(|row| row.integer("installed_rank"));
        let mut versioned: HashMap<String, Record> = HashMap::new();
        let mut ran = Self::default();
        for row in rows {
            let kind = row.text("type").unwrap_or_default();
            let version = row.text("version");
            match (kind.as_str(), version) {
                ("SCHEMA", _) => {}
                ("BASELINE", version) => ran.baseline = version,
                // An undone or deleted migration is as if it had never run.
                (kind, Some(version)) if kind.starts_with("UNDO") || kind == "DELETE" => {
                    versioned.remove(&id(&version, ""));
                }
                ("DELETE", None) => {
                    ran.repeatable
                        .remove(&row.text("description").unwrap_or_default());
                }
                (kind, Some(version)) => {
                    let record = record(&row, &version);
                    if kind.ends_with("_BASELINE") {
                        ran.from_files.insert(record.id.clone());
                    }
                    versioned.insert(record.id.clone(), record);
                }
                (_, None) => {
                    let record = record(&row, "");
                    ran.repeatable.insert(record.name.clone(), record);
                }
            }
        }
        ran.versioned = versioned.into_values().collect();
        ran
    }
}

fn record(row: &Row<'_>, version: &str) -> Record {
    let description = row.text("description").unwrap_or_default();
    let shown = if version.is_empty() { "R" } else { version };
    let mut record = Record::applied(id(version, &description), shown, description)
        .at(row.time("installed_on"))
        .by(row.text("installed_by"));
    record.checksum = row.text("checksum");
    if row.truth("success") == Some(false) {
        record.outcome = Outcome::Failed("it began and did not end well".to_owned());
    }
    record
}

impl Migrations for FlywayMigrations {
    fn place(&self) -> &Place {
        &self.place
    }

    fn listed(&self) -> Vec<Migration> {
        self.scripts.iter().map(Script::migration).collect()
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        vec![wanted(&self.table)]
    }

    fn expected(&self) -> Expected {
        Expected::of(self).detailed(&self.scripts, |script, detail| {
            detail.put("kind", &script.source.kind);
        })
    }

    fn compare(&self, tables: &Tables) -> Result<Comparison, HistoryError> {
        let mut ran = Ran::of(tables);
        let is_fresh = ran.versioned.is_empty() && ran.baseline.is_none();
        let baseline_id = |script: &Script| id(&script.source.version, "");
        let applied_baselines: Vec<String> = self
            .of_kind(Kind::Baseline)
            .map(baseline_id)
            .filter(|id| ran.versioned.iter().any(|record| record.id == *id))
            .collect();
        let versions: Vec<Migration> = self
            .scripts
            .iter()
            .filter(|script| match script.source.kind {
                Kind::Versioned => !applied_baselines.contains(&baseline_id(script)),
                Kind::Baseline if is_fresh => self
                    .baseline_file()
                    .is_some_and(|newest| newest.source.file == script.source.file),
                Kind::Baseline => applied_baselines.contains(&baseline_id(script)),
                Kind::Repeatable => false,
            })
            .map(Script::migration)
            .collect();
        let mut comparison = by_id(versions, std::mem::take(&mut ran.versioned), &RULES);
        let stands = match is_fresh {
            true => self.baseline_file().map(baseline_id),
            false => ran.baseline.as_deref().map(|version| id(version, "")),
        };
        if let Some(stands) = stands {
            below(&mut comparison, &stands, is_fresh);
        }
        for script in self.of_kind(Kind::Repeatable) {
            let row = ran.repeatable.remove(&script.source.description);
            comparison.entries.push(repeatable(script.migration(), row));
        }
        let mut left: Vec<Record> = ran.repeatable.into_values().collect();
        left.sort_by(|a, b| a.id.cmp(&b.id));
        for record in left {
            comparison.entries.push(without_file(record, RULES.missing));
        }
        if comparison.has(State::Failed) {
            comparison
                .warnings
                .push("flyway applies nothing while a migration stands as failed".to_owned());
            comparison.hint("when its changes are undone: `flyway repair`");
        }
        if comparison.has(State::Edited) {
            comparison.hint("flyway refuses to migrate; bring the applied text back, or accept the new one: `flyway repair`");
        }
        Ok(comparison)
    }
}

/// Versions that a baseline stands for.
fn below(comparison: &mut Comparison, baseline: &str, is_fresh: bool) {
    for entry in &mut comparison.entries {
        let order = compare_versions(&entry.id, baseline);
        if !matches!(entry.state, State::Pending | State::OutOfOrder) {
            continue;
        }
        if is_fresh && order.is_lt() {
            entry.state = State::Superseded;
            entry.why = Some(format!("baseline {baseline} runs in its place"));
        } else if !is_fresh && order.is_le() {
            entry.state = State::Applied;
            entry.why = Some(format!("baseline {baseline} stands for it"));
        }
    }
}

/// A repeatable migration runs again when it changes.
fn repeatable(migration: Migration, row: Option<Record>) -> Entry {
    let Some(row) = row else {
        return Entry::of(migration, State::Pending);
    };
    let mut entry = recorded(migration, row);
    if entry.state == State::Edited {
        entry.state = State::Pending;
        entry.why = Some("it changed and runs again".to_owned());
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::{compare_versions, id};

    #[test]
    fn versions_are_compared_number_by_number() {
        assert!(compare_versions("1.2", "1.10").is_lt());
        assert!(compare_versions("1", "1.0").is_eq());
        assert!(compare_versions("R a", "9").is_gt());
        assert_eq!(id("01_2.0", ""), "1.2");
        assert_eq!(id("", "views"), "R views");
    }
}

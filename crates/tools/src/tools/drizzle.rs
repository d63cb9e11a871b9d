//! Drizzle: before 1.0 a journal `meta/_journal.json` with `<tag>.sql` beside
//! it, from 1.0 folders `<time>_<name>/migration.sql`.
//!
//! Before 1.0 only the row with the latest time counts: an entry that is not
//! later is never run, applied or not. The time of a row is its entry's.
//!
//! Source: <https://orm.drizzle.team/docs/migrations>.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use shipgate_sql::Dialect;

use crate::aftermath::Aftermath;
use crate::checksum::{self, Checksum};
use crate::compare::{Comparison, Record, recorded, without_file};
use crate::expected::{BadExpectation, Expected};
use crate::history::{HistoryError, Table, TableName, Tables, Wanted};
use crate::migration::{Migration, split_stem};
use crate::native::Native;
use crate::native::drizzle::NativeDrizzle;
use crate::project::{Project, ReadError, join};
use crate::runner;
use crate::sign::Sign;
use crate::status::{Entry, State};
use crate::text::javascript::{Script, Value};
use crate::text::json;
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct Drizzle;

pub(crate) const TITLE: &str = "Drizzle";
/// The journal before 1.0, in the directory.
pub(crate) const JOURNAL: &str = "meta/_journal.json";
const CONFIGS: [&str; 5] = [
    "drizzle.config.ts",
    "drizzle.config.js",
    "drizzle.config.mts",
    "drizzle.config.mjs",
    "drizzle.config.json",
];
const TABLE: &str = "__drizzle_migrations";
const SCHEMA: &str = "drizzle";

/// The journal before 1.0.
#[derive(Deserialize)]
struct Journal {
    entries: Vec<JournalEntry>,
}

#[derive(Deserialize)]
struct JournalEntry {
    when: i64,
    tag: String,
}

impl Tool for Drizzle {
    fn name(&self) -> &'static str {
        "drizzle"
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        signs.extend(project.first_file(&CONFIGS).map(Sign::configuration));
        let (directory, _) = directory(project);
        let journal = join(&directory, JOURNAL);
        if project.is_file(&journal) {
            signs.push(Sign::migrations(journal));
        } else if !project.is_file(&join(&directory, "migration_lock.toml")) {
            let marked = folders(project, &directory)
                .into_iter()
                .find(|folder| project.is_file(&join(&join(&directory, folder), "snapshot.json")));
            signs.extend(marked.map(|folder| {
                Sign::migrations(format!(
                    "{directory}/{folder}/ with migration.sql and snapshot.json"
                ))
            }));
        }
        for name in ["drizzle-kit", "drizzle-orm"] {
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
        Ok(Box::new(DrizzleMigrations::read(project, settings)?))
    }

    fn native(&self) -> Option<&'static dyn Native> {
        Some(&NativeDrizzle)
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        let entries = expected.migrations.iter().map(|migration| {
            Ok(Timed {
                migration: migration.migration(),
                hash: migration.checksums.first().cloned().unwrap_or_default(),
                when: migration.detail.get("when")?,
                is_gone: migration.detail.get("is_gone")?,
            })
        });
        Ok(Box::new(DrizzleMigrations {
            place: expected.place(),
            table: expected.table()?,
            in_journal: expected.detail.get("in_journal")?,
            dialect: None,
            entries: entries.collect::<Result<_, BadExpectation>>()?,
        }))
    }

    fn generator(&self) -> &'static str {
        "drizzle-kit generate --custom --name NAME"
    }

    fn command(&self, project: &Project) -> Vec<String> {
        runner::node(project, &["drizzle-kit", "migrate"])
    }

    fn aftermath(&self, dialect: Dialect) -> Aftermath {
        Aftermath::of_one_transaction(dialect)
    }
}

fn directory(project: &Project) -> (String, Vec<String>) {
    const USUAL: &str = "drizzle";
    let Some(file) = project.first_file(&CONFIGS) else {
        return (USUAL.to_owned(), Vec::new());
    };
    let script = Script::new(&project.text(file).unwrap_or_default());
    match script.one(&["out"]) {
        Some(Value::Text(out)) => (crate::project::clean(&out).to_owned(), Vec::new()),
        None if script.find(&["out"]).is_empty() => (USUAL.to_owned(), Vec::new()),
        _ => (
            USUAL.to_owned(),
            vec![format!("{file}: out is computed; {USUAL} is taken")],
        ),
    }
}

fn dialect(project: &Project) -> Option<String> {
    let text = project.text(project.first_file(&CONFIGS)?)?;
    match Script::new(&text).one(&["dialect"])? {
        Value::Text(dialect) => Some(dialect),
        _ => None,
    }
}

fn table(project: &Project, notes: &mut Vec<String>) -> TableName {
    let file = project.first_file(&CONFIGS);
    let script = Script::new(&file.and_then(|file| project.text(file)).unwrap_or_default());
    let mut read = |key: &str, default: &str| match script.one(&["migrations", key]) {
        Some(Value::Text(text)) => text,
        None => default.to_owned(),
        Some(_) => {
            notes.push(format!(
                "{}: migrations.{key} is computed; {default} is taken",
                file.unwrap_or_default()
            ));
            default.to_owned()
        }
    };
    let name = read("table", TABLE);
    TableName::within(Some(read("schema", SCHEMA)), name)
}

/// A migration and the time its row has, in milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Timed {
    pub(crate) migration: Migration,
    pub(crate) hash: String,
    pub(crate) when: i64,
    /// The journal lists it, and there is no such file.
    pub(crate) is_gone: bool,
}

fn of_journal(project: &Project, directory: &str, path: &str) -> Result<Vec<Timed>, ReadError> {
    let text = project.read_text(path)?;
    let journal: Journal = serde_json::from_str(&text)
        .map_err(|error| json::syntax(path, "this is no journal of drizzle-kit", &error))?;
    journal
        .entries
        .into_iter()
        .map(|entry| {
            let file = join(directory, &format!("{}.sql", entry.tag));
            let is_gone = !project.is_file(&file);
            let hash = match is_gone {
                true => String::new(),
                false => checksum::sha256(project.read_text(&file)?.as_bytes()),
            };
            let (version, name) = split_stem(&entry.tag);
            let sums = match is_gone {
                true => Checksum::None,
                false => Checksum::Any(vec![hash.clone()]),
            };
            let migration = Migration::new(entry.tag, version, name, file).with_checksum(sums);
            Ok(Timed {
                migration,
                hash,
                when: entry.when,
                is_gone,
            })
        })
        .collect()
}

/// Folders of the form of 1.0.
fn folders(project: &Project, directory: &str) -> Vec<String> {
    project
        .directories(directory)
        .into_iter()
        .filter(|name| project.is_file(&join(&join(directory, name), "migration.sql")))
        .collect()
}

fn of_folders(project: &Project, directory: &str) -> Result<Vec<Timed>, ReadError> {
    folders(project, directory)
        .into_iter()
        .map(|folder| {
            let file = join(&join(directory, &folder), "migration.sql");
            let hash = checksum::sha256(project.read_text(&file)?.as_bytes());
            let (version, name) = split_stem(&folder);
            let when = folder_time(&version).unwrap_or_default();
            let sums = Checksum::Any(vec![hash.clone()]);
            let migration = Migration::new(folder, version, name, file).with_checksum(sums);
            Ok(Timed {
                migration,
                hash,
                when,
                is_gone: false,
            })
        })
        .collect()
}

/// `20261120103427`, in milliseconds since 1970.
fn folder_time(version: &str) -> Option<i64> {
    let at = DateTime::strptime("%Y%m%d%H%M%S", version).ok()?;
    let at = at.to_zoned(TimeZone::UTC).ok()?;
    Some(at.timestamp().as_millisecond())
}

#[derive(Debug)]
pub(crate) struct DrizzleMigrations {
    place: Place,
    pub(crate) table: TableName,
    /// Before 1.0.
    pub(crate) in_journal: bool,
    /// The kind of database that the configuration names.
    pub(crate) dialect: Option<String>,
    pub(crate) entries: Vec<Timed>,
}

impl DrizzleMigrations {
    pub(crate) fn read(project: &Project, settings: &Settings) -> Result<Self, ReadError> {
        let (usual, mut notes) = directory(project);
        let directory = settings.directory_or(|| usual);
        let journal = join(&directory, JOURNAL);
        let entries = if project.is_file(&journal) {
            of_journal(project, &directory, &journal)?
        } else if project.is_directory(&directory) {
            of_folders(project, &directory)?
        } else {
            return Err(ReadError::NoDirectory {
                path: directory,
                tool: TITLE,
            });
        };
        let table = settings.table_or(|| table(project, &mut notes));
        Ok(Self {
            place: Place {
                notes,
                ..Place::new(&directory, &table)
            },
            table,
            in_journal: project.is_file(&journal),
            dialect: dialect(project),
            entries,
        })
    }
}

/// A row of the history.
#[derive(Clone, Debug)]
pub(crate) struct Noted {
    pub(crate) hash: String,
    pub(crate) when: Option<i64>,
    name: Option<String>,
    applied: Option<Timestamp>,
}

impl Noted {
    /// The rows of the history.
    pub(crate) fn all(tables: &Tables) -> Vec<Self> {
        let rows = tables.get(0).into_iter().flat_map(Table::rows);
        rows.map(|row| Self {
            hash: row.text("hash").unwrap_or_default(),
            when: row.integer("created_at"),
            name: row.text("name"),
            applied: row.time("applied_at"),
        })
        .collect()
    }

    pub(crate) fn record(&self, of: Option<&Timed>) -> Record {
        let (id, version, name) = match (of, &self.name) {
            (Some(timed), _) => {
                let migration = &timed.migration;
                (
                    migration.id.clone(),
                    migration.version.clone(),
                    migration.name.clone(),
                )
            }
            (None, Some(id)) => {
                let (version, name) = split_stem(id);
                (id.clone(), version, name)
            }
            (None, None) => {
                let when = self.when.unwrap_or_default().to_string();
                (when.clone(), when, String::new())
            }
        };
        let mut record = Record::applied(id, version, name).at(self.applied);
        record.checksum = Some(self.hash.to_lowercase());
        record
    }
}

impl Migrations for DrizzleMigrations {
    fn place(&self) -> &Place {
        &self.place
    }

    fn listed(&self) -> Vec<Migration> {
        self.entries
            .iter()
            .map(|timed| timed.migration.clone())
            .collect()
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        let required = &["hash", "created_at"];
        vec![Wanted::new(self.table.clone(), required).optional(&["name", "applied_at"])]
    }

    fn expected(&self) -> Expected {
        let mut expected = Expected::of(self).detailed(&self.entries, |timed, detail| {
            detail.put("when", &timed.when);
            detail.put("is_gone", &timed.is_gone);
        });
        expected.detail.put("in_journal", &self.in_journal);
        expected
    }

    fn compare(&self, tables: &Tables) -> Result<Comparison, HistoryError> {
        let rows = Noted::all(tables);
        let latest = rows.iter().filter_map(|row| row.when).max();
        let owners = Owners::new(self, &rows);
        let last_applied = owners.rows.iter().rposition(Option::is_some);
        let mut comparison = Comparison::default();
        for (at, (timed, row)) in self.entries.iter().zip(&owners.rows).enumerate() {
            let migration = timed.migration.clone();
            let is_skipped = self.in_journal && latest.is_some_and(|latest| timed.when <= latest);
            if timed.is_gone {
                let entry = match row {
                    Some((row, _)) => recorded(migration, rows[*row].record(Some(timed))),
                    None => Entry::of(migration, State::MissingFile),
                };
                comparison.gone(entry, row.is_some());
                continue;
            }
            comparison.entries.push(match row {
                Some((row, Tie::Text)) if !is_skipped => {
                    let when = rows[*row].when.unwrap_or_default();
                    Entry::of(migration, State::Pending).because(format!(
                        "its text is applied under another time ({when}); drizzle runs it again"
                    ))
                }
                Some((row, _)) => recorded(migration, rows[*row].record(Some(timed))),
                None if is_skipped => Entry::of(migration, State::Unreachable).because(
                    "its time is not after that of the last applied one: drizzle never runs it",
                ),
                None if last_applied.is_some_and(|last| at < last) => {
                    Entry::of(migration, State::OutOfOrder)
                        .because("later ones are applied; drizzle applies it all the same")
                }
                None => Entry::of(migration, State::Pending),
            });
        }
        for row in owners.left {
            comparison.entries.push(without_file(
                rows[row].record(None),
                "drizzle does not say so",
            ));
        }
        finish(&mut comparison, self.in_journal);
        Ok(comparison)
    }
}

impl Comparison {
    /// Adds a migration that the journal lists without its file.
    fn gone(&mut self, mut entry: Entry, is_applied: bool) {
        let file = entry.file.clone().unwrap_or_default();
        self.warnings.push(format!(
            "{JOURNAL} lists {file}, which is gone: drizzle applies nothing until it is back"
        ));
        self.hint("bring the file back, or drop the entry with `drizzle-kit drop`");
        entry.state = State::MissingFile;
        entry.why = Some(match is_applied {
            true => "the journal lists it, and its file is gone".to_owned(),
            false => "it is not applied, and its file is gone".to_owned(),
        });
        self.entries.push(entry);
    }
}

fn finish(comparison: &mut Comparison, in_journal: bool) {
    for entry in &mut comparison.entries {
        if entry.state == State::Edited {
            entry.why = Some("the file is not what was applied; drizzle never compares".to_owned());
        }
    }
    if in_journal && comparison.has(State::Unreachable) {
        comparison.hint(
            "drop the entry with `drizzle-kit drop` and generate it again, so that its time is the latest",
        );
    }
}

/// By what a row is known to be a migration's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tie {
    /// Its name or time.
    Sure,
    /// Its text alone.
    Text,
}

/// Which row is whose, each at most once.
pub(crate) struct Owners {
    /// The row of each migration.
    pub(crate) rows: Vec<Option<(usize, Tie)>>,
    /// Rows that are nobody's.
    pub(crate) left: Vec<usize>,
}

impl Owners {
    /// Rows go by name first, then by time, then by the second of a converted
    /// folder, at first one with the same text, and last by their text.
    pub(crate) fn new(migrations: &DrizzleMigrations, rows: &[Noted]) -> Self {
        let entries = &migrations.entries;
        let mut free = vec![true; rows.len()];
        let mut owners: Vec<Option<(usize, Tie)>> = vec![None; entries.len()];
        let mut assign = |tie: Tie,
                          row_key: &dyn Fn(&Noted) -> Option<String>,
                          key: &dyn Fn(&Timed) -> String| {
            let mut by_key: HashMap<String, VecDeque<usize>> = HashMap::new();
            for (at, row) in rows.iter().enumerate().filter(|(at, _)| free[*at]) {
                if let Some(key) = row_key(row) {
                    by_key.entry(key).or_default().push_back(at);
                }
            }
            for (timed, owner) in entries.iter().zip(&mut owners) {
                if owner.is_none()
                    && let Some(row) = by_key.get_mut(&key(timed)).and_then(VecDeque::pop_front)
                {
                    free[row] = false;
                    *owner = Some((row, tie));
                }
            }
        };
        assign(Tie::Sure, &|row| row.name.clone(), &|timed| {
            timed.migration.id.clone()
        });
        assign(Tie::Sure, &|row| Some(row.when?.to_string()), &|timed| {
            timed.when.to_string()
        });
        let in_second = |when: i64, hash: &str| format!("{} {hash}", when / 1000);
        assign(
            Tie::Sure,
            &|row| Some(in_second(row.when?, &row.hash)),
            &|timed| in_second(timed.when, &timed.hash),
        );
        if !migrations.in_journal {
            assign(
                Tie::Sure,
                &|row| row.name.is_none().then_some((row.when? / 1000).to_string()),
                &|timed| (timed.when / 1000).to_string(),
            );
        }
        assign(
            Tie::Text,
            &|row| row.name.is_none().then(|| row.hash.clone()),
            &|timed| timed.hash.clone(),
        );
        let left = (0..rows.len()).filter(|row| free[*row]).collect();
        Self { rows: owners, left }
    }
}

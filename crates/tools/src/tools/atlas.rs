//! Atlas, and Shipgate's own engine: versioned SQL files with `atlas.sum`.
//!
//! A history row's hash covers all files before its own; what was edited is
//! found out by `shipgate-migrate`, which also reads the directory.

use std::collections::HashMap;

use shipgate_migrate::directory::{Directory, File, Location};
use shipgate_migrate::history::{ChangeKind, Drift, Revision, RevisionKind, TABLE};
use shipgate_migrate::{GoDuration, GoTime};
use shipgate_sql::Dialect;

use crate::aftermath::Aftermath;
use crate::compare::{Comparison, Outcome, Record, Rules, by_id, by_number, by_text};
use crate::expected::{BadExpectation, Expected};
use crate::history::{HistoryError, Row, TableName, Tables, Wanted};
use crate::migration::Migration;
use crate::project::{Project, ReadError, join};
use crate::runner;
use crate::sign::Sign;
use crate::status::State;
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct Atlas;

const TITLE: &str = "Atlas";
const DIRECTORY: &str = "migrations";
const SUM: &str = "atlas.sum";
/// The layout whose versions are texts.
const BY_VERSION: &str = "atlas";
/// A row that is no revision.
const CLOUD: &str = ".atlas_cloud_identifier";

const LATE: (State, &str) = (
    State::OutOfOrder,
    "later ones are applied; it runs with `--exec-order linear-skip` or `non-linear`",
);
const MISSING: &str = "it was applied, and the directory no longer has it";

impl Tool for Atlas {
    fn name(&self) -> &'static str {
        "atlas"
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        let sum = join(DIRECTORY, SUM);
        if project.is_file(&sum) {
            signs.push(Sign::migrations(sum));
        }
        if project.is_file("atlas.hcl") {
            signs.push(Sign::configuration("atlas.hcl"));
        }
        let plain = project.files(DIRECTORY).into_iter().find(|name| {
            let is_pair = name.ends_with(".up.sql") || name.ends_with(".down.sql");
            name.ends_with(".sql")
                && !is_pair
                && name.starts_with(|first: char| first.is_ascii_digit())
                && !has_marks(&project.text(&join(DIRECTORY, name)).unwrap_or_default())
        });
        signs.extend(plain.map(|name| Sign::dependency(join(DIRECTORY, &name))));
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let written = settings.directory.as_deref().unwrap_or(DIRECTORY);
        let (path, query) = written.split_once('?').unwrap_or((written, ""));
        let path = crate::project::clean(path.strip_prefix("file://").unwrap_or(path));
        if !project.is_directory(path) {
            return Err(ReadError::NoDirectory {
                path: path.to_owned(),
                tool: TITLE,
            });
        }
        let full = project.root().join(path).display().to_string();
        let text = if query.is_empty() {
            full
        } else {
            format!("{full}?{query}")
        };
        let directory = Location::parse(&text)
            .and_then(Directory::open)
            .map_err(|error| ReadError::Contradiction(error.to_string()))?;
        let mut notes = Vec::new();
        if let Err(error) = directory.check_sum() {
            notes.push(format!("{}: {error}", join(path, SUM)));
        }
        let table = settings.table_or(|| TableName::new(TABLE));
        Ok(Box::new(AtlasMigrations {
            place: Place {
                notes,
                ..Place::new(path, &table)
            },
            table,
            by_version: directory.location().format().name() == BY_VERSION,
            files: directory
                .files()
                .iter()
                .map(|file| Known::of(file, path))
                .collect(),
            directory: Some(directory),
        }))
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        let files = expected.migrations.iter().map(|migration| {
            Ok(Known {
                migration: migration.migration(),
                is_checkpoint: migration.detail.get("checkpoint")?,
            })
        });
        Ok(Box::new(AtlasMigrations {
            place: expected.place(),
            table: expected.table()?,
            by_version: expected.detail.get("by_version")?,
            files: files.collect::<Result<_, BadExpectation>>()?,
            directory: None,
        }))
    }

    fn generator(&self) -> &'static str {
        "shipgate migrate new NAME"
    }

    fn command(&self, _project: &Project) -> Vec<String> {
        runner::plain(&["shipgate", "migrate", "apply"])
    }

    fn aftermath(&self, _dialect: Dialect) -> Aftermath {
        Aftermath::Marked
    }
}

/// Whether another tool's marks are in a file.
fn has_marks(text: &str) -> bool {
    [
        "+goose",
        "migrate:up",
        "Up Migration",
        "liquibase formatted",
    ]
    .iter()
    .any(|mark| text.contains(mark))
}

#[derive(Debug)]
struct AtlasMigrations {
    place: Place,
    table: TableName,
    /// Versions in Atlas's layout are texts, in the others numbers.
    by_version: bool,
    files: Vec<Known>,
    /// Without it, edits are not looked for.
    directory: Option<Directory>,
}

#[derive(Debug)]
struct Known {
    migration: Migration,
    is_checkpoint: bool,
}

impl Known {
    fn of(file: &File, directory: &str) -> Self {
        let path = join(directory, file.name());
        Self {
            migration: Migration::new(file.version(), file.version(), file.description(), path),
            is_checkpoint: file.is_checkpoint(),
        }
    }
}

impl AtlasMigrations {
    fn rules(&self) -> Rules {
        Rules {
            order: if self.by_version { by_text } else { by_number },
            late: LATE,
            missing: MISSING,
        }
    }

    fn position(&self, version: &str) -> Option<usize> {
        self.files
            .iter()
            .position(|file| file.migration.id == version)
    }

    /// What rows alone do not say: files that a baseline or a checkpoint stands for.
    fn stand_ins(&self, comparison: &mut Comparison, rows: &[Revision]) {
        let has_row = |version: &str| rows.iter().any(|row| row.version == version);
        let baseline = rows
            .iter()
            .find(|row| row.kind.has(RevisionKind::BASELINE))
            .and_then(|row| self.position(&row.version));
        let checkpoints: Vec<(usize, &str)> = self
            .files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.is_checkpoint)
            .map(|(at, file)| (at, file.migration.version.as_str()))
            .collect();
        let standing = checkpoints
            .iter()
            .rev()
            .find(|(_, version)| rows.is_empty() || has_row(version));
        for entry in &mut comparison.entries {
            if !matches!(entry.state, State::Pending | State::OutOfOrder) {
                continue;
            }
            let Some(at) = self.position(&entry.id) else {
                continue;
            };
            let is_checkpoint = checkpoints.iter().any(|(place, _)| *place == at);
            let why = match standing {
                _ if baseline.is_some_and(|baseline| at <= baseline) => {
                    "the baseline stands for it".to_owned()
                }
                Some((place, version)) if at < *place && !rows.is_empty() => {
                    format!("checkpoint {version} stands for it")
                }
                Some((place, version)) if at < *place => {
                    entry.state = State::Superseded;
                    entry.why = Some(format!("checkpoint {version} runs in its place"));
                    continue;
                }
                _ if is_checkpoint && !rows.is_empty() => {
                    "a checkpoint runs on empty databases only".to_owned()
                }
                _ => continue,
            };
            entry.state = State::Applied;
            entry.why = Some(why);
        }
    }

    /// Files that are not what was applied.
    fn drift(&self, comparison: &mut Comparison, rows: &[Revision]) {
        let Some(directory) = &self.directory else {
            return;
        };
        let drift = Drift::between(rows, directory);
        let edited: HashMap<&str, ChangeKind> = drift
            .changes
            .iter()
            .map(|change| (change.version.as_str(), change.kind))
            .collect();
        for entry in &mut comparison.entries {
            if entry.state != State::Applied {
                continue;
            }
            if edited.get(entry.id.as_str()) == Some(&ChangeKind::Edited) {
                entry.state = State::Edited;
                entry.why = Some("the file is not what was applied".to_owned());
            } else if drift.unproven.contains(&entry.id) {
                entry.why = Some("not checked for edits: files before it have changed".to_owned());
            }
        }
    }
}

impl Migrations for AtlasMigrations {
    fn place(&self) -> &Place {
        &self.place
    }

    fn listed(&self) -> Vec<Migration> {
        self.files
            .iter()
            .map(|file| file.migration.clone())
            .collect()
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        let required = &[
            "version",
            "description",
            "type",
            "applied",
            "total",
            "executed_at",
            "hash",
        ];
        vec![Wanted::new(self.table.clone(), required).optional(&[
            "error",
            "error_stmt",
            "operator_version",
        ])]
    }

    fn expected(&self) -> Expected {
        let mut expected = Expected::of(self).detailed(&self.files, |file, detail| {
            detail.put("checkpoint", &file.is_checkpoint);
        });
        expected.detail.put("by_version", &self.by_version);
        expected
    }

    fn compare(&self, tables: &Tables) -> Result<Comparison, HistoryError> {
        let rows: Vec<Row<'_>> = tables
            .get(0)
            .iter()
            .flat_map(|table| table.rows())
            .filter(|row| row.text("version").as_deref() != Some(CLOUD))
            .collect();
        let mut revisions: Vec<Revision> = rows.iter().map(revision).collect();
        revisions.sort_by(|a, b| a.version.cmp(&b.version));
        let records = rows.iter().map(record).collect();
        let mut comparison = by_id(self.listed(), records, &self.rules());
        // A baseline need not be a file.
        comparison.entries.retain(|entry| {
            let is_baseline = revisions
                .iter()
                .any(|row| row.version == entry.id && row.kind.has(RevisionKind::BASELINE));
            !(entry.state == State::MissingFile && is_baseline)
        });
        self.stand_ins(&mut comparison, &revisions);
        self.drift(&mut comparison, &revisions);
        if comparison.has(State::Failed) {
            comparison.hint("correct the file and apply again: `shipgate migrate apply` goes on where it stopped");
        }
        if comparison.has(State::OutOfOrder) {
            comparison.hint("`shipgate migrate apply --exec-order non-linear` runs what came late");
        }
        Ok(comparison)
    }
}

fn revision(row: &Row<'_>) -> Revision {
    Revision {
        version: row.text("version").unwrap_or_default(),
        description: row.text("description").unwrap_or_default(),
        kind: RevisionKind(row.integer("type").unwrap_or_default()),
        applied: row.integer("applied").unwrap_or_default(),
        total: row.integer("total").unwrap_or_default(),
        executed_at: row.time("executed_at").map_or(GoTime::ZERO, GoTime::from),
        execution_time: GoDuration::default(),
        error: row.text("error").unwrap_or_default(),
        error_stmt: row.text("error_stmt").unwrap_or_default(),
        hash: row.text("hash").unwrap_or_default(),
        partial_hashes: Vec::new(),
        operator_version: row.text("operator_version").unwrap_or_default(),
    }
}

fn record(row: &Row<'_>) -> Record {
    let revision = revision(row);
    let is_partial = revision.kind.has(RevisionKind::EXECUTED)
        && !revision.kind.has(RevisionKind::RESOLVED)
        && revision.applied < revision.total;
    let mut record = Record::applied(&revision.version, &revision.version, &revision.description)
        .at(row.time("executed_at"))
        .by(row.text("operator_version"));
    if is_partial {
        let reason = revision.error.lines().next().unwrap_or_default();
        let separator = if reason.is_empty() { "" } else { ": " };
        record.outcome = Outcome::Failed(format!(
            "{} of {} statements are done{separator}{reason}",
            revision.applied, revision.total
        ));
    }
    record
}

//! A tool's own table as the history of a run.
//!
//! What the tool has no column for, how far a half-applied file went, is kept
//! in a table of Shipgate's own: made before the first file that no
//! transaction spans, dropped at the end of a run when nothing is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use shipgate_database::{DatabaseUrl, Session, StatementError, Value};
use shipgate_migrate::GoDuration;
use shipgate_migrate::directory::{Directory, DirectoryError};
use shipgate_migrate::history::{
    Entrance, Failed, History, HistoryError, PROGRESS_TABLE, Revision, RevisionKind, RowStatement,
    Snapshot, Started, Timing, history_of, progress_of,
};
use shipgate_sql::{Dialect, quoted_name};

use super::ledger::{Ledger, Line};
use crate::checksum::Checksum;
use crate::compare::{Outcome, Record};
use crate::history::{HistoryError as ReadError, TableName, Wanted, read};

/// What the history says of a file.
#[derive(Clone, Debug)]
struct Known {
    name: String,
    description: String,
    checksum: Checksum,
    /// The hash by which the directory knows the file.
    hash: String,
}

/// Whether Atlas may have kept the history of the same files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtlasBeside {
    /// It reads this layout, and nobody said whose history is meant.
    Refused,
    /// It does not matter.
    Ignored,
}

/// The history of one directory in one database, in its tool's table.
pub(super) struct ToolHistory {
    ledger: Arc<dyn Ledger>,
    dialect: Dialect,
    table: TableName,
    files: BTreeMap<String, Known>,
    progress: Arc<dyn History>,
    atlas: Option<Arc<dyn History>>,
    /// Whether the table of progress is there.
    has_progress: AtomicBool,
    versions: Mutex<Versions>,
}

/// What this run wrote or found of versions.
#[derive(Debug, Default)]
struct Versions {
    /// Those with a row of progress.
    stepped: BTreeSet<String>,
    /// Those whose row was written in the transaction of their file.
    recorded: BTreeSet<String>,
}

/// How the definition of a tool's table is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Create,
    AddColumns,
}

impl ToolHistory {
    /// The history of a directory's files.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(super) fn new(
        ledger: Arc<dyn Ledger>,
        directory: &Directory,
        url: &DatabaseUrl,
        atlas: AtlasBeside,
    ) -> Result<Self, DirectoryError> {
        let mut files = BTreeMap::new();
        for file in directory.files() {
            let known = Known {
                name: file.name().to_owned(),
                description: file.description().to_owned(),
                checksum: ledger.checksum(file, &file.bytes()?),
                hash: directory.hash_of(file),
            };
            files.insert(file.version().to_owned(), known);
        }
        let table = ledger
            .wanted(url.dialect())
            .into_iter()
            .next()
            .map_or_else(|| TableName::new(""), |wanted| wanted.name);
        Ok(Self {
            ledger,
            dialect: url.dialect(),
            table,
            files,
            progress: progress_of(url),
            atlas: (atlas == AtlasBeside::Refused).then(|| history_of(url, None)),
            has_progress: AtomicBool::new(false),
            versions: Mutex::default(),
        })
    }

    fn versions(&self) -> MutexGuard<'_, Versions> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_stepped(&self, version: &str) -> bool {
        self.versions().stepped.contains(version)
    }

    /// The error of a statement on the tool's table.
    fn refused(&self, action: &'static str) -> impl FnOnce(StatementError) -> HistoryError {
        let table = self.table.to_string();
        move |error| HistoryError::Table {
            action,
            table,
            error,
        }
    }

    /// A revision as a row of the tool's.
    fn line<'l>(&'l self, revision: &'l Revision) -> Line<'l> {
        let known = self.files.get(&revision.version);
        let checksums = known.map_or(&[][..], |known| match &known.checksum {
            Checksum::Any(any) => any,
            Checksum::None | Checksum::Unknown(_) => &[],
        });
        Line {
            version: &revision.version,
            description: known.map_or(&revision.description, |known| &known.description),
            file: known.map_or("", |known| &known.name),
            checksum: checksums.first().map(String::as_str),
            checksums,
            started: revision
                .executed_at
                .timestamp()
                .unwrap_or(Timestamp::UNIX_EPOCH),
            elapsed: SignedDuration::from_nanos(revision.execution_time.as_nanos()),
            done: revision.applied,
            error: &revision.error,
        }
    }

    /// A row of the tool's as a revision.
    fn revision(&self, record: &Record) -> Revision {
        let known = self.files.get(&record.id);
        let (error, total) = match &record.outcome {
            Outcome::Applied => (String::new(), 0),
            Outcome::Failed(why) => (why.clone(), 1),
        };
        Revision {
            version: record.id.clone(),
            description: known
                .map_or(&record.name, |known| &known.description)
                .clone(),
            kind: RevisionKind::EXECUTED,
            applied: 0,
            total,
            executed_at: record.at.map(Into::into).unwrap_or_default(),
            execution_time: GoDuration::default(),
            error,
            error_stmt: String::new(),
            hash: known.map_or_else(String::new, |known| known.found(record.checksum.as_deref())),
            partial_hashes: Vec::new(),
            operator_version: self.ledger.title().to_owned(),
        }
    }

    fn failed(&self, record: &Record, why: &str) -> Failed {
        let mut hints = self.ledger.ways_out(&record.id);
        let version = &record.id;
        hints.push(format!(
            "or, when all of it is there: shipgate migrate set --applied {version}"
        ));
        hints.push(format!(
            "or, when nothing of it is:   shipgate migrate set --not-applied {version}"
        ));
        Failed {
            version: version.clone(),
            program: self.ledger.title(),
            why: why.to_owned(),
            hints,
        }
    }

    /// The tool's tables, and ours behind them.
    fn wanted(&self, dialect: Dialect) -> Vec<Wanted> {
        let schema = self.progress.schema().map(str::to_owned);
        let progress = TableName::within(schema, PROGRESS_TABLE);
        let mut wanted = self.ledger.wanted(dialect);
        wanted.push(Wanted::new(progress, &["version"]));
        wanted
    }

    /// The half-applied files.
    async fn read_progress(
        &self,
        session: &mut dyn Session,
        is_there: bool,
    ) -> Result<Vec<Revision>, HistoryError> {
        self.has_progress.store(is_there, Ordering::Relaxed);
        let rows = match is_there {
            true => self.progress.read(session).await?.revisions,
            false => Vec::new(),
        };
        self.versions().stepped = rows.iter().map(|row| row.version.clone()).collect();
        Ok(rows)
    }

    /// Files of a layout that Atlas reads too, with a history that Atlas kept.
    async fn refuse_other_history(&self, session: &mut dyn Session) -> Result<(), HistoryError> {
        let Some(atlas) = &self.atlas else {
            return Ok(());
        };
        let rows = atlas.read(session).await?.revisions.len();
        if rows == 0 {
            return Ok(());
        }
        Err(HistoryError::Unusable {
            message: format!(
                "{} has no rows, but atlas_schema_revisions has {rows}: which of them is the history of this directory?",
                self.table
            ),
            hints: vec![
                "`--history atlas` goes on with atlas_schema_revisions".to_owned(),
                format!("`--history tool` begins {}", self.table),
            ],
        })
    }

    async fn take_back_progress(
        &self,
        session: &mut dyn Session,
        version: &str,
    ) -> Result<(), HistoryError> {
        if self.is_stepped(version) {
            self.progress.delete(session, version).await?;
        }
        Ok(())
    }

    /// Changes the definition of the tool's table, all at once where the
    /// database has definitions in transactions.
    async fn change(&self, session: &mut dyn Session, what: Change) -> Result<(), StatementError> {
        let at_once = matches!(session.dialect(), Dialect::Postgres | Dialect::Sqlite)
            && !session.in_transaction();
        if at_once {
            session.begin().await?;
        }
        let mut done = match what {
            Change::Create => self.create_tables(session).await,
            Change::AddColumns => self.ledger.add_columns(session).await,
        };
        if at_once {
            if done.is_ok() {
                done = session.commit().await;
            }
            if done.is_err() && session.in_transaction() {
                // The first error is the one to tell.
                let _ = session.rollback().await;
            }
        }
        done
    }

    async fn create_tables(&self, session: &mut dyn Session) -> Result<(), StatementError> {
        for statement in self.ledger.create(session.dialect()) {
            session.execute(&statement).await?;
        }
        Ok(())
    }

    /// Drops the table of progress when nothing is in it.
    async fn drop_progress(&self, session: &mut dyn Session) -> Result<(), HistoryError> {
        if !self.has_progress.load(Ordering::Relaxed) {
            return Ok(());
        }
        let dialect = session.dialect();
        let name = quoted_name(dialect, PROGRESS_TABLE);
        let table = match self.progress.schema() {
            Some(schema) => format!("{}.{name}", quoted_name(dialect, schema)),
            None => name.clone(),
        };
        let rows = session
            .query(&format!("SELECT 1 FROM {table} LIMIT 1"), &[])
            .await
            .map_err(HistoryError::Read)?;
        if rows.is_empty() {
            let dropped = session.execute(&format!("DROP TABLE {table}")).await;
            dropped.map_err(HistoryError::Write)?;
            self.has_progress.store(false, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Known {
    /// The directory's hash if the recorded checksum fits the file.
    fn found(&self, recorded: Option<&str>) -> String {
        match (&self.checksum, recorded) {
            (Checksum::Any(any), Some(recorded)) if !any.iter().any(|sum| sum == recorded) => {
                format!("other:{recorded}")
            }
            _ => self.hash.clone(),
        }
    }
}

/// An error of reading as the engine tells it.
fn unreadable(error: ReadError) -> HistoryError {
    match error {
        ReadError::Refused { what, error } => HistoryError::Table {
            action: "read",
            table: what,
            error: *error,
        },
        other => HistoryError::Unusable {
            message: other.to_string(),
            hints: Vec::new(),
        },
    }
}

/// Whether a row of this key was there already.
fn is_duplicate(error: &StatementError) -> bool {
    let codes = [
        "23505",
        "1062",
        "SQLITE_CONSTRAINT_PRIMARYKEY",
        "SQLITE_CONSTRAINT_UNIQUE",
    ];
    error
        .code
        .as_deref()
        .is_some_and(|code| codes.contains(&code))
}

/// Whether a row says that a file is done.
fn is_finished(revision: &Revision) -> bool {
    revision.applied == revision.total
        && revision.error.is_empty()
        && revision.partial_hashes.is_empty()
}

#[async_trait]
impl History for ToolHistory {
    fn schema(&self) -> Option<&str> {
        self.progress.schema()
    }

    async fn read(&self, session: &mut dyn Session) -> Result<Snapshot, HistoryError> {
        let wanted = self.wanted(session.dialect());
        let mut tables = read(session, self.ledger.title(), &wanted)
            .await
            .map_err(unreadable)?;
        let has_progress = tables.found.pop().flatten().is_some();
        let half = self.read_progress(session, has_progress).await?;
        let lines = self.ledger.lines(&tables).map_err(unreadable)?;
        if lines.records.is_empty() && lines.baseline.is_none() {
            self.refuse_other_history(session).await?;
        }
        let mut snapshot = Snapshot {
            table_exists: tables.get(0).is_some(),
            ..Snapshot::default()
        };
        snapshot.missing_columns = lines.missing_columns;
        snapshot.warnings = lines.warnings;
        snapshot.warnings.append(&mut tables.warnings);
        let mut revisions: BTreeMap<String, Revision> = BTreeMap::new();
        for record in &lines.records {
            let is_ours = half.iter().any(|row| row.version == record.id);
            if let (Outcome::Failed(why), false, None) =
                (&record.outcome, is_ours, &snapshot.failed)
            {
                snapshot.failed = Some(self.failed(record, why));
            }
            revisions.insert(record.id.clone(), self.revision(record));
        }
        if let Some(record) = &lines.baseline {
            let declared = || Revision {
                kind: RevisionKind::BASELINE,
                ..self.revision(record)
            };
            revisions.entry(record.id.clone()).or_insert_with(declared);
        }
        for row in half {
            revisions.insert(row.version.clone(), row);
        }
        snapshot.revisions = revisions.into_values().collect();
        Ok(snapshot)
    }

    async fn create(&self, session: &mut dyn Session) -> Result<(), HistoryError> {
        let created = self.change(session, Change::Create).await;
        created.map_err(self.refused("create table"))
    }

    async fn add_columns(
        &self,
        session: &mut dyn Session,
        _columns: &[&'static str],
    ) -> Result<(), HistoryError> {
        let added = self.change(session, Change::AddColumns).await;
        added.map_err(self.refused("add columns to"))
    }

    async fn start(
        &self,
        session: &mut dyn Session,
        revision: &Revision,
        started: Started,
    ) -> Result<(), HistoryError> {
        let line = self.line(revision);
        if is_finished(revision) {
            return match self.ledger.record(session, &line).await {
                Ok(()) => {
                    self.versions().recorded.insert(revision.version.clone());
                    Ok(())
                }
                Err(error) if is_duplicate(&error) => {
                    Err(HistoryError::Changed(revision.version.clone()))
                }
                Err(error) => Err(self.refused("write a row of")(error)),
            };
        }
        // A row of the tool's is no row of progress.
        let started = match self.is_stepped(&revision.version) {
            true => started,
            false => Started::New,
        };
        self.progress.start(session, revision, started).await?;
        self.versions().stepped.insert(revision.version.clone());
        let begun = self.ledger.begin(session, &line).await;
        begun.map_err(self.refused("write a row of"))
    }

    async fn progress(
        &self,
        session: &mut dyn Session,
        version: &str,
        applied: i64,
    ) -> Result<(), HistoryError> {
        self.progress.progress(session, version, applied).await
    }

    async fn intend(
        &self,
        session: &mut dyn Session,
        version: &str,
        applied: i64,
        statement: &str,
        intent: &str,
    ) -> Result<(), HistoryError> {
        let progress = &self.progress;
        progress
            .intend(session, version, applied, statement, intent)
            .await
    }

    async fn write(
        &self,
        session: &mut dyn Session,
        revision: &Revision,
    ) -> Result<(), HistoryError> {
        let line = self.line(revision);
        let version = &revision.version;
        if !is_finished(revision) {
            self.progress.write(session, revision).await?;
            self.versions().stepped.insert(version.clone());
            if revision.error.is_empty() {
                return Ok(());
            }
            let failed = self.ledger.fail(session, &line).await;
            return failed.map_err(self.refused("write a row of"));
        }
        let (is_recorded, is_stepped) = {
            let mut versions = self.versions();
            let is_recorded = versions.recorded.remove(version);
            (is_recorded, versions.stepped.contains(version))
        };
        let ledger = &self.ledger;
        let written = match (is_recorded, is_stepped) {
            (true, _) => ledger.finish(session, &line).await,
            (false, true) => ledger.complete(session, &line).await,
            (false, false) => ledger.resolve(session, &line).await,
        };
        written.map_err(self.refused("write a row of"))?;
        self.take_back_progress(session, version).await
    }

    fn insertion(&self, revision: &Revision, timing: Timing) -> Option<Vec<RowStatement>> {
        if !is_finished(revision) || self.is_stepped(&revision.version) {
            return None;
        }
        let line = self.line(revision);
        self.ledger.row(self.dialect, &line, timing)
    }

    fn not_inserted(&self, version: &str, error: StatementError) -> HistoryError {
        if is_duplicate(&error) {
            HistoryError::Changed(version.to_owned())
        } else {
            self.refused("write a row of")(error)
        }
    }

    async fn delete(&self, session: &mut dyn Session, version: &str) -> Result<(), HistoryError> {
        let forgotten = self.ledger.forget(session, version).await;
        forgotten.map_err(self.refused("delete a row of"))?;
        self.take_back_progress(session, version).await
    }

    async fn not_clean(&self, session: &mut dyn Session) -> Result<Option<String>, HistoryError> {
        let reason = self.ledger.not_clean(session).await;
        reason.map_err(HistoryError::Read)
    }

    async fn enter(&self, session: &mut dyn Session) -> Result<Entrance, HistoryError> {
        let entered = self.ledger.enter(session).await;
        entered.map_err(self.refused("take the lock of"))
    }

    async fn leave(&self, session: &mut dyn Session) -> Result<(), HistoryError> {
        let dropped = self.drop_progress(session).await;
        let left = self.ledger.leave(session).await;
        left.map_err(self.refused("give back the lock of"))?;
        dropped
    }

    async fn before_steps(&self, session: &mut dyn Session) -> Result<(), HistoryError> {
        if !self.has_progress.load(Ordering::Relaxed) {
            self.progress.create(session).await?;
            self.has_progress.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Whether a row's first value is true, as any session returns it.
pub(super) fn is_true(rows: &[Vec<Value>]) -> bool {
    match rows.first().and_then(|row| row.first()) {
        Some(Value::Integer(number)) => *number != 0,
        Some(Value::Text(text)) => matches!(text.as_str(), "1" | "t" | "true"),
        _ => false,
    }
}

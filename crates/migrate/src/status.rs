//! `status`: where a database stands.

use shipgate_database::{Access, ConnectOptions, Database, OpenError};
use shipgate_sql::SplitMode;

use crate::directory::{Directory, DirectoryError, File};
use crate::history::{Drift, HistoryChoice, HistoryError, Revision, Snapshot};
use crate::plan::{ExecOrder, Pending, PlanError, Standing, standing};
use crate::report::status::{OK, PENDING};
use crate::report::{Env, FileEntry, StatusReport};
use crate::script::{Script, ScriptError, Syntax};
use crate::sum::ChecksumError;

/// How a history is read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Who keeps the history.
    pub history: HistoryChoice,
    /// What files added behind the last applied one mean: executed ones are
    /// pending, others are told as out of order.
    pub exec_order: ExecOrder,
    /// How the database is opened.
    pub connect: ConnectOptions,
}

/// Why there is no status.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// Two files have one version.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The directory's checksums do not hold.
    #[error(transparent)]
    Checksum(#[from] ChecksumError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The history cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A half-applied file is gone.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A half-applied file cannot be taken apart.
    #[error(transparent)]
    Script(#[from] ScriptError),
}

const NOTHING_APPLIED: &str = "No migration applied yet";
const NOTHING_PENDING: &str = "Already at latest version";

/// Tells where a database stands. Nothing is written, and a database that
/// does not exist is not created.
///
/// # Errors
/// [`StatusError`].
pub async fn status<'a>(
    database: &dyn Database,
    directory: &'a Directory,
    reading: &Reading,
) -> Result<StatusReport<'a>, StatusError> {
    directory.check_sum()?;
    directory.check_versions()?;
    let (snapshot, syntax) = read_only_snapshot::<StatusError>(database, reading).await?;
    let snapshot = snapshot.ordered_by(directory);
    let mut standing = standing(directory, &snapshot.revisions)?;
    if reading.exec_order == ExecOrder::NonLinear {
        standing.execute_late();
    }
    let env = Env::new(database.url(), &directory.location().url_with_format());
    let mut report = StatusReport {
        env,
        available: Vec::new(),
        out_of_order: entries(&standing.out_of_order),
        pending: entries(&standing.pending),
        applied: Vec::new(),
        current: String::new(),
        next: String::new(),
        count: 0,
        total: 0,
        status: PENDING,
        error: String::new(),
        sql: String::new(),
        from_checkpoint: false,
        drift: Drift::between(&snapshot.revisions, directory),
        notes: notes(&snapshot),
    };
    let last = snapshot.revisions.last();
    if standing.out_of_order.is_empty() {
        report.available = available(directory, &snapshot.revisions, &standing);
        let untouched = report.pending.len() == report.available.len()
            && (last.is_none() || !report.available.is_empty());
        report.current = match last {
            Some(last) if !untouched => last.version.clone(),
            _ => NOTHING_APPLIED.to_owned(),
        };
        match standing.pending.first() {
            None => {
                report.status = OK;
                report.next = NOTHING_PENDING.to_owned();
            }
            Some(next) => {
                report.next = next.file.version().to_owned();
                report.from_checkpoint = last.is_none() && next.file.is_checkpoint();
            }
        }
        if let Some(partial) = standing
            .pending
            .iter()
            .rev()
            .find(|pending| pending.begun.is_some())
        {
            tell_of_partial(&mut report, partial, syntax)?;
        }
    } else {
        report.current = last.map(|row| row.version.clone()).unwrap_or_default();
        let names = standing
            .out_of_order
            .iter()
            .map(|file| file.file.name().to_owned());
        report.error = PlanError::OutOfOrder(names.collect()).to_string();
    }
    report.applied = snapshot.revisions;
    Ok(report)
}

/// What is strange about the history, and the ways out of what failed.
fn notes(snapshot: &Snapshot) -> Vec<String> {
    let mut notes = snapshot.warnings.clone();
    if let Some(failed) = &snapshot.failed {
        notes.push(failed.to_string());
        notes.extend(failed.hints.iter().cloned());
    }
    notes
}

/// The history of a database that may not exist yet, and how its sessions
/// read scripts.
pub(crate) async fn read_only_snapshot<E>(
    database: &dyn Database,
    reading: &Reading,
) -> Result<(Snapshot, Syntax), E>
where
    E: From<OpenError> + From<HistoryError>,
{
    let history = reading.history.of(database.url());
    let options = ConnectOptions {
        access: Access::ReadOnly,
        ..reading.connect.clone()
    };
    match database.connect(&options).await {
        Ok(mut session) => {
            let snapshot = history.read(&mut *session).await?;
            Ok((snapshot, Syntax::of(&*session)))
        }
        Err(OpenError::Missing { .. } | OpenError::NoDirectory { .. }) => {
            Ok((Snapshot::default(), database.dialect().into()))
        }
        Err(error) => Err(error.into()),
    }
}

fn entries<'a>(pending: &[Pending<'a>]) -> Vec<FileEntry<'a>> {
    pending
        .iter()
        .map(|pending| FileEntry::of(pending.file))
        .collect()
}

fn available<'a>(
    directory: &'a Directory,
    revisions: &[Revision],
    standing: &Standing<'a>,
) -> Vec<FileEntry<'a>> {
    if revisions.is_empty() {
        entries(&standing.pending)
    } else {
        directory.files().iter().map(FileEntry::of).collect()
    }
}

fn tell_of_partial(
    report: &mut StatusReport<'_>,
    partial: &Pending<'_>,
    syntax: Syntax,
) -> Result<(), ScriptError> {
    let Some(row) = &partial.begun else {
        return Ok(());
    };
    let on_one_line = |text: &str| text.replace('\n', " ");
    report.sql = on_one_line(&row.error_stmt);
    report.error = on_one_line(&row.error);
    report.count = row.applied;
    report.total = statement_count(partial.file, syntax)?;
    Ok(())
}

fn statement_count(file: &File, syntax: Syntax) -> Result<i64, ScriptError> {
    let script = Script::of(file, syntax, SplitMode::Own)?;
    Ok(i64::try_from(script.len()).unwrap_or(i64::MAX))
}

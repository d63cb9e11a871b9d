//! `set`: tell the history where the database stands.

use std::cmp::Ordering;
use std::time::Duration;

use shipgate_database::{
    Access, ConnectOptions, Create, Database, LockError, LockRequest, MigrationLock, OpenError,
    Session, StatementError,
};
use shipgate_sql::SplitMode;
use tokio::time::{Instant, sleep};

use crate::apply::ApplyError;
use crate::directory::{Bookkeeping, Directory, DirectoryError, File};
use crate::golang::{GoDuration, Quoted};
use crate::history::{
    Entrance, History, HistoryChoice, HistoryError, Revision, RevisionKind, Snapshot,
};
use crate::report::SetReport;
use crate::script::{Script, ScriptError, Syntax};
use crate::sum::ChecksumError;

/// What `set` is told.
#[derive(Clone, Debug)]
pub struct SetOptions {
    /// Who keeps the history.
    pub history: HistoryChoice,
    /// Who asks for the migration lock and how long it waits.
    pub lock: LockRequest,
    /// How long a statement waits for another session's lock.
    pub busy_timeout: Duration,
    /// What the history's `operator_version` says.
    pub operator_version: String,
}

/// Why the history was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// Two files have one version.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The directory's checksums do not hold.
    #[error(transparent)]
    Checksum(#[from] ChecksumError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Another migrator is at work.
    #[error("{}", ApplyError::lock_text(.0))]
    Lock(#[from] LockError),
    /// A session of the program whose history this is kept its lock too long.
    #[error("{by}; waited {waited:.0?}")]
    HeldByOther {
        /// Which session, as words.
        by: String,
        /// For how long.
        waited: Duration,
    },
    /// The history cannot be read or written.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The transaction around the change failed.
    #[error("sql/migrate: write revisions: {0}")]
    Transaction(#[source] StatementError),
    /// A file cannot be taken apart.
    #[error(transparent)]
    Script(Box<ScriptError>),
    /// The version's run was not broken off in a statement.
    #[error("no run of version {} was broken off or failed in a statement; `shipgate migrate status` shows where it stands", Quoted(.0))]
    NotBegun(String),
    /// The file does not have the statement any more.
    #[error("the next statement of version {version} is not the one that was begun any more: {}", Quoted(.statement))]
    StatementChanged {
        /// The version, quoted.
        version: String,
        /// The statement that was begun.
        statement: String,
    },
    /// No version was given, and the history is empty.
    #[error("accepts 1 arg(s), received 0")]
    NoVersion,
    /// No file has the version.
    #[error("migration with version {} not found", Quoted(.0))]
    VersionNotFound(String),
}

impl From<ScriptError> for SetError {
    fn from(error: ScriptError) -> Self {
        Self::Script(Box::new(error))
    }
}

impl SetError {
    /// What else is known: who is in the way.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Lock(error @ LockError::Held { .. }) => vec![error.to_string()],
            Self::Checksum(error) => error.hints(),
            Self::History(error) => error.hints().to_vec(),
            _ => Vec::new(),
        }
    }
}

/// Makes the history say that the database stands at a version: rows above it
/// are deleted, half-applied ones up to it are resolved, missing ones up to it
/// are added. Without a version: the directory's last one; with an empty
/// directory every row is deleted.
///
/// # Errors
/// [`SetError`]; nothing was changed.
pub async fn set(
    database: &dyn Database,
    directory: &Directory,
    version: Option<&str>,
    options: &SetOptions,
) -> Result<SetReport, SetError> {
    directory.check_sum()?;
    directory.check_versions()?;
    let history = options.history.of(database.url());
    let request = LockRequest {
        schema: history.schema().map(str::to_owned),
        ..options.lock.clone()
    };
    let lock = match database.lock(request).await {
        Ok(lock) => Some(lock),
        // A database in memory belongs to this session alone.
        Err(LockError::NotPossible { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let done = set_locked(
        database,
        directory,
        version,
        options,
        &*history,
        lock.as_deref(),
    )
    .await;
    if let Some(lock) = lock {
        lock.release().await?;
    }
    done
}

async fn set_locked(
    database: &dyn Database,
    directory: &Directory,
    version: Option<&str>,
    options: &SetOptions,
    history: &dyn History,
    lock: Option<&dyn MigrationLock>,
) -> Result<SetReport, SetError> {
    let mut session = database
        .connect(&ConnectOptions {
            access: Access::ReadWrite,
            create: Create::IfMissing,
            connect_timeout: options.lock.connect_timeout,
            busy_timeout: options.busy_timeout,
            on_wait: None,
        })
        .await?;
    let session = &mut *session;
    enter(session, history, options).await?;
    let done = set_entered(directory, version, options, history, lock, session).await;
    let left = history.leave(session).await;
    let report = done?;
    left?;
    Ok(report)
}

/// How often it is tried to get the lock of the program whose history this is.
const LOOK: Duration = Duration::from_millis(100);

/// Takes that lock, for which it waits as long as for the migration lock.
pub(crate) async fn enter(
    session: &mut dyn Session,
    history: &dyn History,
    options: &SetOptions,
) -> Result<(), SetError> {
    let began = Instant::now();
    loop {
        match history.enter(session).await? {
            Entrance::Open => return Ok(()),
            Entrance::Held { by } if began.elapsed() >= options.lock.timeout => {
                let waited = options.lock.timeout;
                return Err(SetError::HeldByOther { by, waited });
            }
            Entrance::Held { .. } => sleep(LOOK).await,
        }
    }
}

async fn set_entered(
    directory: &Directory,
    version: Option<&str>,
    options: &SetOptions,
    history: &dyn History,
    lock: Option<&dyn MigrationLock>,
    session: &mut dyn Session,
) -> Result<SetReport, SetError> {
    let snapshot = history.read(session).await?.ordered_by(directory);
    let target = target(directory, &snapshot.revisions, version)?;
    let setting = Setting {
        directory,
        syntax: Syntax::of(session),
        options,
        target,
    };
    let report = setting.report(&snapshot);
    if report.set.is_empty() && report.removed.is_empty() {
        return Ok(report);
    }
    session.begin().await.map_err(SetError::Transaction)?;
    match write(session, lock, history, &snapshot, &report).await {
        Ok(()) => {
            session.commit().await.map_err(SetError::Transaction)?;
            Ok(report)
        }
        Err(error) => {
            // The first error is the one to tell.
            let _ = session.rollback().await;
            Err(error)
        }
    }
}

async fn write(
    session: &mut dyn Session,
    lock: Option<&dyn MigrationLock>,
    history: &dyn History,
    snapshot: &Snapshot,
    report: &SetReport,
) -> Result<(), SetError> {
    if !snapshot.table_exists {
        history.create(session).await?;
    } else if !snapshot.missing_columns.is_empty() {
        let missing = &snapshot.missing_columns;
        history.add_columns(session, missing).await?;
    }
    // Creating the table may have ended the transaction.
    if let Some(lock) = lock {
        lock.fence(session).await?;
    }
    for row in &report.removed {
        history.delete(session, &row.version).await?;
    }
    for row in &report.set {
        history.write(session, row).await?;
    }
    Ok(())
}

/// The file to stand at; none means that no row shall stay.
fn target<'a>(
    directory: &'a Directory,
    revisions: &[Revision],
    version: Option<&str>,
) -> Result<Option<&'a File>, SetError> {
    match version {
        Some(version) => match directory.file(version) {
            Some(file) => Ok(Some(file)),
            None => Err(SetError::VersionNotFound(version.to_owned())),
        },
        None if revisions.is_empty() => Err(SetError::NoVersion),
        None => Ok(directory.files().iter().rfind(|file| !file.is_repeatable())),
    }
}

struct Setting<'s> {
    directory: &'s Directory,
    syntax: Syntax,
    options: &'s SetOptions,
    target: Option<&'s File>,
}

impl Setting<'_> {
    fn report(&self, snapshot: &Snapshot) -> SetReport {
        let target = self.target.map_or("", File::version);
        let mut kept = Vec::new();
        let mut report = SetReport::default();
        for row in &snapshot.revisions {
            if self.is_above(&row.version, target) {
                report.removed.push(row.clone());
                continue;
            }
            let unfinished = row.is_partial()
                || (row.version == target && (!row.error.is_empty() || row.applied != row.total));
            if unfinished {
                let resolved = self.resolved(row);
                report.set.push(resolved.clone());
                kept.push(resolved);
            } else {
                kept.push(row.clone());
            }
        }
        for file in self.missing(&kept) {
            let row = self.added(file);
            report.set.push(row.clone());
            kept.push(row);
        }
        report.current = self.directory.in_order(kept).pop();
        report
    }

    /// Whether a row lies above the target. Repeatable ones lie nowhere; they
    /// go only when all do.
    fn is_above(&self, version: &str, target: &str) -> bool {
        if self.target.is_none() {
            return true;
        }
        !self.directory.is_repeatable(version) && self.compare(version, target).is_gt()
    }

    fn compare(&self, a: &str, b: &str) -> Ordering {
        self.directory.compare_versions(a, b)
    }

    /// The files up to the target that have no row. What lies before the
    /// history's first row, and checkpoints inside it, need none.
    fn missing(&self, kept: &[Revision]) -> Vec<&File> {
        let Some(target) = self.target else {
            return Vec::new();
        };
        let each_has_a_row = self.directory.location().bookkeeping() == Bookkeeping::Tool;
        let versions = || {
            kept.iter()
                .map(|row| row.version.as_str())
                .filter(|version| !self.directory.is_repeatable(version))
        };
        let first = versions().min_by(|a, b| self.compare(a, b));
        let last = versions().max_by(|a, b| self.compare(a, b));
        let lies_after = |file: &File, version: &str| self.compare(file.version(), version).is_gt();
        self.directory
            .files()
            .iter()
            .filter(|file| !lies_after(file, target.version()))
            .filter(|file| !file.is_repeatable())
            .filter(|file| !kept.iter().any(|row| row.version == file.version()))
            .filter(|file| each_has_a_row || first.is_none_or(|first| lies_after(file, first)))
            .filter(|file| !file.is_checkpoint() || last.is_none_or(|last| lies_after(file, last)))
            .collect()
    }

    /// A failed row as one that is done: counts and hash are those of the
    /// file as it is, so that no program takes it up again.
    fn resolved(&self, row: &Revision) -> Revision {
        let file = self.directory.file(&row.version);
        let statements = file.and_then(|file| {
            let script = Script::of(file, self.syntax, SplitMode::Own).ok()?;
            i64::try_from(script.len()).ok()
        });
        let total = statements.unwrap_or(row.total.max(row.applied));
        Revision {
            kind: RevisionKind::EXECUTED.with(RevisionKind::RESOLVED),
            applied: total,
            total,
            error: String::new(),
            error_stmt: String::new(),
            hash: file.map_or_else(|| row.hash.clone(), |file| self.hash(file)),
            partial_hashes: Vec::new(),
            operator_version: self.options.operator_version.clone(),
            ..row.clone()
        }
    }

    fn added(&self, file: &File) -> Revision {
        Revision {
            version: file.version().to_owned(),
            description: file.description().to_owned(),
            kind: RevisionKind::RESOLVED,
            applied: 0,
            total: 0,
            executed_at: (self.options.lock.clock)().into(),
            execution_time: GoDuration::default(),
            error: String::new(),
            error_stmt: String::new(),
            hash: self.hash(file),
            partial_hashes: Vec::new(),
            operator_version: self.options.operator_version.clone(),
        }
    }

    fn hash(&self, file: &File) -> String {
        self.directory.hash_of(file)
    }
}

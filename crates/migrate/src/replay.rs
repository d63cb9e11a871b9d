//! `validate` with a database: does every migration run on an empty one?

mod mysql;
mod postgres;

use std::path::Path;

use shipgate_database::{
    Access, ClientSettings, ConnectOptions, Create, Database, DatabaseUrl, OpenError, Session,
    StatementError, Value, open,
};
use shipgate_sql::{Dialect, SplitMode};

use crate::apply::{ApplyError, copy, failed_statement};
use crate::directory::{Directory, File};
use crate::golang::Quoted;
use crate::history::{HistoryError, TABLE, history_of};
use crate::plan::{Pending, PlanError, standing};
use crate::script::{Script, Syntax, Window};
use crate::transaction::TxMode;

/// Every table of the user's in a SQLite database.
const TABLES: &str =
    r"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'";

/// Why a directory could not be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The database is not empty.
    #[error(
        "replaying the migration directory: sql/migrate: taking database snapshot: sql/migrate: \
         connected database is not clean: {0}"
    )]
    NotClean(String),
    /// The database cannot be opened.
    #[error("replaying the migration directory: {0}")]
    Open(#[from] OpenError),
    /// The database cannot be looked at.
    #[error("replaying the migration directory: {0}")]
    Look(#[source] StatementError),
    /// The history cannot be looked for.
    #[error("replaying the migration directory: {0}")]
    History(#[from] HistoryError),
    /// What the migrations made cannot be removed.
    #[error(
        "replaying the migration directory: the dev database cannot be emptied again: {0}; make it anew"
    )]
    NotEmptied(#[source] StatementError),
    /// A migration does not run.
    #[error("replaying the migration directory: sql/migrate: read migration directory state: {0}")]
    Migration(#[from] ApplyError),
}

impl ReplayError {
    /// What else is known: where it happened.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Migration(error) => error.hints(),
            _ => Vec::new(),
        }
    }
}

/// Executes every migration on an empty database, and leaves it empty.
///
/// A SQLite dev database is only looked at: the migrations are executed on one
/// in memory. On PostgreSQL they run in a transaction that is rolled back,
/// where they can. Everywhere else what they made is dropped afterwards.
/// Checks are not asked, because they are about data.
///
/// # Errors
/// [`ReplayError`].
pub async fn replay(
    directory: &Directory,
    dev: &dyn Database,
    reaching: &ConnectOptions,
) -> Result<(), ReplayError> {
    let standing = standing(directory, &[]).map_err(ApplyError::from)?;
    let files = &standing.pending;
    match dev.dialect() {
        Dialect::Sqlite => {
            refuse_tables(dev, reaching).await?;
            commit_each(&mut *in_memory().await?, files).await?;
            Ok(())
        }
        Dialect::Postgres => {
            let mut session = on_empty(dev, reaching).await?;
            if files
                .iter()
                .all(|pending| fits_in_a_transaction(pending.file))
                && in_one_transaction(&mut *session, files).await?
            {
                return Ok(());
            }
            let before = postgres::Before::look(&mut *session).await?;
            let done = commit_each(&mut *session, files).await;
            // What the migrations had open or lost must not hinder the clearing.
            session.close().await;
            let mut session = dev.connect(reaching).await?;
            before.restore(&mut *session).await?;
            done.map_err(ReplayError::from)
        }
        Dialect::MySql | Dialect::MariaDb => {
            let mut session = on_empty(dev, reaching).await?;
            let before = mysql::Before::look(&mut *session, files).await?;
            let done = commit_each(&mut *session, files).await;
            session.close().await;
            let mut session = dev.connect(reaching).await?;
            before.restore(&mut *session).await?;
            done.map_err(ReplayError::from)
        }
    }
}

/// A session on a server's dev database, which must be empty.
async fn on_empty(
    dev: &dyn Database,
    reaching: &ConnectOptions,
) -> Result<Box<dyn Session>, ReplayError> {
    let mut session = dev.connect(reaching).await?;
    let history = history_of(dev.url(), None);
    let snapshot = history.read(&mut *session).await?;
    if snapshot.table_exists {
        let reason = format!("found table {}", Quoted(TABLE));
        return Err(ReplayError::NotClean(reason));
    }
    match history.not_clean(&mut *session).await? {
        None => Ok(session),
        Some(reason) => Err(ReplayError::NotClean(reason)),
    }
}

fn fits_in_a_transaction(file: &File) -> bool {
    matches!(TxMode::File.for_file(file), Ok(TxMode::File))
}

/// Executes all files in one transaction and rolls it back; whether it went
/// well. What fails here may be fine in transactions of its own.
async fn in_one_transaction(
    session: &mut dyn Session,
    files: &[Pending<'_>],
) -> Result<bool, ReplayError> {
    session.begin().await.map_err(ReplayError::Look)?;
    let mut well = true;
    for pending in files {
        well = well
            && statements(session, pending).await.is_ok()
            && session.in_transaction()
            && session
                .execute("SET CONSTRAINTS ALL IMMEDIATE")
                .await
                .is_ok();
    }
    session.rollback().await.map_err(ReplayError::Look)?;
    Ok(well)
}

async fn commit_each(session: &mut dyn Session, files: &[Pending<'_>]) -> Result<(), ApplyError> {
    for pending in files {
        execute(session, pending).await?;
    }
    Ok(())
}

async fn refuse_tables(dev: &dyn Database, reaching: &ConnectOptions) -> Result<(), ReplayError> {
    let options = ConnectOptions {
        access: Access::ReadOnly,
        ..reaching.clone()
    };
    let mut session = match dev.connect(&options).await {
        Ok(session) => session,
        Err(OpenError::Missing { .. } | OpenError::NoDirectory { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let tables = session
        .query(TABLES, &[])
        .await
        .map_err(ReplayError::Look)?;
    match tables.as_slice() {
        [] => Ok(()),
        [row] => match row.as_slice() {
            [Value::Text(name)] => Err(ReplayError::NotClean(format!(
                "found table {}",
                Quoted(name)
            ))),
            _ => Err(ReplayError::NotClean("found one table".to_owned())),
        },
        several => {
            let count = several.len();
            Err(ReplayError::NotClean(format!(
                "found multiple tables: {count}"
            )))
        }
    }
}

async fn in_memory() -> Result<Box<dyn Session>, ReplayError> {
    let url = DatabaseUrl::parse("sqlite://dev?mode=memory", Path::new("/"))
        .expect("a fixed URL that is right");
    let options = ConnectOptions {
        create: Create::IfMissing,
        ..ConnectOptions::default()
    };
    Ok(open(&url, &ClientSettings::default())?
        .connect(&options)
        .await?)
}

async fn execute(session: &mut dyn Session, pending: &Pending<'_>) -> Result<(), ApplyError> {
    let in_transaction = TxMode::File.for_file(pending.file)? != TxMode::None;
    let failed = |action, source: StatementError| ApplyError::Transaction { action, source };
    if in_transaction {
        let begun = session.begin().await;
        begun.map_err(|source| failed("begin", source))?;
    }
    statements(session, pending).await?;
    if in_transaction && session.in_transaction() {
        let committed = session.commit().await;
        committed.map_err(|source| failed("commit", source))?;
    }
    Ok(())
}

async fn statements(session: &mut dyn Session, pending: &Pending<'_>) -> Result<(), ApplyError> {
    let file = pending.file;
    let script = Script::of(file, Syntax::of(session), SplitMode::Own)?;
    let mut cursor = script.cursor(None)?;
    let mut window = Window::default();
    loop {
        cursor.fill_one(&mut window)?;
        let Some(unit) = window.first() else {
            return Ok(());
        };
        let executed = if unit.kind.copies_from_stdin() {
            copy(session, &mut cursor, &unit).await?
        } else {
            session.execute(unit.text).await
        };
        if let Err(error) = executed {
            let failed = failed_statement(file, &unit, error);
            return Err(ApplyError::Statement(Box::new(failed)));
        }
    }
}

impl From<PlanError> for ReplayError {
    fn from(error: PlanError) -> Self {
        Self::Migration(error.into())
    }
}

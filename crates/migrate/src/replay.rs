//! `validate` with a database: does every migration run on an empty one?

use std::path::Path;

use shipgate_database::{
    Access, ClientSettings, ConnectOptions, Create, Database, DatabaseUrl, OpenError, Session,
    StatementError, Value, open,
};
use shipgate_sql::{Dialect, SplitMode};

use crate::apply::{ApplyError, failed_statement};
use crate::directory::Directory;
use crate::golang::Quoted;
use crate::plan::{Pending, PlanError, standing};
use crate::script::{Script, Window};
use crate::transaction::TxMode;

/// Every table of the user's.
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
    /// This kind of database cannot replay a directory yet.
    #[error(
        "replaying the migration directory: a dev database is SQLite in this version, not {0}; for example `sqlite://dev?mode=memory`"
    )]
    Dialect(Dialect),
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

/// Executes every migration on an empty database in memory. The dev database
/// itself is only looked at, because it must be empty: nothing is left in it.
/// Checks are not asked, because they are about data.
///
/// # Errors
/// [`ReplayError`].
pub async fn replay(directory: &Directory, dev: &dyn Database) -> Result<(), ReplayError> {
    if dev.dialect() != Dialect::Sqlite {
        return Err(ReplayError::Dialect(dev.dialect()));
    }
    refuse_unclean(dev).await?;
    let mut session = in_memory().await?;
    let standing = standing(directory, &[]).map_err(ApplyError::from)?;
    for pending in &standing.pending {
        execute(&mut *session, pending).await?;
    }
    Ok(())
}

async fn refuse_unclean(dev: &dyn Database) -> Result<(), ReplayError> {
    let options = ConnectOptions {
        access: Access::ReadOnly,
        ..ConnectOptions::default()
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
    let file = pending.file;
    let in_transaction = TxMode::File.for_file(file)? != TxMode::None;
    let script = Script::of(file, session.dialect(), SplitMode::Own)?;
    let failed = |action, source: StatementError| ApplyError::Transaction { action, source };
    if in_transaction {
        let begun = session.begin().await;
        begun.map_err(|source| failed("begin", source))?;
    }
    let mut cursor = script.cursor(None)?;
    let mut window = Window::default();
    loop {
        cursor.fill_one(&mut window)?;
        let Some(unit) = window.first() else {
            break;
        };
        if let Err(error) = session.execute(unit.text).await {
            let failed = failed_statement(file, &unit, error);
            return Err(ApplyError::Statement(Box::new(failed)));
        }
    }
    if in_transaction {
        let committed = session.commit().await;
        committed.map_err(|source| failed("commit", source))?;
    }
    Ok(())
}

impl From<PlanError> for ReplayError {
    fn from(error: PlanError) -> Self {
        Self::Migration(error.into())
    }
}

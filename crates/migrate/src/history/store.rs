//! Reading and writing the history, whatever the database.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use shipgate_database::{Call, DatabaseUrl, Session, StatementError, Value};
use shipgate_sql::Dialect;

use super::columns::has_code;
use super::mysql::MySqlHistory;
use super::postgres::PostgresHistory;
use super::revision::Revision;
use super::sqlite::SqliteHistory;
use super::{PROGRESS_TABLE, TABLE};
use crate::directory::Directory;
use crate::golang::Quoted;

/// The history as it was read at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Whether the table exists.
    pub table_exists: bool,
    /// Columns that the table of an older program lacks.
    pub missing_columns: Vec<&'static str>,
    /// The revisions, by version.
    pub revisions: Vec<Revision>,
    /// A version in whose way another program's failure is.
    pub failed: Option<Failed>,
    /// What is strange about it, one sentence each.
    pub warnings: Vec<String>,
}

/// A version that another program began and did not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{program} began version {} and did not end it well: {why}", Quoted(.version))]
pub struct Failed {
    /// The version.
    pub version: String,
    /// The program.
    pub program: &'static str,
    /// What its row says.
    pub why: String,
    /// The ways out, one sentence each.
    pub hints: Vec<String>,
}

/// Whether the lock of the program whose history this is was to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// It is ours, or there is none.
    Open,
    /// Another session has it.
    Held {
        /// Which, as words.
        by: String,
    },
}

impl Snapshot {
    /// The same with the revisions in the order of a directory's versions.
    #[must_use]
    pub fn ordered_by(self, directory: &Directory) -> Self {
        Self {
            revisions: directory.in_order(self.revisions),
            ..self
        }
    }
}

/// What the row of a file said when its execution began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// There was none.
    New,
    /// It said that so many statements were done.
    Resumed {
        /// Statements done.
        applied: i64,
    },
}

/// Who tells when a file's execution began, and how long it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// Its revision.
    Revision,
    /// The database, by its own clock: it began with its transaction, and ends
    /// where its row is written.
    Database,
}

/// A statement that writes a row, or a part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RowStatement {
    /// Its text.
    pub text: String,
    /// The values bound to it.
    pub values: Vec<Value>,
}

impl RowStatement {
    pub(crate) fn call(&self) -> Call<'_> {
        Call::Query(&self.text, &self.values)
    }
}

/// Why the history cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The table cannot be read.
    #[error("sql/migrate: read revisions: {0}")]
    Read(#[source] StatementError),
    /// A row cannot be written.
    #[error("sql/migrate: write revision: {0}")]
    Write(#[source] StatementError),
    /// The table cannot be created.
    #[error("sql/migrate: create table atlas_schema_revisions: {0}")]
    Create(#[source] StatementError),
    /// A value in the table is not what its column should hold.
    #[error(
        "sql/migrate: read revisions: column {column} of revision {} is {value}, expected {expected}",
        Quoted(.version)
    )]
    Value {
        /// The row.
        version: String,
        /// The column.
        column: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// Another process changed the row between reading and writing it.
    #[error("sql/migrate: revision {} was written by another process meanwhile; nothing of it was applied twice, run again", Quoted(.0))]
    Changed(String),
    /// A statement on another program's table was refused.
    #[error("{action} {table}: {error}")]
    Table {
        /// What was tried: `write a row of`.
        action: &'static str,
        /// The table.
        table: String,
        /// The database's answer.
        #[source]
        error: StatementError,
    },
    /// Another program's history cannot be used as it is.
    #[error("{message}")]
    Unusable {
        /// What is wrong with it.
        message: String,
        /// What would help.
        hints: Vec<String>,
    },
    /// Another program's failure is in the way.
    #[error(transparent)]
    Failed(Box<Failed>),
    /// There is a history in the default schema and none in the connected one.
    #[error(
        "there is a history table in schema \"atlas_schema_revisions\" and none in the connected schema; \
         say with --revisions-schema which one is meant"
    )]
    Ambiguous,
}

impl HistoryError {
    /// The database's answer, if it gave one.
    #[must_use]
    pub const fn statement_error(&self) -> Option<&StatementError> {
        match self {
            Self::Read(error)
            | Self::Write(error)
            | Self::Create(error)
            | Self::Table { error, .. } => Some(error),
            Self::Value { .. }
            | Self::Changed(_)
            | Self::Ambiguous
            | Self::Unusable { .. }
            | Self::Failed(_) => None,
        }
    }

    /// What would help, one sentence each.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        match self {
            Self::Unusable { hints, .. } => hints,
            Self::Failed(failed) => &failed.hints,
            _ => &[],
        }
    }
}

/// What Atlas prints, and Shipgate too, for [`HistoryError::Ambiguous`].
pub const AMBIGUITY_NOTICE: &str = "\
We couldn't find a revision table in the connected schema but found one in \n\
the schema 'atlas_schema_revisions' and cannot determine the desired behavior.\n\
\n\
As a safety guard, we require you to specify whether to use the existing\n\
table in 'atlas_schema_revisions' or create a new one in the connected schema\n\
by providing the '--revisions-schema' flag or deleting the 'atlas_schema_revisions'\n\
schema if it is unused.\n\
\n";

/// The history table of one database.
///
/// Writes happen in the session's open transaction if there is one.
#[async_trait]
pub trait History: Send + Sync {
    /// The schema the table is in; `None` where there is no choice.
    fn schema(&self) -> Option<&str>;

    /// Reads everything, in one query if the table is there as it should be.
    ///
    /// # Errors
    /// [`HistoryError::Ambiguous`] if the table is in another schema than expected.
    async fn read(&self, session: &mut dyn Session) -> Result<Snapshot, HistoryError>;

    /// Creates the table, and its schema where it is missing.
    async fn create(&self, session: &mut dyn Session) -> Result<(), HistoryError>;

    /// Adds columns that the table of an older program lacks.
    async fn add_columns(
        &self,
        session: &mut dyn Session,
        columns: &[&'static str],
    ) -> Result<(), HistoryError>;

    /// Writes the row that says a file's execution begins, unless the row is
    /// not what `started` says.
    async fn start(
        &self,
        session: &mut dyn Session,
        revision: &Revision,
        started: Started,
    ) -> Result<(), HistoryError>;

    /// Writes how many statements are done, and that none is under way.
    async fn progress(
        &self,
        session: &mut dyn Session,
        version: &str,
        applied: i64,
    ) -> Result<(), HistoryError>;

    /// Writes how many statements are done and which one is about to be begun,
    /// with a text from which a later run can tell whether it took effect.
    async fn intend(
        &self,
        session: &mut dyn Session,
        version: &str,
        applied: i64,
        statement: &str,
        intent: &str,
    ) -> Result<(), HistoryError>;

    /// Writes a row, over the one of the same version if there is one.
    async fn write(
        &self,
        session: &mut dyn Session,
        revision: &Revision,
    ) -> Result<(), HistoryError>;

    /// The statements that write the row of a file that is done and had none,
    /// and fail where there is one by then: for a caller that sends them together
    /// with the commit. `None`: it takes more than statements.
    fn insertion(&self, revision: &Revision, timing: Timing) -> Option<Vec<RowStatement>> {
        let _ = (revision, timing);
        None
    }

    /// Why one of them failed.
    fn not_inserted(&self, version: &str, error: StatementError) -> HistoryError {
        // `unique_violation`, `ER_DUP_ENTRY`, and SQLite's.
        if has_code(&error, &["23505", "1062", "SQLITE_CONSTRAINT_PRIMARYKEY"]) {
            HistoryError::Changed(version.to_owned())
        } else {
            HistoryError::Write(error)
        }
    }

    /// Deletes a row.
    async fn delete(&self, session: &mut dyn Session, version: &str) -> Result<(), HistoryError>;

    /// Why a database without history is not clean; nothing if it is.
    async fn not_clean(&self, session: &mut dyn Session) -> Result<Option<String>, HistoryError>;

    /// Takes the lock by which the program whose history this is keeps others
    /// away, on this session; does not wait for it.
    async fn enter(&self, _session: &mut dyn Session) -> Result<Entrance, HistoryError> {
        Ok(Entrance::Open)
    }

    /// Ends a run: gives that lock back, and removes what only the run needed.
    async fn leave(&self, _session: &mut dyn Session) -> Result<(), HistoryError> {
        Ok(())
    }

    /// Makes room for how far a file went, before the first one of a run that
    /// no transaction spans. None is open.
    async fn before_steps(&self, _session: &mut dyn Session) -> Result<(), HistoryError> {
        Ok(())
    }
}

/// The history table of a database: in the schema that is asked for, else in
/// the connection's, else in one that has the table's name.
#[must_use]
pub fn history_of(url: &DatabaseUrl, asked: Option<&str>) -> Arc<dyn History> {
    of_table(url, asked, TABLE)
}

/// Where the progress of files is kept that are half applied, while the
/// history itself is another program's: a table of the same columns, beside
/// where the history of [`history_of`] would be.
#[must_use]
pub fn progress_of(url: &DatabaseUrl) -> Arc<dyn History> {
    of_table(url, None, PROGRESS_TABLE)
}

fn of_table(url: &DatabaseUrl, asked: Option<&str>, name: &'static str) -> Arc<dyn History> {
    match url.dialect() {
        Dialect::Sqlite => Arc::new(SqliteHistory::new(name)),
        Dialect::Postgres => Arc::new(PostgresHistory::new(url, asked, name)),
        Dialect::MySql | Dialect::MariaDb => Arc::new(MySqlHistory::new(url, asked, name)),
    }
}

/// Who keeps the history of a run.
#[derive(Clone)]
pub enum HistoryChoice {
    /// `atlas_schema_revisions`.
    Atlas {
        /// Its schema; `None`: the connection's.
        schema: Option<String>,
    },
    /// Another program's table, for this directory and database.
    Own(Arc<dyn History>),
}

impl Default for HistoryChoice {
    fn default() -> Self {
        Self::Atlas { schema: None }
    }
}

impl fmt::Debug for HistoryChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Atlas { schema } => f.debug_struct("Atlas").field("schema", schema).finish(),
            Self::Own(_) => f.write_str("Own"),
        }
    }
}

impl HistoryChoice {
    /// The history in a database.
    #[must_use]
    pub fn of(&self, url: &DatabaseUrl) -> Arc<dyn History> {
        match self {
            Self::Atlas { schema } => history_of(url, schema.as_deref()),
            Self::Own(history) => Arc::clone(history),
        }
    }
}

//! Reading and writing the history, whatever the database.

use async_trait::async_trait;
use shipgate_database::{Session, StatementError};
use shipgate_sql::Dialect;

use super::revision::Revision;
use super::sqlite::SqliteHistory;
use crate::directory::Directory;
use crate::golang::Quoted;

/// The history as it was read at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Whether the table exists.
    pub table_exists: bool,
    /// The revisions, by version.
    pub revisions: Vec<Revision>,
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
    /// There is no history for this database yet.
    #[error("migrations of {0} databases are not supported by this version")]
    Unsupported(Dialect),
}

impl HistoryError {
    /// The database's answer, if it gave one.
    #[must_use]
    pub const fn statement_error(&self) -> Option<&StatementError> {
        match self {
            Self::Read(error) | Self::Write(error) | Self::Create(error) => Some(error),
            Self::Value { .. } | Self::Changed(_) | Self::Unsupported(_) => None,
        }
    }
}

/// The history table of one kind of database.
///
/// Writes happen in the session's open transaction if there is one.
#[async_trait]
pub trait History: Send + Sync {
    /// Reads everything in one query.
    async fn read(&self, session: &mut dyn Session) -> Result<Snapshot, HistoryError>;

    /// Creates the table.
    async fn create(&self, session: &mut dyn Session) -> Result<(), HistoryError>;

    /// Writes the row that says a file's execution begins, unless the row is
    /// not what `started` says.
    async fn start(
        &self,
        session: &mut dyn Session,
        revision: &Revision,
        started: Started,
    ) -> Result<(), HistoryError>;

    /// Writes how many statements are done, and nothing else.
    async fn progress(
        &self,
        session: &mut dyn Session,
        version: &str,
        applied: i64,
    ) -> Result<(), HistoryError>;

    /// Writes a row, over the one of the same version if there is one.
    async fn write(
        &self,
        session: &mut dyn Session,
        revision: &Revision,
    ) -> Result<(), HistoryError>;

    /// Deletes a row.
    async fn delete(&self, session: &mut dyn Session, version: &str) -> Result<(), HistoryError>;

    /// Why a database without history is not clean; nothing if it is.
    async fn not_clean(&self, session: &mut dyn Session) -> Result<Option<String>, HistoryError>;
}

/// The history table of a database that speaks this dialect.
///
/// # Errors
/// There is none yet.
pub fn history_for(dialect: Dialect) -> Result<&'static dyn History, HistoryError> {
    match dialect {
        Dialect::Sqlite => Ok(&SqliteHistory),
        other => Err(HistoryError::Unsupported(other)),
    }
}

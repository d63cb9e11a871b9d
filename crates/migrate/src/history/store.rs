//! Reading and writing the history, whatever the database.

use std::sync::Arc;

use async_trait::async_trait;
use shipgate_database::{DatabaseUrl, Session, StatementError};
use shipgate_sql::Dialect;

use super::mysql::MySqlHistory;
use super::postgres::PostgresHistory;
use super::revision::Revision;
use super::sqlite::SqliteHistory;
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
            Self::Read(error) | Self::Write(error) | Self::Create(error) => Some(error),
            Self::Value { .. } | Self::Changed(_) | Self::Ambiguous => None,
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

    /// Deletes a row.
    async fn delete(&self, session: &mut dyn Session, version: &str) -> Result<(), HistoryError>;

    /// Why a database without history is not clean; nothing if it is.
    async fn not_clean(&self, session: &mut dyn Session) -> Result<Option<String>, HistoryError>;
}

/// The history table of a database: in the schema that is asked for, else in
/// the connection's, else in one that has the table's name.
#[must_use]
pub fn history_of(url: &DatabaseUrl, asked: Option<&str>) -> Arc<dyn History> {
    match url.dialect() {
        Dialect::Sqlite => Arc::new(SqliteHistory::new()),
        Dialect::Postgres => Arc::new(PostgresHistory::new(url, asked)),
        Dialect::MySql | Dialect::MariaDb => Arc::new(MySqlHistory::new(url, asked)),
    }
}

//! A session: one connection that runs one statement at a time.

use async_trait::async_trait;
use shipgate_sql::Dialect;

use crate::Catalog;

/// One connection to a database. Statements run one after the other.
#[async_trait]
pub trait Session: Send {
    /// The dialect statements are split and sent in.
    fn dialect(&self) -> Dialect;

    /// Runs one statement as written and discards its rows. A text that holds
    /// several (a unit of a script with a delimiter of its own) is run from
    /// first to last.
    ///
    /// Dropping the future stops the statement.
    ///
    /// # Errors
    /// The database's own refusal, with the place in the statement if it tells one.
    async fn execute(&mut self, statement: &str) -> Result<Executed, StatementError>;

    /// Runs exactly one statement with values bound and returns its rows.
    ///
    /// # Errors
    /// As [`Session::execute`].
    async fn query(
        &mut self,
        statement: &str,
        values: &[Value],
    ) -> Result<Vec<Vec<Value>>, StatementError>;

    /// Opens a transaction that may write.
    ///
    /// # Errors
    /// As [`Session::execute`]; on SQLite also when another writer outlasts the busy timeout.
    async fn begin(&mut self) -> Result<(), StatementError>;

    /// Commits the open transaction.
    ///
    /// # Errors
    /// As [`Session::execute`]. The transaction may still be open: roll it back.
    async fn commit(&mut self) -> Result<(), StatementError>;

    /// Rolls the open transaction back; without one it does nothing.
    ///
    /// # Errors
    /// As [`Session::execute`].
    async fn rollback(&mut self) -> Result<(), StatementError>;

    /// Whether a transaction is open now, also one that a statement opened by itself.
    fn in_transaction(&self) -> bool;

    /// The schema objects of the database, without those named in `ignore`
    /// and what belongs to them (a history table and its indexes).
    ///
    /// # Errors
    /// As [`Session::execute`].
    async fn catalog(&mut self, ignore: &[&str]) -> Result<Catalog, StatementError>;

    /// A handle that stops the running statement from another task.
    fn canceller(&self) -> Box<dyn Canceller>;

    /// Ends the session; an open transaction is rolled back. Dropping a
    /// session does the same, and stops a statement that still runs.
    async fn close(self: Box<Self>);
}

/// Stops the statement that a session is running.
#[async_trait]
pub trait Canceller: Send + Sync {
    /// Asks the database to stop; the running call then ends with an error of
    /// kind [`ErrorKind::Cancelled`]. Without a running statement it does nothing.
    async fn cancel(&self);
}

/// What a statement did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// Rows changed, where the database counts them.
    pub rows: u64,
    /// Notices and warnings the database gave with it, in order.
    pub notices: Vec<String>,
}

/// A value bound to or returned by a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A floating point number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// Why a statement failed.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{message}")]
pub struct StatementError {
    /// What to do about it, in coarse kinds.
    pub kind: ErrorKind,
    /// The database's own message.
    pub message: String,
    /// The database's code (SQLSTATE, SQLite's extended result code) as text.
    pub code: Option<String>,
    /// Byte offset into the statement, if the database told one.
    pub offset: Option<usize>,
}

/// Kinds of statement errors that callers treat differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The statement is wrong or the data does not allow it.
    Refused,
    /// Another session holds what it needs; trying again may help.
    Locked,
    /// The disk is full.
    DiskFull,
    /// The file or server does not let this user do it.
    NotAllowed,
    /// It was cancelled.
    Cancelled,
    /// The connection is gone or the database is damaged; the session is of no more use.
    SessionLost,
}

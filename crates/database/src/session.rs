//! A session: one connection that runs one statement at a time.

use std::time::Duration;

use async_trait::async_trait;
use shipgate_sql::{Dialect, SplitOptions};

use crate::{Catalog, Question};

/// One connection to a database. Statements run one after the other.
#[async_trait]
pub trait Session: Send {
    /// The dialect statements are split and sent in.
    fn dialect(&self) -> Dialect;

    /// The session's settings that say where strings end in the scripts it runs.
    fn split_options(&self) -> SplitOptions {
        SplitOptions::default()
    }

    /// Runs one statement as written and discards its rows. A text that holds
    /// several (a unit of a script with a delimiter of its own) is run from
    /// first to last.
    ///
    /// Dropping the future stops the statement.
    ///
    /// # Errors
    /// The database's own refusal, with the place in the statement if it tells one.
    async fn execute(&mut self, statement: &str) -> Result<Executed, StatementError>;

    /// Runs statements one after the other and stops at the first that fails:
    /// it is the one after those in [`Batch::done`]. What each does, and the
    /// error of the one that fails, is as if they had been run by
    /// [`Session::execute`]; they may be sent without waiting for each answer.
    /// Each text holds one statement that neither begins nor ends a transaction.
    ///
    /// Dropping the future stops the statements.
    async fn execute_all(&mut self, statements: &[&str]) -> Batch {
        one_by_one(self, statements).await
    }

    /// Makes calls one after the other and stops at the first that fails: it
    /// is the one after those in [`Answers::done`], and leaves a transaction
    /// open if one was. What each does, and the error of the one that fails,
    /// is as if it had been made by itself; they may be sent without waiting
    /// for each answer. Once a call has failed none behind it is executed, so
    /// a [`Call::Commit`] commits only if everything before it was done.
    ///
    /// Dropping the future stops what runs.
    async fn call_all(&mut self, calls: &[Call<'_>]) -> Answers {
        call_by_call(self, calls).await
    }

    /// Whether [`Session::pipeline`] sends its calls ahead of their answers.
    fn pipelines(&self) -> bool {
        false
    }

    /// Makes calls as [`Session::call_all`] does, and tells each answer as
    /// soon as it is known; why the call after those failed, if one did. The
    /// calls may be those of several transactions, one behind the other: none
    /// is begun unless everything before it was done.
    ///
    /// Dropping the future stops what runs.
    async fn pipeline(
        &mut self,
        calls: &[Call<'_>],
        answered: &mut (dyn FnMut(Answer) + Send),
    ) -> Option<StatementError> {
        let answers = call_by_call(self, calls).await;
        answers.done.into_iter().for_each(answered);
        answers.failed
    }

    /// Runs `COPY … FROM STDIN` (`LOAD DATA LOCAL INFILE`) with these rows.
    ///
    /// # Errors
    /// As [`Session::execute`]; [`ErrorKind::SessionLost`] if the session
    /// could not be kept after a refusal. Databases without such a statement refuse it.
    async fn copy_in(
        &mut self,
        statement: &str,
        rows: &mut dyn CopyRows,
    ) -> Result<Executed, StatementError> {
        let _ = (statement, rows);
        Err(StatementError::new(
            ErrorKind::Refused,
            format!("{} has no COPY from the client", self.dialect()),
        ))
    }

    /// Sets how long from now on each statement may wait for locks and run.
    /// Databases that cannot limit one of these leave it as it is. On SQLite
    /// the wait counts as running, too.
    ///
    /// # Errors
    /// As [`Session::execute`].
    async fn limit(&mut self, limits: &Limits) -> Result<(), StatementError> {
        let _ = limits;
        Ok(())
    }

    /// The same for the transaction that is open, up to its end.
    ///
    /// # Errors
    /// As [`Session::execute`]. Databases whose limits are of a session refuse.
    async fn limit_transaction(&mut self, limits: &Limits) -> Result<(), StatementError> {
        let _ = limits;
        Err(StatementError::new(
            ErrorKind::Refused,
            format!("{} has no limits of a transaction", self.dialect()),
        ))
    }

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

/// [`Session::execute_all`] where each answer is waited for.
pub(crate) async fn one_by_one<S>(session: &mut S, statements: &[&str]) -> Batch
where
    S: Session + ?Sized,
{
    let mut batch = Batch::default();
    for statement in statements {
        match session.execute(statement).await {
            Ok(executed) => batch.done.push(executed),
            Err(error) => {
                batch.failed = Some(error);
                break;
            }
        }
    }
    batch
}

/// [`Session::call_all`] where each answer is waited for.
pub(crate) async fn call_by_call<S>(session: &mut S, calls: &[Call<'_>]) -> Answers
where
    S: Session + ?Sized,
{
    let mut answers = Answers::default();
    for call in calls {
        let answer = match *call {
            Call::Begin => session.begin().await.map(|()| Answer::default()),
            Call::Commit => session.commit().await.map(|()| Answer::default()),
            Call::Limit(limits) => {
                let limited = session.limit_transaction(limits).await;
                limited.map(|()| Answer::default())
            }
            Call::Execute(statement) => session.execute(statement).await.map(Answer::of),
            Call::Ask(question) => match session.query(&question.text, &[]).await {
                Ok(rows) if question.is_answered_by(&rows) => Ok(Answer::default()),
                Ok(_) => Err(answered_otherwise()),
                Err(error) => Err(error),
            },
            Call::Query(statement, values) => {
                let rows = session.query(statement, values).await;
                rows.map(|rows| Answer {
                    rows,
                    ..Answer::default()
                })
            }
        };
        match answer {
            Ok(answer) => answers.done.push(answer),
            Err(error) => {
                answers.failed = Some(error);
                break;
            }
        }
    }
    answers
}

/// Why a [`Call::Ask`] failed.
fn answered_otherwise() -> StatementError {
    StatementError::new(ErrorKind::Refused, "the answer is not the one expected")
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

/// What became of several statements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// What each statement did, up to the first that failed.
    pub done: Vec<Executed>,
    /// Why the one after those failed; `None`: all are done.
    pub failed: Option<StatementError>,
}

/// One of several calls that are made together.
#[derive(Clone, Copy, Debug)]
pub enum Call<'c> {
    /// [`Session::begin`].
    Begin,
    /// [`Session::limit_transaction`].
    Limit(&'c Limits),
    /// A question; it fails unless the answer is the one that is expected.
    Ask(&'c Question),
    /// [`Session::execute`] of one statement that neither begins nor ends a
    /// transaction and reads no rows from the client.
    Execute(&'c str),
    /// [`Session::query`] with values bound.
    Query(&'c str, &'c [Value]),
    /// [`Session::commit`].
    Commit,
}

/// What one of several calls came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// What was done, for [`Call::Execute`].
    pub executed: Executed,
    /// What was asked for, for [`Call::Query`].
    pub rows: Vec<Vec<Value>>,
}

impl Answer {
    pub(crate) fn of(executed: Executed) -> Self {
        Self {
            executed,
            rows: Vec::new(),
        }
    }
}

/// What became of several calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// What each came to, up to the first that failed.
    pub done: Vec<Answer>,
    /// Why the one after those failed; `None`: all are done.
    pub failed: Option<StatementError>,
}

impl Answers {
    /// The first of the calls failed.
    pub(crate) fn none(error: StatementError) -> Self {
        Self {
            done: Vec::new(),
            failed: Some(error),
        }
    }
}

/// The rows a `COPY … FROM STDIN` reads.
#[async_trait]
pub trait CopyRows: Send {
    /// The next bytes; `None` after the last.
    ///
    /// # Errors
    /// The file that holds them cannot be read: the statement is then undone.
    async fn next(&mut self) -> std::io::Result<Option<Vec<u8>>>;
}

/// How long a statement may wait and run. `None`: as the server has it;
/// zero: without end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Waiting for a lock that another session holds.
    pub lock: Option<Duration>,
    /// Running, from start to end.
    pub statement: Option<Duration>,
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
    /// What the database adds (`Key (id)=(1) already exists.`).
    pub detail: Option<String>,
    /// What the database proposes to do.
    pub hint: Option<String>,
}

impl StatementError {
    /// An error of which no more is known than this.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            code: None,
            offset: None,
            detail: None,
            hint: None,
        }
    }
}

/// Kinds of statement errors that callers treat differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The statement is wrong or the data does not allow it.
    Refused,
    /// Another session holds what it needs, or held it longer than
    /// [`Limits::lock`]; or it lost against another transaction (deadlock,
    /// serialization): trying the whole transaction again may help.
    Locked,
    /// It ran longer than [`Limits::statement`].
    TimedOut,
    /// The disk is full.
    DiskFull,
    /// The file or server does not let this user do it.
    NotAllowed,
    /// It was cancelled.
    Cancelled,
    /// The connection is gone or the database is damaged; the session is of no more use.
    SessionLost,
}

//! A session on a SQLite database.

use async_trait::async_trait;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};
use shipgate_sql::Dialect;

use super::journal::Journal;
use super::limits::Clocked;
use super::worker::{Stopper, Worker};
use super::{catalog, error};
use crate::session::call_by_call;
use crate::{
    Access, Answer, Answers, Batch, Call, Canceller, Catalog, ErrorKind, Executed, Limits, Session,
    StatementError, Value,
};

/// A connection to a SQLite database, on a thread of its own.
///
/// `foreign_keys` is off unless the URL says `_fk=1`: SQLite's own default,
/// and Atlas's. [`Session::begin`] is `BEGIN IMMEDIATE`, so that a transaction
/// that cannot write waits at its start instead of failing in its middle.
pub struct SqliteSession {
    worker: Worker,
    access: Access,
    clocked: Clocked,
    journal: Journal,
}

impl SqliteSession {
    pub(super) fn new(worker: Worker, access: Access, clocked: Clocked) -> Self {
        Self {
            worker,
            access,
            clocked,
            journal: Journal::default(),
        }
    }

    fn begin_text(&self) -> &'static str {
        match self.access {
            Access::ReadWrite => "BEGIN IMMEDIATE",
            Access::ReadOnly => "BEGIN",
        }
    }

    /// Its journal, if it may write one.
    fn writing_journal(&self) -> Option<Journal> {
        (self.access == Access::ReadWrite).then(|| self.journal.clone())
    }

    async fn run(&mut self, text: &'static str) -> Result<(), StatementError> {
        let clocked = self.clocked.clone();
        self.worker
            .call(move |connection| clocked.run(|| execute(connection, text)).map(drop))
            .await
    }
}

#[async_trait]
impl Session for SqliteSession {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn execute(&mut self, statement: &str) -> Result<Executed, StatementError> {
        let text = statement.to_owned();
        let clocked = self.clocked.clone();
        self.worker
            .call(move |connection| clocked.run(|| execute(connection, &text)))
            .await
    }

    async fn execute_all(&mut self, statements: &[&str]) -> Batch {
        let texts: Vec<String> = statements.iter().map(|&text| text.to_owned()).collect();
        let stopper = self.worker.stopper();
        let clocked = self.clocked.clone();
        let done = self
            .worker
            .call(move |connection| Ok(execute_all(connection, &texts, &clocked, &stopper)))
            .await;
        done.unwrap_or_else(|error| Batch {
            done: Vec::new(),
            failed: Some(error),
        })
    }

    async fn call_all(&mut self, calls: &[Call<'_>]) -> Answers {
        let begin = self.begin_text();
        let steps: Option<Vec<Step>> = calls
            .iter()
            .map(|call| match *call {
                Call::Begin => Some(Step::Execute(begin.to_owned())),
                Call::Execute(statement) => Some(Step::Execute(statement.to_owned())),
                Call::Query(statement, values) => {
                    Some(Step::Query(statement.to_owned(), values.to_vec()))
                }
                Call::Commit => Some(Step::Execute("COMMIT".to_owned())),
                // What stands behind them depends on them.
                Call::Limit(_) | Call::Ask(_) => None,
            })
            .collect();
        let Some(steps) = steps else {
            return call_by_call(self, calls).await;
        };
        let stopper = self.worker.stopper();
        let clocked = self.clocked.clone();
        let journal = self
            .writing_journal()
            .filter(|_| matches!(calls, [Call::Begin, ..]));
        let done = self
            .worker
            .call(move |connection| {
                if let Some(journal) = journal {
                    journal.begins(connection);
                }
                Ok(call_all(connection, steps, &clocked, &stopper))
            })
            .await;
        done.unwrap_or_else(Answers::none)
    }

    async fn query(
        &mut self,
        statement: &str,
        values: &[Value],
    ) -> Result<Vec<Vec<Value>>, StatementError> {
        let text = statement.to_owned();
        let values = values.to_vec();
        let clocked = self.clocked.clone();
        self.worker
            .call(move |connection| clocked.run(|| query(connection, &text, values)))
            .await
    }

    async fn limit(&mut self, limits: &Limits) -> Result<(), StatementError> {
        self.clocked.set(*limits);
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), StatementError> {
        let text = self.begin_text();
        let clocked = self.clocked.clone();
        let journal = self.writing_journal();
        self.worker
            .call(move |connection| {
                if let Some(journal) = journal {
                    journal.begins(connection);
                }
                clocked.run(|| execute(connection, text)).map(drop)
            })
            .await
    }

    async fn commit(&mut self) -> Result<(), StatementError> {
        self.run("COMMIT").await
    }

    async fn rollback(&mut self) -> Result<(), StatementError> {
        self.worker
            .call(|connection| {
                if connection.is_autocommit() {
                    return Ok(());
                }
                execute(connection, "ROLLBACK").map(|_| ())
            })
            .await
    }

    fn in_transaction(&self) -> bool {
        self.worker.in_transaction()
    }

    async fn catalog(&mut self, ignore: &[&str]) -> Result<Catalog, StatementError> {
        let ignore: Vec<String> = ignore.iter().map(|name| (*name).to_owned()).collect();
        self.worker
            .call(move |connection| {
                catalog::read(connection, &ignore)
                    .map_err(|failure| error::statement_error(&failure, ""))
            })
            .await
    }

    fn canceller(&self) -> Box<dyn Canceller> {
        Box::new(SqliteCanceller(self.worker.stopper()))
    }

    async fn close(self: Box<Self>) {
        drop(self);
    }
}

impl Drop for SqliteSession {
    fn drop(&mut self) {
        let journal = self.journal.clone();
        self.worker.end(move |connection| journal.ends(connection));
    }
}

struct SqliteCanceller(Stopper);

#[async_trait]
impl Canceller for SqliteCanceller {
    async fn cancel(&self) {
        self.0.stop();
    }
}

fn execute(connection: &Connection, text: &str) -> Result<Executed, StatementError> {
    refuse_nul(text)?;
    let failed = |failure| error::statement_error(&failure, text);
    let mut executed = Executed::default();
    let mut batch = rusqlite::Batch::new(connection, text);
    while let Some(mut statement) = batch.next().map_err(failed)? {
        let before = connection.total_changes();
        let mut rows = statement.raw_query();
        while rows.next().map_err(failed)?.is_some() {}
        if connection.total_changes() != before {
            executed.rows += connection.changes();
        }
    }
    Ok(executed)
}

fn execute_all(
    connection: &Connection,
    texts: &[String],
    clocked: &Clocked,
    stopper: &Stopper,
) -> Batch {
    let mut batch = Batch::default();
    for text in texts {
        let executed = if stopper.is_stopped() {
            Err(error::cancelled())
        } else {
            clocked.run(|| execute(connection, text))
        };
        match executed {
            Ok(executed) => batch.done.push(executed),
            // A wait for a lock that was broken off ends as "busy".
            Err(error) if error.kind == ErrorKind::Locked && stopper.is_stopped() => {
                batch.failed = Some(error::cancelled());
                break;
            }
            Err(error) => {
                batch.failed = Some(error);
                break;
            }
        }
    }
    batch
}

/// A call, as it goes to the connection's thread.
enum Step {
    Execute(String),
    Query(String, Vec<Value>),
}

fn call_all(
    connection: &Connection,
    steps: Vec<Step>,
    clocked: &Clocked,
    stopper: &Stopper,
) -> Answers {
    let mut answers = Answers::default();
    for step in steps {
        let answer = if stopper.is_stopped() {
            Err(error::cancelled())
        } else {
            clocked.run(|| match step {
                Step::Execute(text) => execute(connection, &text).map(Answer::of),
                Step::Query(text, values) => query(connection, &text, values).map(|rows| Answer {
                    rows,
                    ..Answer::default()
                }),
            })
        };
        match answer {
            Ok(answer) => answers.done.push(answer),
            // A wait for a lock that was broken off ends as "busy".
            Err(error) if error.kind == ErrorKind::Locked && stopper.is_stopped() => {
                answers.failed = Some(error::cancelled());
                break;
            }
            Err(error) => {
                answers.failed = Some(error);
                break;
            }
        }
    }
    answers
}

fn query(
    connection: &Connection,
    text: &str,
    values: Vec<Value>,
) -> Result<Vec<Vec<Value>>, StatementError> {
    refuse_nul(text)?;
    let failed = |failure| error::statement_error(&failure, text);
    // The same few statements are asked again and again.
    let mut statement = connection.prepare_cached(text).map_err(failed)?;
    let columns = statement.column_count();
    let values = values.into_iter().map(|value| match value {
        Value::Null => rusqlite::types::Value::Null,
        Value::Integer(number) => rusqlite::types::Value::Integer(number),
        Value::Real(number) => rusqlite::types::Value::Real(number),
        Value::Text(text) => rusqlite::types::Value::Text(text),
        Value::Blob(bytes) => rusqlite::types::Value::Blob(bytes),
    });
    let mut rows = statement.query(params_from_iter(values)).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut values = Vec::with_capacity(columns);
        for at in 0..columns {
            values.push(value(row.get_ref(at).map_err(failed)?));
        }
        found.push(values);
    }
    Ok(found)
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        // SQLite keeps any bytes as text; what is not UTF-8 is given as it is.
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(bytes.to_vec()),
        },
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

/// SQLite stops reading at a NUL and would run half of the text.
fn refuse_nul(text: &str) -> Result<(), StatementError> {
    match text.find('\0') {
        None => Ok(()),
        Some(offset) => Err(StatementError {
            offset: Some(offset),
            ..StatementError::new(ErrorKind::Refused, "NUL byte in SQL")
        }),
    }
}

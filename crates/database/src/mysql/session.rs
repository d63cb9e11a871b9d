//! A session on a MySQL or MariaDB server.

use async_trait::async_trait;
use futures_util::future;
use mysql_async::Opts;
use shipgate_sql::{Dialect, SplitOptions};
use tokio::sync::{mpsc, oneshot};

use super::link::Link;
use super::together::Step;
use super::worker::{Stopper, Worker};
use super::{catalog, copy};
use crate::session::call_by_call;
use crate::{
    Access, Answers, Batch, Call, Canceller, Catalog, CopyRows, Executed, Limits, Session,
    StatementError, Value,
};

/// A connection to a MySQL or MariaDB server, on a task of its own.
///
/// Dropping a call stops its statement on the server (`KILL QUERY` from a
/// second connection); dropping the session ends its connection there.
pub struct MysqlSession {
    worker: Worker,
    dialect: Dialect,
    access: Access,
}

impl MysqlSession {
    pub(super) fn new(link: Link, options: Opts, access: Access) -> Self {
        let dialect = link.dialect();
        Self {
            worker: Worker::start(link, options),
            dialect,
            access,
        }
    }

    /// The connection's number on the server.
    pub(super) fn connection(&self) -> u32 {
        self.worker.connection()
    }

    fn start_transaction(&self) -> &'static str {
        match self.access {
            Access::ReadWrite => "START TRANSACTION",
            Access::ReadOnly => "START TRANSACTION READ ONLY",
        }
    }

    async fn run(&self, text: &'static str) -> Result<(), StatementError> {
        self.worker
            .call(move |link| Box::pin(async move { link.execute(text).await.map(|_| ()) }))
            .await
    }
}

#[async_trait]
impl Session for MysqlSession {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn split_options(&self) -> SplitOptions {
        self.worker.split_options()
    }

    async fn execute(&mut self, statement: &str) -> Result<Executed, StatementError> {
        let text = statement.to_owned();
        self.worker
            .call(move |link| Box::pin(async move { link.execute(&text).await }))
            .await
    }

    async fn execute_all(&mut self, statements: &[&str]) -> Batch {
        let texts: Vec<String> = statements.iter().map(|text| (*text).to_owned()).collect();
        let done = self
            .worker
            .call(move |link| Box::pin(async move { Ok(link.execute_all(&texts).await) }))
            .await;
        done.unwrap_or_else(|error| Batch {
            done: Vec::new(),
            failed: Some(error),
        })
    }

    async fn call_all(&mut self, calls: &[Call<'_>]) -> Answers {
        let steps: Option<Vec<Step>> = calls
            .iter()
            .map(|call| match *call {
                Call::Begin => Some(Step::Begin(self.start_transaction())),
                Call::Execute(statement) => Some(Step::Execute(statement.to_owned())),
                Call::Query(statement, values) => {
                    Some(Step::Query(statement.to_owned(), values.to_vec()))
                }
                Call::Commit => Some(Step::Commit),
                // What stands behind them depends on them.
                Call::Limit(_) | Call::Ask(_) => None,
            })
            .collect();
        let Some(steps) = steps else {
            return call_by_call(self, calls).await;
        };
        let done = self
            .worker
            .call(move |link| Box::pin(async move { Ok(link.call_all(&steps).await) }))
            .await;
        done.unwrap_or_else(Answers::none)
    }

    /// The rows are read by the server as those of the file the statement
    /// names, whatever its name.
    async fn copy_in(
        &mut self,
        statement: &str,
        rows: &mut dyn CopyRows,
    ) -> Result<Executed, StatementError> {
        let text = statement.to_owned();
        let (sink, source) = mpsc::channel(4);
        let (told, fed) = oneshot::channel();
        let running = self
            .worker
            .call(move |link| Box::pin(async move { link.copy(&text, source, fed).await }));
        let feeding = async {
            let _ = told.send(copy::feed(rows, sink).await);
        };
        let (copied, ()) = future::join(running, feeding).await;
        copied
    }

    async fn limit(&mut self, limits: &Limits) -> Result<(), StatementError> {
        let limits = *limits;
        self.worker
            .call(move |link| Box::pin(async move { link.limit(&limits).await }))
            .await
    }

    async fn query(
        &mut self,
        statement: &str,
        values: &[Value],
    ) -> Result<Vec<Vec<Value>>, StatementError> {
        let text = statement.to_owned();
        let values = values.to_vec();
        self.worker
            .call(move |link| Box::pin(async move { link.query(&text, &values).await }))
            .await
    }

    async fn begin(&mut self) -> Result<(), StatementError> {
        self.run(self.start_transaction()).await
    }

    async fn commit(&mut self) -> Result<(), StatementError> {
        self.run("COMMIT").await
    }

    async fn rollback(&mut self) -> Result<(), StatementError> {
        self.run("ROLLBACK").await
    }

    fn in_transaction(&self) -> bool {
        self.worker.in_transaction()
    }

    async fn catalog(&mut self, ignore: &[&str]) -> Result<Catalog, StatementError> {
        let ignore: Vec<String> = ignore.iter().map(|name| (*name).to_owned()).collect();
        self.worker
            .call(move |link| Box::pin(async move { catalog::read(link, &ignore).await }))
            .await
    }

    fn canceller(&self) -> Box<dyn Canceller> {
        Box::new(MysqlCanceller(self.worker.stopper()))
    }

    async fn close(self: Box<Self>) {
        self.worker.close().await;
    }
}

struct MysqlCanceller(Stopper);

#[async_trait]
impl Canceller for MysqlCanceller {
    async fn cancel(&self) {
        self.0.cancel().await;
    }
}

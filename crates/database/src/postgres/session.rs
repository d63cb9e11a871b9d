//! A session on a PostgreSQL database.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use postgres_protocol::message::frontend;
use shipgate_sql::{Dialect, SplitOptions, StatementKind, classify};
use tokio::sync::RwLock;
use tokio::time::timeout;

use super::catalog;
use super::connect::Place;
use super::kept::{Kept, set_config};
use super::made::calls_set_config;
use super::named::Named;
use super::startup::{Key, Started};
use super::status::Status;
use super::wire::Wire;
use crate::session::one_by_one;
use crate::{
    Answer, Answers, Batch, Canceller, Catalog, CopyRows, ErrorKind, Executed, Limits, Session,
    StatementError, Value,
};

/// A connection to a PostgreSQL server, or to a pooler before one.
///
/// A call that is dropped is cancelled on the server; the next call waits for
/// that, so the session stays of use.
pub struct PostgresSession {
    pub(super) wire: Wire,
    /// What the server told of its settings: `server_version`, …
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) status: Status,
    pub(super) is_lost: bool,
    /// The server waits for rows of a `COPY`.
    pub(super) is_copying: bool,
    /// Statements sent whose answers have not been read to their end.
    pub(super) unanswered: usize,
    /// Notices since the last answer.
    pub(super) notices: Vec<String>,
    is_pooled: Option<bool>,
    /// Statements that the server keeps.
    pub(super) named: Named,
    /// What a pooler does not keep.
    pub(super) kept: Kept,
    /// What of that it began with.
    pub(super) begun_with: Kept,
    /// What was set in the open transaction, and a pooler would give to others.
    pub(super) made: BTreeSet<String>,
    limits: Limits,
    /// The limits were made in the transaction that is open.
    limits_are_of_transaction: bool,
    stopper: Stopper,
}

impl PostgresSession {
    pub(super) fn new(wire: Wire, place: Place, started: Started) -> Self {
        Self {
            wire,
            parameters: started.parameters,
            status: Status::Idle,
            is_lost: false,
            is_copying: false,
            unanswered: 0,
            notices: Vec::new(),
            is_pooled: None,
            named: Named::default(),
            kept: Kept::default(),
            begun_with: Kept::default(),
            made: BTreeSet::new(),
            limits: Limits::default(),
            limits_are_of_transaction: false,
            stopper: Stopper {
                place,
                key: started.key,
                is_running: Arc::default(),
                gate: Arc::default(),
            },
        }
    }

    /// Makes settings that could not be made when the session began.
    pub(super) async fn set(
        &mut self,
        settings: &[(String, String)],
    ) -> Result<(), StatementError> {
        if settings.is_empty() {
            return Ok(());
        }
        if settings.iter().any(|(name, _)| name == "options") {
            return Err(StatementError::new(
                ErrorKind::Refused,
                "the server or the pooler before it does not take `options`; \
                 write its settings as parameters of their own: `?search_path=app`",
            ));
        }
        if self.is_pooled().await? {
            for (name, value) in settings {
                self.kept.put(name, Some(value));
            }
            self.begun_with = self.kept.clone();
            // A value that is not possible is told of now.
            return self.run("SELECT 1").await.map(drop);
        }
        for (name, value) in settings {
            let call = set_config(name, value, false);
            self.run(&format!("SELECT {call}")).await?;
        }
        Ok(())
    }

    /// The limits by name; `None`: as the session began with, or the server has it.
    fn limits(&self) -> [(&'static str, Option<Duration>); 2] {
        [
            ("lock_timeout", self.limits.lock),
            ("statement_timeout", self.limits.statement),
        ]
    }

    pub(super) fn keep_limits(&mut self) {
        for (name, limit) in self.limits() {
            let limit = limit.map(milliseconds);
            let own = self.begun_with.get(name).map(str::to_owned);
            self.kept.put(name, limit.or(own).as_deref());
        }
    }

    async fn make_limits(&mut self) -> Result<(), StatementError> {
        if self.is_pooled().await? {
            self.keep_limits();
            return self.keep_in_transaction().await;
        }
        let set = self.limits().map(|(name, limit)| match limit {
            None => format!("RESET {name}"),
            Some(limit) => format!("SET {name} = '{}'", milliseconds(limit)),
        });
        self.run(&set.join("; ")).await.map(drop)
    }

    /// Makes what is kept, if a transaction is open.
    pub(super) async fn keep_in_transaction(&mut self) -> Result<(), StatementError> {
        if self.kept.is_empty() || self.status != Status::InTransaction {
            return Ok(());
        }
        let statement = self.kept.in_transaction();
        Box::pin(self.run(&statement)).await.map(drop)
    }

    /// Whether somebody stands between this session and the server: the
    /// process that was named at the start is not the one that answers.
    pub(super) async fn is_pooled(&mut self) -> Result<bool, StatementError> {
        if let Some(is_pooled) = self.is_pooled {
            return Ok(is_pooled);
        }
        let named = self.stopper.key.map(|key| i64::from(key.process));
        let rows = self
            .run_bound("SELECT pg_catalog.pg_backend_pid()", &[])
            .await?;
        let is_pooled = match rows.first().map(Vec::as_slice) {
            Some([Value::Integer(process)]) => named != Some(*process),
            _ => true,
        };
        self.is_pooled = Some(is_pooled);
        Ok(is_pooled)
    }

    /// Ends the session and waits until the server knows.
    pub(super) async fn end(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(2);
        if self.is_lost {
            return;
        }
        self.is_lost = true;
        // What a dropped call left is cancelled first, or the server would
        // only notice the end when it is done.
        let _ = timeout(PATIENCE, self.stopper.gate.write()).await;
        frontend::terminate(self.wire.output());
        let _ = timeout(PATIENCE, self.wire.closed()).await;
    }

    /// Waits for what an earlier call left, and marks that one runs.
    pub(super) async fn begin_call(&mut self) -> Result<Call<'_>, StatementError> {
        if self.is_lost {
            return Err(StatementError::new(
                ErrorKind::SessionLost,
                "the connection to PostgreSQL is lost",
            ));
        }
        if self.unanswered > 0 {
            self.settle().await?;
        }
        // A cancellation of the call before would hit this one.
        drop(self.stopper.gate.write().await);
        self.stopper.is_running.store(true, Ordering::SeqCst);
        Ok(Call { session: self })
    }
}

/// A limit as the server reads it. Less than its unit would be without end.
fn milliseconds(limit: Duration) -> String {
    let least = u128::from(!limit.is_zero());
    format!("{}ms", limit.as_millis().max(least))
}

/// Sets limits up to the end of the transaction; NULL: as the session has them.
pub(super) const LIMIT_TRANSACTION: &str = "SELECT pg_catalog.set_config('lock_timeout', $1, true), \
     pg_catalog.set_config('statement_timeout', $2, true)";

/// The values of [`LIMIT_TRANSACTION`].
pub(super) fn limit_values(limits: &Limits) -> [Value; 2] {
    [limits.lock, limits.statement]
        .map(|limit| limit.map_or(Value::Null, |limit| Value::Text(milliseconds(limit))))
}

/// A call that runs. Dropped before its answers are read, it is cancelled.
pub(super) struct Call<'a> {
    pub(super) session: &'a mut PostgresSession,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let session = &mut *self.session;
        if session.unanswered > 0 && !session.is_lost {
            session.stopper.abandon();
        }
        session.stopper.is_running.store(false, Ordering::SeqCst);
    }
}

/// Stops what the session runs.
#[derive(Clone)]
struct Stopper {
    place: Place,
    key: Option<Key>,
    is_running: Arc<AtomicBool>,
    /// Held for reading while a cancellation is on its way.
    gate: Arc<RwLock<()>>,
}

impl Stopper {
    /// How long telling the server to stop may take.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Tells the server to stop a call that nobody waits for any more.
    fn abandon(&self) {
        let Some(key) = self.key else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let place = self.place.clone();
        let on_its_way = self.gate.clone().try_read_owned();
        runtime.spawn(async move {
            let _ = timeout(Self::PATIENCE, place.cancel(key)).await;
            drop(on_its_way);
        });
    }
}

#[async_trait]
impl Canceller for Stopper {
    async fn cancel(&self) {
        let _on_its_way = self.gate.read().await;
        if let (true, Some(key)) = (self.is_running.load(Ordering::SeqCst), self.key) {
            // Without an answer the statement goes on, and its caller sees that.
            let _ = timeout(Self::PATIENCE, self.place.cancel(key)).await;
        }
    }
}

#[async_trait]
impl Session for PostgresSession {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn split_options(&self) -> SplitOptions {
        let is_off = self
            .parameters
            .get("standard_conforming_strings")
            .is_some_and(|value| value == "off");
        SplitOptions::default().standard_conforming_strings(!is_off)
    }

    async fn execute(&mut self, statement: &str) -> Result<Executed, StatementError> {
        self.run_of_script(statement).await
    }

    async fn execute_all(&mut self, statements: &[&str]) -> Batch {
        let is_pooled = self.is_pooled == Some(true);
        // Only in a transaction the server stops at the first that fails.
        if self.status == Status::InTransaction
            && !statements
                .iter()
                .any(|text| decides_transaction(text) || is_pooled && calls_set_config(text))
        {
            return self.run_all(statements).await;
        }
        one_by_one(self, statements).await
    }

    async fn call_all(&mut self, calls: &[crate::Call<'_>]) -> Answers {
        let mut done = Vec::with_capacity(calls.len());
        let failed = self
            .run_together(calls, &mut |answer| done.push(answer))
            .await;
        Answers { done, failed }
    }

    fn pipelines(&self) -> bool {
        self.is_pooled == Some(false)
    }

    async fn pipeline(
        &mut self,
        calls: &[crate::Call<'_>],
        answered: &mut (dyn FnMut(Answer) + Send),
    ) -> Option<StatementError> {
        self.run_together(calls, answered).await
    }

    async fn copy_in(
        &mut self,
        statement: &str,
        rows: &mut dyn CopyRows,
    ) -> Result<Executed, StatementError> {
        self.run_copy(statement, rows).await
    }

    async fn limit(&mut self, limits: &Limits) -> Result<(), StatementError> {
        self.limits = *limits;
        self.limits_are_of_transaction = self.in_transaction();
        self.make_limits().await
    }

    async fn limit_transaction(&mut self, limits: &Limits) -> Result<(), StatementError> {
        let values = limit_values(limits);
        self.run_bound(LIMIT_TRANSACTION, &values).await.map(drop)
    }

    async fn query(
        &mut self,
        statement: &str,
        values: &[Value],
    ) -> Result<Vec<Vec<Value>>, StatementError> {
        self.run_bound(statement, values).await
    }

    async fn begin(&mut self) -> Result<(), StatementError> {
        self.run("BEGIN").await.map(drop)
    }

    async fn commit(&mut self) -> Result<(), StatementError> {
        let (_, tag) = self.run_commit("COMMIT").await?;
        if tag == "ROLLBACK" {
            return Err(rolled_back());
        }
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), StatementError> {
        if self.is_lost || !self.in_transaction() && self.unanswered == 0 {
            return Ok(());
        }
        self.settle().await?;
        if !self.in_transaction() {
            return Ok(());
        }
        self.run("ROLLBACK").await?;
        self.made.clear();
        if std::mem::take(&mut self.limits_are_of_transaction) {
            // They were rolled back with it.
            self.make_limits().await?;
        }
        Ok(())
    }

    fn in_transaction(&self) -> bool {
        self.status != Status::Idle
    }

    async fn catalog(&mut self, ignore: &[&str]) -> Result<Catalog, StatementError> {
        catalog::read(self, ignore).await
    }

    fn canceller(&self) -> Box<dyn Canceller> {
        Box::new(self.stopper.clone())
    }

    async fn close(mut self: Box<Self>) {
        self.end().await;
    }
}

/// What a `COMMIT` means that answers `ROLLBACK`: the server's way to say that
/// a statement before had failed.
pub(super) fn rolled_back() -> StatementError {
    StatementError {
        code: Some("25P02".to_owned()),
        ..StatementError::new(
            ErrorKind::Refused,
            "pq: current transaction is aborted: COMMIT rolled it back (25P02)",
        )
    }
}

/// Whether a statement could begin or end a transaction, or bring a failed one
/// back.
pub(super) fn decides_transaction(statement: &str) -> bool {
    matches!(
        classify(Dialect::Postgres, statement),
        StatementKind::Begin
            | StatementKind::Commit
            | StatementKind::Rollback
            | StatementKind::RollbackTo
            | StatementKind::PrepareTransaction
    )
}

//! A database whose session dies before or after the n-th call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use shipgate_database::backup::Engine;
use shipgate_database::{
    Answer, Call, Canceller, Catalog, ConnectOptions, Database, DatabaseUrl, ErrorKind, Executed,
    Limits, LockError, LockRequest, MigrationLock, OpenError, Session, StatementError, Value,
};
use shipgate_sql::Dialect;

/// When the process dies: before or after the call of this number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Death {
    pub(crate) at: usize,
    pub(crate) after: bool,
}

/// A database whose session dies.
pub(crate) struct Mortal {
    inner: Arc<dyn Database>,
    death: Death,
    calls: Arc<AtomicUsize>,
}

impl Mortal {
    pub(crate) fn new(inner: Arc<dyn Database>, death: Death) -> Self {
        Self {
            inner,
            death,
            calls: Arc::default(),
        }
    }

    /// Whether the run went on past the point of death.
    pub(crate) fn died(&self) -> bool {
        self.calls.load(Ordering::SeqCst) > self.death.at
    }
}

struct MortalSession {
    /// None once it is dead: dropping a session rolls back what is open, as
    /// the database does for a process that died.
    inner: Option<Box<dyn Session>>,
    death: Death,
    calls: Arc<AtomicUsize>,
    dialect: Dialect,
    in_transaction: bool,
}

fn dead() -> StatementError {
    StatementError::new(ErrorKind::SessionLost, "the process died")
}

#[async_trait]
impl Database for Mortal {
    fn url(&self) -> &DatabaseUrl {
        self.inner.url()
    }

    async fn connect(&self, options: &ConnectOptions) -> Result<Box<dyn Session>, OpenError> {
        Ok(Box::new(MortalSession {
            inner: Some(self.inner.connect(options).await?),
            death: self.death,
            calls: Arc::clone(&self.calls),
            dialect: self.dialect(),
            in_transaction: false,
        }))
    }

    async fn lock(&self, request: LockRequest) -> Result<Box<dyn MigrationLock>, LockError> {
        self.inner.lock(request).await
    }

    fn backups(&self) -> Arc<dyn Engine> {
        self.inner.backups()
    }
}

impl MortalSession {
    fn count(&self) -> usize {
        self.calls.fetch_add(1, Ordering::SeqCst)
    }

    fn dies_before(&mut self, call: usize) -> bool {
        if call == self.death.at && !self.death.after {
            self.inner = None;
        }
        self.inner.is_none()
    }

    fn dies_after(&mut self, call: usize) -> bool {
        self.in_transaction = self
            .inner
            .as_ref()
            .is_some_and(|inner| inner.in_transaction());
        if call == self.death.at && self.death.after {
            self.inner = None;
        }
        self.inner.is_none()
    }
}

macro_rules! mortally {
    ($self:ident, $inner:ident => $call:expr) => {{
        let number = $self.count();
        if $self.dies_before(number) {
            return Err(dead());
        }
        let Some($inner) = &mut $self.inner else {
            return Err(dead());
        };
        let result = $call.await;
        if $self.dies_after(number) {
            return Err(dead());
        }
        result
    }};
}

#[async_trait]
impl Session for MortalSession {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    async fn execute(&mut self, statement: &str) -> Result<Executed, StatementError> {
        mortally!(self, inner => inner.execute(statement))
    }

    async fn query(
        &mut self,
        statement: &str,
        values: &[Value],
    ) -> Result<Vec<Vec<Value>>, StatementError> {
        mortally!(self, inner => inner.query(statement, values))
    }

    fn pipelines(&self) -> bool {
        self.inner.as_ref().is_some_and(|inner| inner.pipelines())
    }

    /// Death before a call: it and those behind it were not sent. Death after
    /// one: all were, and the server does them; only the answers are lost.
    async fn pipeline(
        &mut self,
        calls: &[Call<'_>],
        answered: &mut (dyn FnMut(Answer) + Send),
    ) -> Option<StatementError> {
        let first = self.calls.fetch_add(calls.len(), Ordering::SeqCst);
        let last = self
            .death
            .at
            .checked_sub(first)
            .filter(|&last| last < calls.len());
        let Some(inner) = &mut self.inner else {
            return Some(dead());
        };
        let failed = match last {
            None => inner.pipeline(calls, answered).await,
            Some(last) if self.death.after => {
                let mut heard = 0;
                let mut answered = |answer| {
                    heard += 1;
                    if heard <= last {
                        answered(answer);
                    }
                };
                inner.pipeline(calls, &mut answered).await
            }
            Some(0) => None,
            Some(last) => inner.pipeline(&calls[..last], answered).await,
        };
        if last.is_some() {
            self.inner = None;
            return Some(dead());
        }
        self.in_transaction = inner.in_transaction();
        failed
    }

    async fn limit_transaction(&mut self, limits: &Limits) -> Result<(), StatementError> {
        mortally!(self, inner => inner.limit_transaction(limits))
    }

    async fn begin(&mut self) -> Result<(), StatementError> {
        mortally!(self, inner => inner.begin())
    }

    async fn commit(&mut self) -> Result<(), StatementError> {
        mortally!(self, inner => inner.commit())
    }

    async fn rollback(&mut self) -> Result<(), StatementError> {
        mortally!(self, inner => inner.rollback())
    }

    fn in_transaction(&self) -> bool {
        self.inner.is_some() && self.in_transaction
    }

    async fn catalog(&mut self, ignore: &[&str]) -> Result<Catalog, StatementError> {
        mortally!(self, inner => inner.catalog(ignore))
    }

    fn canceller(&self) -> Box<dyn Canceller> {
        Box::new(Deaf)
    }

    async fn close(self: Box<Self>) {}
}

struct Deaf;

#[async_trait]
impl Canceller for Deaf {
    async fn cancel(&self) {}
}

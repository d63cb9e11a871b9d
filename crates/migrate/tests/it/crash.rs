//! The process dies at every point of a run, and a later run makes it whole.
//!
//! The points are not listed anywhere: a session that counts its calls dies
//! before or after the n-th one, for every n up to the end of the run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use shipgate_database::backup::Engine;
use shipgate_database::{
    Canceller, Catalog, ConnectOptions, Database, DatabaseUrl, ErrorKind, Executed, LockError,
    LockRequest, MigrationLock, OpenError, Session, StatementError, Value,
};
use shipgate_migrate::TxMode;
use shipgate_sql::Dialect;

use crate::support::Project;

/// When the process dies: before or after the call of this number.
#[derive(Clone, Copy, Debug)]
struct Death {
    at: usize,
    after: bool,
}

/// A database whose session dies.
struct Mortal {
    inner: Arc<dyn Database>,
    death: Death,
    calls: Arc<AtomicUsize>,
}

struct MortalSession {
    /// None once it is dead: dropping a session rolls back what is open, as
    /// the database does for a process that died.
    inner: Option<Box<dyn Session>>,
    death: Death,
    calls: Arc<AtomicUsize>,
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
        Dialect::Sqlite
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

/// Every statement leaves one row, so that doing it twice shows.
const FILES: &[(&str, &str)] = &[
    (
        "1_a.sql",
        "CREATE TABLE log (step);\nINSERT INTO log VALUES (1);\nINSERT INTO log VALUES (2);\n",
    ),
    (
        "2_b.sql",
        "INSERT INTO log VALUES (3);\nCREATE TABLE b (x);\nINSERT INTO log VALUES (4);\n",
    ),
];

/// As above, with a transaction of its own and what no transaction takes.
const FILES_WITHOUT_TRANSACTION: &[(&str, &str)] = &[
    (
        "1_a.sql",
        "-- atlas:txmode none\nCREATE TABLE log (step);\nINSERT INTO log VALUES (1);\nBEGIN;\n\
         INSERT INTO log VALUES (2);\nSAVEPOINT s;\nINSERT INTO log VALUES (3);\nRELEASE s;\nCOMMIT;\nVACUUM;\n\
         INSERT INTO log VALUES (4);\nSAVEPOINT outer;\nINSERT INTO log VALUES (5);\nRELEASE outer;\n\
         PRAGMA user_version = 7;\nBEGIN;\nINSERT INTO log VALUES (99);\nROLLBACK;\n",
    ),
    (
        "2_b.sql",
        "-- atlas:txmode none\nINSERT INTO log VALUES (6);\nCREATE TABLE b (x);\n",
    ),
];

async fn state(project: &Project) -> Vec<String> {
    let mut state = project.query("SELECT step FROM log ORDER BY rowid").await;
    state.extend(project.tables().await);
    state.extend(project.history().await);
    state
}

/// Runs to every point of death and then again; returns the number of points.
async fn die_everywhere(files: &[(&str, &str)], query: &str, tx_mode: TxMode) -> usize {
    let undisturbed = Project::new(files);
    undisturbed
        .apply_with(|options| options.tx_mode = tx_mode)
        .await
        .succeeded();
    let expected = state(&undisturbed).await;
    let mut points = 0;
    for after in [false, true] {
        for at in 0.. {
            let project = Project::new(files);
            let death = Death { at, after };
            let calls = Arc::new(AtomicUsize::new(0));
            let mortal = Mortal {
                inner: project.database_with(query),
                death,
                calls: Arc::clone(&calls),
            };
            let mut options = project.options();
            options.tx_mode = tx_mode;
            let outcome = project.run(&mortal, &options).await;
            if calls.load(Ordering::SeqCst) <= at {
                outcome.succeeded();
                break;
            }
            points += 1;
            let again = project.run(&*project.database_with(query), &options).await;
            assert_eq!(again.error_text(), "", "{death:?}");
            assert_eq!(state(&project).await, expected, "{death:?}");
        }
    }
    points
}

#[tokio::test]
async fn with_a_transaction_per_file() {
    assert!(die_everywhere(FILES, "", TxMode::File).await > 20);
}

#[tokio::test]
async fn with_a_transaction_per_file_and_foreign_keys() {
    assert!(die_everywhere(FILES, "?_fk=1", TxMode::File).await > 30);
}

#[tokio::test]
async fn with_one_transaction_for_all() {
    assert!(die_everywhere(FILES, "", TxMode::All).await > 15);
}

#[tokio::test]
async fn without_a_transaction() {
    assert!(die_everywhere(FILES, "", TxMode::None).await > 40);
}

#[tokio::test]
async fn with_transactions_of_the_files_own() {
    assert!(die_everywhere(FILES_WITHOUT_TRANSACTION, "", TxMode::File).await > 80);
}

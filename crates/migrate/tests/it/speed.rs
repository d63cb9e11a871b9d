//! What a run costs, in calls to the database: nothing here looks at a watch.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shipgate_database::{Database, Value};
use shipgate_migrate::TxMode;

use crate::support::Project;

mod counting {
    //! A database that counts the calls to its sessions and the bytes bound.

    use async_trait::async_trait;
    use shipgate_database::backup::Engine;
    use shipgate_database::{
        Batch, Canceller, Catalog, ConnectOptions, DatabaseUrl, Executed, LockError, LockRequest,
        MigrationLock, OpenError, Session, StatementError,
    };
    use shipgate_sql::Dialect;

    use super::{Arc, AtomicUsize, Database, Ordering, Value};

    #[derive(Clone, Default)]
    pub(super) struct Counts {
        pub(super) calls: Arc<AtomicUsize>,
        pub(super) bound: Arc<AtomicUsize>,
    }

    pub(super) struct Counting {
        pub(super) inner: Arc<dyn Database>,
        pub(super) counts: Counts,
    }

    struct CountingSession {
        inner: Box<dyn Session>,
        counts: Counts,
    }

    impl CountingSession {
        fn call(&self) {
            self.counts.calls.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[async_trait]
    impl Database for Counting {
        fn url(&self) -> &DatabaseUrl {
            self.inner.url()
        }

        async fn connect(&self, options: &ConnectOptions) -> Result<Box<dyn Session>, OpenError> {
            let inner = self.inner.connect(options).await?;
            let counts = self.counts.clone();
            Ok(Box::new(CountingSession { inner, counts }))
        }

        async fn lock(&self, request: LockRequest) -> Result<Box<dyn MigrationLock>, LockError> {
            self.inner.lock(request).await
        }

        fn backups(&self) -> Arc<dyn Engine> {
            self.inner.backups()
        }
    }

    #[async_trait]
    impl Session for CountingSession {
        fn dialect(&self) -> Dialect {
            self.inner.dialect()
        }

        async fn execute(&mut self, statement: &str) -> Result<Executed, StatementError> {
            self.call();
            self.inner.execute(statement).await
        }

        async fn execute_all(&mut self, statements: &[&str]) -> Batch {
            self.call();
            self.inner.execute_all(statements).await
        }

        async fn query(
            &mut self,
            statement: &str,
            values: &[Value],
        ) -> Result<Vec<Vec<Value>>, StatementError> {
            self.call();
            let bytes = values.iter().map(|value| match value {
                Value::Text(text) => text.len(),
                Value::Blob(bytes) => bytes.len(),
                _ => 8,
            });
            self.counts.bound.fetch_add(bytes.sum(), Ordering::SeqCst);
            self.inner.query(statement, values).await
        }

        async fn begin(&mut self) -> Result<(), StatementError> {
            self.call();
            self.inner.begin().await
        }

        async fn commit(&mut self) -> Result<(), StatementError> {
            self.call();
            self.inner.commit().await
        }

        async fn rollback(&mut self) -> Result<(), StatementError> {
            self.call();
            self.inner.rollback().await
        }

        fn in_transaction(&self) -> bool {
            self.inner.in_transaction()
        }

        async fn catalog(&mut self, ignore: &[&str]) -> Result<Catalog, StatementError> {
            self.inner.catalog(ignore).await
        }

        fn canceller(&self) -> Box<dyn Canceller> {
            self.inner.canceller()
        }

        async fn close(self: Box<Self>) {
            self.inner.close().await;
        }
    }
}

/// Applies; calls and bytes bound in them.
async fn cost(project: &Project, tx_mode: TxMode) -> (usize, usize) {
    let counts = counting::Counts::default();
    let database = counting::Counting {
        inner: project.database(),
        counts: counts.clone(),
    };
    let mut options = project.options();
    options.tx_mode = tx_mode;
    project.run(&database, &options).await.succeeded();
    (
        counts.calls.load(Ordering::SeqCst),
        counts.bound.load(Ordering::SeqCst),
    )
}

fn inserts(count: usize) -> String {
    let mut script = "CREATE TABLE t (x);\n".to_owned();
    for number in 0..count {
        script.push_str(&format!("INSERT INTO t VALUES ({number});\n"));
    }
    script
}

#[tokio::test]
async fn with_nothing_pending_one_query_is_all() {
    let project = Project::new(&[
        ("1_a.sql", "CREATE TABLE a (x);"),
        ("2_b.sql", "CREATE TABLE b (x);"),
    ]);
    project.apply().await.succeeded();
    assert_eq!(cost(&project, TxMode::File).await, (1, 0));
}

#[tokio::test]
async fn in_a_transaction_many_statements_cost_few_calls() {
    let small = cost(&Project::new(&[("1_a.sql", &inserts(10))]), TxMode::File).await;
    let large = cost(&Project::new(&[("1_a.sql", &inserts(1010))]), TxMode::File).await;
    assert!(large.0 - small.0 < 10, "{} calls", large.0);
    assert_eq!(large.1, small.1);
}

#[tokio::test]
async fn without_a_transaction_a_statements_progress_has_the_same_size_in_any_file() {
    let costs = |count| async move {
        cost(&Project::new(&[("1_a.sql", &inserts(count))]), TxMode::None).await
    };
    let (ten, hundred, thousand) = (costs(10).await, costs(110).await, costs(210).await);
    assert_eq!(hundred.0 - ten.0, 400, "begin, statement, progress, commit");
    assert_eq!(thousand.0 - hundred.0, 400);
    assert_eq!(
        thousand.1 - hundred.1,
        hundred.1 - ten.1,
        "bytes grow with the statements, not with their square"
    );
}

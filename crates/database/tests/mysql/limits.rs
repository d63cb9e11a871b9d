//! How long statements wait and run, and what stops them.

use std::time::Duration;

use shipgate_database::{ErrorKind, Limits, Session};
use shipgate_testkit::MariadbDatabase;

use crate::support::{connect, number, session};

const SECOND: Option<Duration> = Some(Duration::from_secs(1));

/// A table on which another session holds a lock of its definition and a row.
async fn blocked() -> (MariadbDatabase, Box<dyn Session>, Box<dyn Session>) {
    let (own, mut session) = session().await;
    session
        .execute("CREATE TABLE t (a int PRIMARY KEY)")
        .await
        .expect("works");
    session
        .execute("INSERT INTO t VALUES (1)")
        .await
        .expect("works");
    let mut other = connect(&own).await;
    other.begin().await.expect("works");
    other.execute("DELETE FROM t").await.expect("works");
    (own, session, other)
}

#[tokio::test]
async fn waiting_for_a_lock_is_limited() {
    let (_own, mut session, _other) = blocked().await;
    let limits = Limits {
        lock: Some(Duration::from_millis(300)),
        statement: None,
    };
    session.limit(&limits).await.expect("works");
    for statement in ["ALTER TABLE t ADD b int", "UPDATE t SET a = 2"] {
        let error = session.execute(statement).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Locked, "{error}");
        assert_eq!(error.code.as_deref(), Some("1205"));
    }
}

#[tokio::test]
async fn running_is_limited() {
    let (_own, mut session, _other) = blocked().await;
    let limits = Limits {
        lock: None,
        statement: Some(Duration::from_millis(50)),
    };
    session.limit(&limits).await.expect("works");
    let error = session.execute("UPDATE t SET a = 2").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TimedOut, "{error}");
}

#[tokio::test]
async fn what_is_not_limited_any_more_is_as_the_session_had_it() {
    let (_own, mut session) = session().await;
    session
        .execute("SET SESSION lock_wait_timeout = 77")
        .await
        .expect("works");
    let limited = Limits {
        lock: SECOND,
        statement: SECOND,
    };
    session.limit(&limited).await.expect("works");
    let asked = "SELECT @@lock_wait_timeout + @@innodb_lock_wait_timeout";
    assert_eq!(number(&mut *session, asked).await, 2);
    session.limit(&Limits::default()).await.expect("works");
    assert_eq!(
        number(&mut *session, "SELECT @@lock_wait_timeout").await,
        77
    );
}

#[tokio::test]
async fn a_statement_is_cancelled_on_the_server() {
    let (_own, mut session, other) = blocked().await;
    let canceller = session.canceller();
    let mut witness = connect(&_own).await;
    let running = tokio::spawn(async move {
        let error = session.execute("UPDATE t SET a = 2").await.unwrap_err();
        (session, error)
    });
    until_waiting(&mut *witness).await;
    canceller.cancel().await;
    let (mut session, error) = running.await.expect("works");
    assert_eq!(error.kind, ErrorKind::Cancelled, "{error}");
    other.close().await;
    assert_eq!(number(&mut *session, "SELECT a FROM t").await, 1);
    // Without a running statement it does nothing.
    canceller.cancel().await;
    assert_eq!(number(&mut *session, "SELECT a FROM t").await, 1);
}

#[tokio::test]
async fn a_dropped_call_stops_on_the_server_and_the_next_gets_its_own_answer() {
    let (_own, mut session, _other) = blocked().await;
    let mut witness = connect(&_own).await;
    {
        let running = session.execute("UPDATE t SET a = 2");
        let mut running = std::pin::pin!(running);
        let poll = std::future::poll_fn(|context| {
            std::task::Poll::Ready(running.as_mut().poll(context).is_pending())
        });
        assert!(poll.await);
        until_waiting(&mut *witness).await;
    }
    assert_eq!(number(&mut *session, "SELECT 42").await, 42);
    assert_eq!(waiting(&mut *witness).await, 0);
}

#[tokio::test]
async fn a_dropped_session_ends_on_the_server() {
    let (own, mut session, _other) = blocked().await;
    let mut witness = connect(&own).await;
    let running = tokio::spawn(async move { session.execute("UPDATE t SET a = 2").await });
    until_waiting(&mut *witness).await;
    running.abort();
    while waiting(&mut *witness).await > 0 {
        tokio::task::yield_now().await;
    }
    // Two are left: the one that blocks and the witness.
    let count = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE()";
    while number(&mut *witness, count).await > 2 {
        tokio::task::yield_now().await;
    }
}

async fn waiting(witness: &mut dyn Session) -> i64 {
    let ask = "SELECT COUNT(*) FROM information_schema.PROCESSLIST \
               WHERE DB = DATABASE() AND INFO LIKE 'UPDATE%'";
    number(witness, ask).await
}

async fn until_waiting(witness: &mut dyn Session) {
    while waiting(witness).await == 0 {
        tokio::task::yield_now().await;
    }
}

//! Calls in numbers, with rows, stopped and dropped.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use shipgate_database::{CopyRows, ErrorKind, Session, Value};
use shipgate_testkit::{PoolMode, pgbouncer, postgres};

use crate::support::{Rows, connect, one};

async fn count(session: &mut dyn Session) -> Value {
    one(session, "SELECT count(*) FROM t").await
}

#[tokio::test]
async fn many_statements_of_a_transaction_are_done_one_after_the_other() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    session.execute("CREATE TABLE t (a int)").await.unwrap();
    session.begin().await.unwrap();
    let statements: Vec<String> = (0..2000)
        .map(|number| format!("INSERT INTO t SELECT generate_series(0, {})", number % 3))
        .collect();
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let batch = session.execute_all(&statements).await;
    assert_eq!(batch.failed, None);
    let rows: Vec<u64> = batch.done.iter().map(|executed| executed.rows).collect();
    assert_eq!(rows[..4], [1, 2, 3, 1]);
    assert_eq!(rows.len(), 2000);
    session.commit().await.unwrap();
}

#[tokio::test]
async fn the_statement_that_fails_among_many_is_told_exactly() {
    let database = postgres().database();
    for is_in_transaction in [true, false] {
        let mut session = connect(&database.url()).await;
        session
            .execute("DROP TABLE IF EXISTS t; CREATE TABLE t (a int PRIMARY KEY)")
            .await
            .unwrap();
        if is_in_transaction {
            session.begin().await.unwrap();
        }
        let statements = [
            "INSERT INTO t VALUES (1)",
            "DO $$ BEGIN RAISE NOTICE 'here'; END $$",
            "INSERT INTO t\nVALUES (x)",
            "INSERT INTO t VALUES (3)",
        ];
        let batch = session.execute_all(&statements).await;
        assert_eq!(batch.done.len(), 2);
        assert_eq!(batch.done[1].notices, ["NOTICE: here"]);
        let error = batch.failed.unwrap();
        assert_eq!(
            error.message,
            "pq: column \"x\" does not exist at position 2:9 (42703)"
        );
        assert_eq!(error.offset, Some(22));
        assert_eq!(session.in_transaction(), is_in_transaction);
        session.rollback().await.unwrap();
        let rows = i64::from(!is_in_transaction);
        assert_eq!(count(&mut *session).await, Value::Integer(rows));
    }
}

#[tokio::test]
async fn a_nul_among_many_stops_where_it_stands() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    session.execute("CREATE TABLE t (a int)").await.unwrap();
    session.begin().await.unwrap();
    let batch = session
        .execute_all(&["INSERT INTO t VALUES (1)", "SELECT '\0'", "SELECT 1"])
        .await;
    assert_eq!(batch.done.len(), 1);
    assert_eq!(batch.failed.unwrap().offset, Some(8));
    session.commit().await.unwrap();
    assert_eq!(count(&mut *session).await, Value::Integer(1));
}

#[tokio::test]
async fn copied_rows_are_counted() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    session
        .execute("CREATE TABLE t (a int, b text)")
        .await
        .unwrap();
    let mut rows = Rows::of(&["1\tone\n2\tt", "wo\n", "3\t\\N\n"]);
    let executed = session
        .copy_in("COPY t FROM STDIN", &mut rows)
        .await
        .unwrap();
    assert_eq!(executed.rows, 3);
    assert_eq!(count(&mut *session).await, Value::Integer(3));
}

#[tokio::test]
async fn a_session_survives_every_refused_copy() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    session.execute("CREATE TABLE t (a int)").await.unwrap();

    let error = session
        .copy_in("COPY nowhere FROM STDIN", &mut Rows::of(&["1\n"]))
        .await
        .unwrap_err();
    assert_eq!(error.code.as_deref(), Some("42P01"));

    // Refused in the middle, with more rows than may wait to be sent.
    let mut chunks = vec!["1\n", "x\n"];
    let many = "2\n".repeat(100_000);
    chunks.extend([many.as_str(); 10]);
    let error = session
        .copy_in("COPY t FROM STDIN", &mut Rows::of(&chunks))
        .await
        .unwrap_err();
    assert_eq!(error.code.as_deref(), Some("22P02"));
    assert_eq!(
        error.detail.as_deref(),
        Some("in COPY t, line 2, column a: \"x\"")
    );

    let mut rows = Rows(vec![Ok(b"1\n".to_vec()), Err(io::Error::other("torn"))]);
    let error = session
        .copy_in("COPY t FROM STDIN", &mut rows)
        .await
        .unwrap_err();
    assert_eq!(error.message, "cannot read the rows to copy: torn");

    let error = session.execute("COPY t FROM STDIN").await.unwrap_err();
    assert!(error.message.contains("its rows are missing"), "{error}");

    assert_eq!(count(&mut *session).await, Value::Integer(0));
}

/// Waits until the server has a session that runs `text`, or none.
async fn until_running(watcher: &mut dyn Session, text: &str, is_running: bool) {
    let question = format!(
        "SELECT count(*) FROM pg_stat_activity \
         WHERE query = '{text}' AND state = 'active' AND datname = current_database()"
    );
    while (one(watcher, &question).await != Value::Integer(0)) != is_running {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

const LONG: &str = "SELECT pg_sleep(600)";

#[tokio::test]
async fn a_cancelled_statement_ends_and_its_session_goes_on() {
    let database = postgres().database();
    for url in [
        database.url(),
        database.tcp_url(),
        pgbouncer(PoolMode::Transaction).url(&database),
    ] {
        let mut watcher = connect(&database.url()).await;
        let mut session = connect(&url).await;
        let canceller = session.canceller();
        // Nothing runs yet: it stops nothing.
        canceller.cancel().await;
        let running = session.execute(LONG);
        let stopping = async {
            until_running(&mut *watcher, LONG, true).await;
            canceller.cancel().await;
        };
        let (ended, ()) = tokio::join!(running, stopping);
        assert_eq!(ended.unwrap_err().kind, ErrorKind::Cancelled);
        assert_eq!(one(&mut *session, "SELECT 1").await, Value::Integer(1));
    }
}

#[tokio::test]
async fn a_dropped_call_is_stopped_on_the_server_and_its_session_goes_on() {
    let database = postgres().database();
    let mut watcher = connect(&database.url()).await;
    let mut session = connect(&database.tcp_url()).await;
    session.begin().await.unwrap();
    tokio::select! {
        _ = session.execute(LONG) => panic!("ended"),
        () = until_running(&mut *watcher, LONG, true) => {}
    }
    until_running(&mut *watcher, LONG, false).await;
    session.rollback().await.unwrap();
    assert!(!session.in_transaction());
    assert_eq!(one(&mut *session, "SELECT 1").await, Value::Integer(1));
}

#[tokio::test]
async fn a_dropped_session_is_stopped_on_the_server() {
    let database = postgres().database();
    let mut watcher = connect(&database.url()).await;
    {
        let mut session = connect(&database.tcp_url()).await;
        tokio::select! {
            _ = session.execute(LONG) => panic!("ended"),
            () = until_running(&mut *watcher, LONG, true) => {}
        }
    }
    until_running(&mut *watcher, LONG, false).await;
}

#[tokio::test]
async fn a_dropped_copy_leaves_nothing_and_its_session_goes_on() {
    /// Rows that never come.
    struct Never;

    #[async_trait]
    impl CopyRows for Never {
        async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
            std::future::pending().await
        }
    }

    let database = postgres().database();
    let mut watcher = connect(&database.url()).await;
    let mut session = connect(&database.url()).await;
    session.execute("CREATE TABLE t (a int)").await.unwrap();
    let (copy, mut rows) = ("COPY t FROM STDIN", Never);
    tokio::select! {
        _ = session.copy_in(copy, &mut rows) => panic!("ended"),
        () = until_running(&mut *watcher, copy, true) => {}
    }
    assert_eq!(count(&mut *session).await, Value::Integer(0));
}

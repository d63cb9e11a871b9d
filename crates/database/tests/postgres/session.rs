//! Statements, transactions and what the server says about them.

use std::time::Duration;

use shipgate_database::{ErrorKind, Limits, Session, Value};
use shipgate_testkit::{PoolMode, pgbouncer, postgres};

use crate::support::{connect, one, text};

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    let values = [
        Value::Null,
        Value::Integer(-7),
        Value::Real(1.5),
        Value::Text("é".to_owned()),
        Value::Blob(vec![0, 255]),
    ];
    let rows = session
        .query("SELECT $1, $2, $3, $4, $5", &values)
        .await
        .unwrap();
    assert_eq!(rows, [values.to_vec()]);
}

#[tokio::test]
async fn texts_fit_where_quoted_literals_do() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    session
        .execute("CREATE TABLE t (at timestamptz, data jsonb, small int, big numeric)")
        .await
        .unwrap();
    let values = [
        text("2026-11-20 10:00:00Z"),
        text("{\"a\": 1}"),
        Value::Integer(3),
        text("1.50"),
    ];
    session
        .query("INSERT INTO t VALUES ($1, $2, $3, $4)", &values)
        .await
        .unwrap();
    assert_eq!(
        session
            .query(
                "SELECT data->>'a', small, big, at = '2026-11-20 10:00:00Z' FROM t",
                &[]
            )
            .await
            .unwrap(),
        [vec![
            text("1"),
            Value::Integer(3),
            text("1.50"),
            Value::Integer(1)
        ]]
    );
}

#[tokio::test]
async fn changed_rows_are_counted_and_read_ones_are_not() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    for (statement, rows) in [
        ("CREATE TABLE t (a int)", 0),
        ("INSERT INTO t SELECT generate_series(1, 5)", 5),
        ("UPDATE t SET a = a + 1 WHERE a > 3", 2),
        ("SELECT * FROM t", 0),
        ("CREATE TABLE u AS SELECT * FROM t", 5),
        ("DELETE FROM t", 5),
        ("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)", 2),
    ] {
        assert_eq!(
            session.execute(statement).await.unwrap().rows,
            rows,
            "{statement}"
        );
    }
}

#[tokio::test]
async fn an_error_says_what_atlas_says_and_where() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    let error = session.execute("SELECT 'äöü€', nothing").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert_eq!(
        error.message,
        "pq: column \"nothing\" does not exist at column 16 (42703)"
    );
    assert_eq!(error.code.as_deref(), Some("42703"));
    assert_eq!(error.offset, Some("SELECT 'äöü€', ".len()));

    session
        .execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    let error = session
        .execute("INSERT INTO t VALUES (1)")
        .await
        .unwrap_err();
    assert_eq!(
        error.detail.as_deref(),
        Some("Key (id)=(1) already exists.")
    );
    assert_eq!(error.offset, None);
}

#[tokio::test]
async fn an_error_in_a_function_has_no_place_in_the_statement() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    let error = session
        .execute("DO $$ BEGIN PERFORM nothing FROM nowhere; END $$")
        .await
        .unwrap_err();
    assert_eq!(
        error.message,
        "pq: relation \"nowhere\" does not exist (42P01)"
    );
    assert_eq!(error.offset, None);
    let detail = error.detail.unwrap();
    assert!(detail.contains("PL/pgSQL function"), "{detail}");
}

#[tokio::test]
async fn notices_come_with_their_statement() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    let executed = session
        .execute("DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two' USING HINT = 'look'; END $$")
        .await
        .unwrap();
    assert_eq!(
        executed.notices,
        ["NOTICE: one", "WARNING: two\nHINT: look"]
    );
    let executed = session.execute("SELECT 1").await.unwrap();
    assert!(executed.notices.is_empty());
}

#[tokio::test]
async fn a_nul_is_refused_before_anything_is_run() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    let error = session.execute("SELECT 1; \0").await.unwrap_err();
    assert_eq!((error.kind, error.offset), (ErrorKind::Refused, Some(10)));
    assert_eq!(one(&mut *session, "SELECT 1").await, Value::Integer(1));
}

#[tokio::test]
async fn the_state_of_the_transaction_is_the_servers() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    assert!(!session.in_transaction());
    session.execute("BEGIN").await.unwrap();
    assert!(session.in_transaction());
    session
        .execute("/* done */ COMMIT AND CHAIN")
        .await
        .unwrap();
    assert!(session.in_transaction());
    session.rollback().await.unwrap();
    assert!(!session.in_transaction());
    session.rollback().await.unwrap();
}

#[tokio::test]
async fn committing_a_failed_transaction_is_an_error() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    session.begin().await.unwrap();
    session.execute("CREATE TABLE t (a int)").await.unwrap();
    session.execute("nonsense").await.unwrap_err();
    let error = session.execute("SELECT 1").await.unwrap_err();
    assert_eq!(
        error.message,
        "pq: current transaction is aborted, commands ignored until end of transaction block (25P02)"
    );
    let error = session.commit().await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("25P02"));
    assert!(!session.in_transaction());
}

#[tokio::test]
async fn limits_end_waiting_and_running_in_kinds_of_their_own() {
    let database = postgres().database();
    let mut holder = connect(&database.url()).await;
    holder.execute("CREATE TABLE t (a int)").await.unwrap();
    holder.begin().await.unwrap();
    holder.execute("LOCK TABLE t").await.unwrap();

    for url in [
        database.url(),
        pgbouncer(PoolMode::Transaction).url(&database),
    ] {
        for is_in_transaction in [false, true] {
            let mut session = connect(&url).await;
            limits_hold(&mut *session, is_in_transaction).await;
        }
    }
}

/// Limits set before a transaction, and others in it, which its end does not
/// take back.
async fn limits_hold(session: &mut dyn Session, is_in_transaction: bool) {
    let none = Limits::default();
    let limits = Limits {
        lock: Some(Duration::from_millis(20)),
        ..none
    };
    session.limit(&limits).await.expect("limits");
    if is_in_transaction {
        session.begin().await.expect("begins");
    }
    let error = session.execute("DROP TABLE t").await.expect_err("limited");
    assert_eq!(error.kind, ErrorKind::Locked);
    assert_eq!(error.code.as_deref(), Some("55P03"));
    session.rollback().await.expect("rolls back");

    if is_in_transaction {
        session.begin().await.expect("begins");
    }
    let limits = Limits {
        statement: Some(Duration::from_millis(20)),
        ..none
    };
    session.limit(&limits).await.expect("limits");
    for _ in 0..2 {
        let error = session.execute("DROP TABLE t").await.expect_err("limited");
        assert_eq!(error.kind, ErrorKind::TimedOut);
        session.rollback().await.expect("rolls back");
    }
    session.limit(&none).await.expect("limits");
    session
        .execute("SELECT pg_sleep(0.03)")
        .await
        .expect("no limit");
}

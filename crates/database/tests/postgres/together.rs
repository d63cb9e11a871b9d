//! Calls made together.

use shipgate_database::{Answers, Call, ErrorKind, Session, Value};
use shipgate_testkit::{PoolMode, pgbouncer, postgres};

use crate::support::{connect, one, text};

async fn count(session: &mut dyn Session) -> Value {
    one(session, "SELECT count(*) FROM t").await
}

/// A whole transaction: what it begins with, a row with this value, its end.
async fn transaction(session: &mut dyn Session, value: &str) -> Answers {
    let insert = format!("INSERT INTO t\nVALUES ({value});");
    let values = [text("é' --")];
    let calls = [
        Call::Begin,
        Call::Query("SELECT 7, $1::text", &values),
        Call::Execute("DO $$ BEGIN RAISE NOTICE 'here'; END $$"),
        Call::Execute(&insert),
        Call::Execute("SELECT generate_series(1, 3)"),
        Call::Query("INSERT INTO t VALUES (9) RETURNING a", &[]),
        Call::Commit,
    ];
    session.call_all(&calls).await
}

#[tokio::test]
async fn calls_made_together_do_what_they_do_one_by_one() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    session.execute("CREATE TABLE t (a int)").await.unwrap();
    let answers = transaction(&mut *session, "1), (2").await;
    assert_eq!(answers.failed, None);
    assert_eq!(answers.done.len(), 7);
    assert_eq!(answers.done[1].rows, [[Value::Integer(7), text("é' --")]]);
    assert_eq!(answers.done[2].executed.notices, ["NOTICE: here"]);
    assert_eq!(answers.done[3].executed.rows, 2);
    assert_eq!(answers.done[4].executed.rows, 0, "rows that are read");
    assert!(answers.done[4].rows.is_empty());
    assert_eq!(answers.done[5].rows, [[Value::Integer(9)]]);
    assert!(!session.in_transaction());
    assert_eq!(count(&mut *session).await, Value::Integer(3));
}

#[tokio::test]
async fn behind_a_call_that_fails_nothing_is_executed_and_nothing_committed() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    session.execute("CREATE TABLE t (a int)").await.unwrap();
    let answers = transaction(&mut *session, "x").await;
    assert_eq!(answers.done.len(), 3);
    assert_eq!(answers.done[2].executed.notices, ["NOTICE: here"]);
    let error = answers.failed.unwrap();
    assert_eq!(
        error.message,
        "pq: column \"x\" does not exist at position 2:9 (42703)"
    );
    assert_eq!(error.offset, Some(22));
    assert!(session.in_transaction());
    session.rollback().await.unwrap();
    assert_eq!(count(&mut *session).await, Value::Integer(0));
}

#[tokio::test]
async fn a_commit_that_fails_is_told_as_such() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    session
        .execute(
            "CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES t DEFERRABLE INITIALLY DEFERRED)",
        )
        .await
        .unwrap();
    let calls = [
        Call::Begin,
        Call::Execute("INSERT INTO t VALUES (1, 2)"),
        Call::Commit,
    ];
    let answers = session.call_all(&calls).await;
    assert_eq!(answers.done.len(), 2);
    assert_eq!(answers.failed.unwrap().code.as_deref(), Some("23503"));
    assert!(!session.in_transaction());
}

#[tokio::test]
async fn what_cannot_be_sent_keeps_all_from_being_sent() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    let calls = [Call::Begin, Call::Execute("SELECT '\0'"), Call::Commit];
    let answers = session.call_all(&calls).await;
    assert!(answers.done.is_empty());
    assert_eq!(answers.failed.unwrap().offset, Some(8));
    assert_eq!(one(&mut *session, "SELECT 1").await, Value::Integer(1));
}

#[tokio::test]
async fn a_copy_among_them_is_refused_and_hangs_nobody() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    session.execute("CREATE TABLE t (a int)").await.unwrap();
    let calls = [
        Call::Begin,
        Call::Execute("COPY t FROM STDIN"),
        Call::Commit,
    ];
    let answers = session.call_all(&calls).await;
    assert_eq!(answers.done.len(), 1);
    assert!(answers.failed.is_some());
    session.rollback().await.unwrap();
    assert_eq!(count(&mut *session).await, Value::Integer(0));
}

#[tokio::test]
async fn a_connection_that_ends_among_them_is_lost() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    let calls = [
        Call::Begin,
        Call::Execute("SELECT pg_terminate_backend(pg_backend_pid())"),
        Call::Commit,
    ];
    let answers = session.call_all(&calls).await;
    assert_eq!(answers.failed.unwrap().kind, ErrorKind::SessionLost);
    assert!(!session.in_transaction());
}

#[tokio::test]
async fn behind_a_pooler_they_have_the_session_s_settings() {
    let database = postgres().database();
    let bouncer = pgbouncer(PoolMode::Transaction);
    let url = format!("{}?search_path=other", bouncer.url(&database));
    let mut session = connect(&url).await;
    session.execute("CREATE SCHEMA other").await.unwrap();
    let calls = [
        Call::Begin,
        Call::Execute("CREATE TABLE t (a int)"),
        Call::Commit,
    ];
    assert_eq!(session.call_all(&calls).await.failed, None);
    assert_eq!(
        one(&mut *session, "SELECT count(*) FROM other.t").await,
        Value::Integer(0)
    );
}

#[tokio::test]
async fn what_the_server_forgot_is_said_anew_after_one_refusal() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    let values = [Value::Integer(5)];
    let calls = [
        Call::Begin,
        Call::Query("SELECT $1::bigint", &values),
        Call::Commit,
    ];
    for _ in 0..2 {
        let answers = session.call_all(&calls).await;
        assert_eq!(answers.failed, None);
        assert_eq!(answers.done[1].rows, [[Value::Integer(5)]]);
    }
    let kept = "SELECT count(*) FROM pg_prepared_statements";
    assert_eq!(one(&mut *session, kept).await, Value::Integer(1));
    session.execute("DEALLOCATE ALL").await.unwrap();
    let answers = session.call_all(&calls).await;
    assert_eq!(answers.failed.unwrap().code.as_deref(), Some("26000"));
    session.rollback().await.unwrap();
    assert_eq!(session.call_all(&calls).await.failed, None);
}

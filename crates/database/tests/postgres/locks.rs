//! The migration lock, against Atlas, poolers, dead holders and its own loss.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use shipgate_database::postgres::LEASE_EXPIRY;
use shipgate_database::{
    Database, LEASE_TABLE, LeasePlace, LockError, LockEvent, LockName, LockRequest, MigrationLock,
    Session, Value,
};
use shipgate_testkit::{PoolMode, pgbouncer, postgres};

use crate::support::{connect, database, one, text};

/// Atlas's number for `atlas_migrate_execute`.
const ATLAS: i64 = 2_686_470_616;

fn request(purpose: &str) -> LockRequest {
    LockRequest {
        name: LockName::default(),
        pid: 42,
        host: "here".to_owned(),
        purpose: purpose.to_owned(),
        timeout: Duration::ZERO,
        schema: Some("public".to_owned()),
        lease: LeasePlace::default(),
        connect_timeout: Duration::from_secs(30),
        clock: Arc::new(Timestamp::now),
        temporary_directory: None,
        on_event: None,
    }
}

fn patient(purpose: &str) -> LockRequest {
    LockRequest {
        timeout: Duration::from_secs(60),
        ..request(purpose)
    }
}

/// A request whose events are kept.
fn watched(request: LockRequest) -> (LockRequest, Arc<Mutex<Vec<LockEvent>>>) {
    let events: Arc<Mutex<Vec<LockEvent>>> = Arc::default();
    let kept = events.clone();
    let request = LockRequest {
        on_event: Some(Arc::new(move |event| {
            kept.lock().expect("unpoisoned").push(event.clone());
        })),
        ..request
    };
    (request, events)
}

async fn try_lock(url: &str, request: LockRequest) -> Result<Box<dyn MigrationLock>, LockError> {
    database(url).lock(request).await
}

async fn lock(url: &str, purpose: &str) -> Box<dyn MigrationLock> {
    try_lock(url, request(purpose))
        .await
        .expect("the lock is free")
}

fn held(result: Result<Box<dyn MigrationLock>, LockError>) -> String {
    match result {
        Err(error @ LockError::Held { .. }) => error.to_string(),
        Err(other) => panic!("not held: {other}"),
        Ok(_) => panic!("taken"),
    }
}

async fn atlas_could(session: &mut dyn Session) -> bool {
    let question = format!("SELECT pg_try_advisory_lock({ATLAS})");
    let is_free = one(session, &question).await == Value::Integer(1);
    if is_free {
        let back = format!("SELECT pg_advisory_unlock({ATLAS})");
        one(session, &back).await;
    }
    is_free
}

#[tokio::test]
async fn a_held_lock_names_its_holder() {
    let database = postgres().database();
    let first = lock(&database.url(), "release 12").await;
    let words = held(try_lock(&database.url(), request("release 13")).await);
    assert!(
        words.starts_with("the migration lock is held by release 12 (process 42 on here since 20"),
        "{words}"
    );
    first.release().await.unwrap();
    lock(&database.url(), "release 13")
        .await
        .release()
        .await
        .unwrap();
}

#[tokio::test]
async fn waiting_tells_for_whom_and_ends_with_the_release() {
    let database = postgres().database();
    let first = lock(&database.url(), "release 12").await;
    let (request, events) = watched(patient("release 13"));
    let url = database.url();
    let waiting = try_lock(&url, request);
    let releasing = async {
        while events.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let token = first.token();
        first.release().await.unwrap();
        token
    };
    let (second, earlier) = tokio::join!(waiting, releasing);
    let second = second.unwrap();
    assert!(second.token() > earlier);
    let events = events.lock().unwrap();
    let LockEvent::Waiting { holder, .. } = &events[0] else {
        panic!("{events:?}");
    };
    assert_eq!(holder.purpose, "release 12");
}

#[tokio::test]
async fn atlas_and_shipgate_exclude_each_other() {
    let database = postgres().database();
    let mut atlas = connect(&format!("{}&application_name=atlas", database.url())).await;
    let first = lock(&database.url(), "release 12").await;
    assert!(!atlas_could(&mut *atlas).await);
    first.release().await.unwrap();

    let question = format!("SELECT pg_try_advisory_lock({ATLAS})");
    assert_eq!(one(&mut *atlas, &question).await, Value::Integer(1));
    let words = held(try_lock(&database.url(), request("release 13")).await);
    let process = one(&mut *atlas, "SELECT pg_backend_pid()::text").await;
    let Value::Text(process) = process else {
        panic!("{process:?}");
    };
    assert_eq!(
        words,
        format!(
            "the migration lock is held by Atlas or another program, server process {process}, \
             application `atlas`"
        )
    );
    atlas.close().await;
    lock(&database.url(), "release 13")
        .await
        .release()
        .await
        .unwrap();
}

#[tokio::test]
async fn schemas_and_names_of_their_own_do_not_block_each_other() {
    let database = postgres().database();
    let of = |schema: &str, name: &str| LockRequest {
        schema: Some(schema.to_owned()),
        name: LockName::parse(name).unwrap(),
        ..request("release")
    };
    let url = database.url();
    let one = try_lock(&url, of("one", "atlas_migrate_execute"))
        .await
        .unwrap();
    let two = try_lock(&url, of("two", "atlas_migrate_execute"))
        .await
        .unwrap();
    let named = try_lock(&url, of("one", "other")).await.unwrap();
    held(try_lock(&url, of("one", "atlas_migrate_execute")).await);
    let mut atlas = connect(&url).await;
    one.release().await.unwrap();
    assert!(!atlas_could(&mut *atlas).await);
    two.release().await.unwrap();
    assert!(atlas_could(&mut *atlas).await);
    named.release().await.unwrap();
}

#[tokio::test]
async fn nothing_is_left_behind() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    let first = lock(&database.url(), "release 12").await;
    let tables = format!("SELECT count(*) FROM pg_tables WHERE tablename = '{LEASE_TABLE}'");
    assert_eq!(one(&mut *session, &tables).await, Value::Integer(1));
    assert!(session.catalog(&[]).await.unwrap().is_empty());
    first.release().await.unwrap();
    assert_eq!(one(&mut *session, &tables).await, Value::Integer(0));
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(one(&mut *session, locks).await, Value::Integer(0));
}

#[tokio::test]
async fn a_dropped_lock_is_given_back() {
    let database = postgres().database();
    drop(lock(&database.url(), "release 12").await);
    let second = try_lock(&database.url(), patient("release 13"))
        .await
        .unwrap();
    second.release().await.unwrap();
}

/// A lease whose holder has left nothing but its row, renewed `ago`.
async fn leave_a_lease(session: &mut dyn Session, url: &str, process: &str, ago: Duration) -> u64 {
    let dying = lock(url, "release 11").await;
    let token = dying.token();
    session
        .execute(&format!("CREATE TABLE kept AS SELECT * FROM {LEASE_TABLE}"))
        .await
        .expect("the server does it");
    dying.release().await.expect("the server does it");
    session
        .execute(&format!(
            "ALTER TABLE kept RENAME TO {LEASE_TABLE}; \
             ALTER TABLE {LEASE_TABLE} ADD PRIMARY KEY (name); \
             UPDATE {LEASE_TABLE} SET process = {process}, \
             heartbeat = clock_timestamp() - interval '{} s'",
            ago.as_secs()
        ))
        .await
        .expect("the server does it");
    token
}

#[tokio::test]
async fn the_lease_of_a_process_that_has_ended_is_taken_over_at_once() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    // As this process, but started at another time.
    let token = leave_a_lease(
        &mut *session,
        &database.url(),
        "process || '0'",
        Duration::ZERO,
    )
    .await;
    let next = lock(&database.url(), "release 12").await;
    assert!(next.token() > token);
    next.release().await.unwrap();
}

/// Where a holder that is to be killed finds the database.
const HOLDER_URL: &str = "SHIPGATE_TEST_HOLDER_URL";

#[tokio::test]
#[ignore = "it is the process that a test below kills"]
async fn holder_to_be_killed() {
    let url = std::env::var(HOLDER_URL).unwrap();
    let _held = lock(&url, "release 11").await;
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_lock_of_a_killed_process_is_taken_over_before_its_lease_expires() {
    let database = postgres().database();
    for url in [
        database.url(),
        pgbouncer(PoolMode::Transaction).url(&database),
    ] {
        let mut holder = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "locks::holder_to_be_killed", "--ignored"])
            .env(HOLDER_URL, &url)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut session = connect(&database.url()).await;
        let is_held = format!("SELECT to_regclass('public.{LEASE_TABLE}') IS NOT NULL");
        while one(&mut *session, &is_held).await != Value::Integer(1) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Its table is there before its row is.
        while session
            .query(&format!("SELECT 1 FROM {LEASE_TABLE}"), &[])
            .await
            .unwrap()
            .is_empty()
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        holder.kill().unwrap();
        let request = LockRequest {
            timeout: LEASE_EXPIRY / 2,
            ..request("release 12")
        };
        let next = try_lock(&url, request).await.unwrap();
        holder.wait().unwrap();
        next.release().await.unwrap();
    }
}

#[tokio::test]
async fn a_lease_of_which_nothing_is_known_is_taken_over_when_it_has_expired() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    leave_a_lease(&mut *session, &database.url(), "NULL", Duration::ZERO).await;
    let words = held(try_lock(&database.url(), request("release 12")).await);
    assert!(
        words.contains("held by release 11 (process 42 on here"),
        "{words}"
    );
    session
        .execute(&format!(
            "UPDATE {LEASE_TABLE} SET heartbeat = clock_timestamp() - interval '{} s'",
            LEASE_EXPIRY.as_secs() + 1
        ))
        .await
        .unwrap();
    lock(&database.url(), "release 12")
        .await
        .release()
        .await
        .unwrap();
}

/// Ends the server's sessions that hold advisory locks of this database.
async fn end_holders(session: &mut dyn Session) {
    session
        .execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks \
             WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND database = \
             (SELECT oid FROM pg_database WHERE datname = current_database())",
        )
        .await
        .expect("the server does it");
}

#[tokio::test]
async fn a_lost_connection_is_made_again_while_the_lease_is_still_ours() {
    let database = postgres().database();
    for url in [
        database.url(),
        pgbouncer(PoolMode::Transaction).url(&database),
    ] {
        let mut session = connect(&database.url()).await;
        let first = lock(&url, "release 12").await;
        end_holders(&mut *session).await;
        session.begin().await.unwrap();
        first.fence(&mut *session).await.unwrap();
        session.commit().await.unwrap();
        held(try_lock(&database.url(), request("release 13")).await);
        first.release().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_fenced_ends_before_a_successor_begins_and_nothing_is_after() {
    let database = postgres().database();
    let url = database.url();
    let mut watcher = connect(&url).await;
    let mut session = connect(&url).await;
    let first = lock(&url, "release 12").await;
    session.begin().await.unwrap();
    first.fence(&mut *session).await.unwrap();

    // The holder is gone as far as the server can see.
    let (request, events) = watched(patient("release 13"));
    watcher
        .execute(&format!(
            "UPDATE {LEASE_TABLE} SET heartbeat = clock_timestamp() - interval '1 hour'"
        ))
        .await
        .unwrap();
    end_holders(&mut *watcher).await;
    let succeeding = try_lock(&url, request);
    let committing = async {
        while events.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        session.commit().await.unwrap();
    };
    let (second, ()) = tokio::join!(succeeding, committing);
    let second = second.unwrap();
    assert!(second.token() > first.token());

    session.begin().await.unwrap();
    let error = first.fence(&mut *session).await.unwrap_err();
    assert!(matches!(error, LockError::Lost { .. }), "{error}");
    session.rollback().await.unwrap();
    first.release().await.unwrap_err();
    second.release().await.unwrap();
}

#[tokio::test]
async fn a_statement_that_a_dead_holder_left_running_is_told_with_what_ends_it() {
    let database = postgres().database();
    let url = database.url();
    let mut watcher = connect(&url).await;
    let mut session = connect(&url).await;
    let first = lock(&url, "release 12").await;
    session.begin().await.unwrap();
    first.fence(&mut *session).await.unwrap();
    let number = one(&mut *session, "SELECT pg_backend_pid()").await;
    let Value::Integer(number) = number else {
        panic!("{number:?}");
    };
    let running = tokio::spawn(async move { session.execute("SELECT pg_sleep(300)").await });
    let sleeps = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE pid = {number} AND wait_event = 'PgSleep'"
    );
    while one(&mut *watcher, &sleeps).await == Value::Integer(0) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It gives the lock back; then its row is as if it had died.
    first.release().await.unwrap();
    leave_a_lease(&mut *watcher, &url, "NULL", LEASE_EXPIRY * 2).await;
    let words = held(try_lock(&url, request("release 13")).await);
    let end = format!("SELECT pg_terminate_backend({number})");
    assert!(
        words.ends_with(&format!(
            ", which is gone: its session {number} on the server still executes `SELECT pg_sleep(300)` \
             (`{end}` would end it)"
        )),
        "{words}"
    );
    watcher.execute(&end).await.unwrap();
    running.await.unwrap().unwrap_err();
    lock(&url, "release 13").await.release().await.unwrap();
}

#[tokio::test]
async fn a_pooler_changes_nothing() {
    let database = postgres().database();
    let direct = database.url();
    for mode in [PoolMode::Transaction, PoolMode::Session] {
        let pooled = pgbouncer(mode).url(&database);
        let mut session = connect(&pooled).await;
        session
            .execute("DROP TABLE IF EXISTS t; CREATE TABLE t (a int)")
            .await
            .unwrap();

        let first = lock(&pooled, "release 12").await;
        held(try_lock(&pooled, request("release 13")).await);
        let words = held(try_lock(&direct, request("release 13")).await);
        assert!(words.contains("held by release 12 (process 42"), "{words}");
        let mut atlas = connect(&direct).await;
        assert!(!atlas_could(&mut *atlas).await);

        // It waits for everybody's snapshots.
        session
            .execute("CREATE INDEX CONCURRENTLY i ON t (a)")
            .await
            .unwrap();
        session.begin().await.unwrap();
        first.fence(&mut *session).await.unwrap();
        session.commit().await.unwrap();
        first.fence(&mut *session).await.unwrap();

        first.release().await.unwrap();
        assert!(atlas_could(&mut *atlas).await);
        let second = lock(&direct, "release 13").await;
        held(try_lock(&pooled, request("release 14")).await);
        second.release().await.unwrap();
    }
}

#[tokio::test]
async fn without_the_right_to_write_the_lease_the_lock_is_still_one() {
    let cluster = postgres();
    let database = cluster.database();
    let user = format!("limited_{}", database.name());
    database.psql(&format!(
        "CREATE ROLE {user} LOGIN PASSWORD 'p'; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    ));
    let url = format!(
        "postgres://{user}:p@127.0.0.1:{}/{}",
        cluster.port(),
        database.name()
    );
    let (request, events) = watched(request("release 12"));
    let first = try_lock(&url, request).await.unwrap();
    {
        let events = events.lock().unwrap();
        let [LockEvent::LeaseUnusable { message }] = events.as_slice() else {
            panic!("{events:?}");
        };
        assert_eq!(
            message,
            "pq: permission denied for schema public at column 28 (42501)"
        );
    }
    let words = held(try_lock(&database.url(), self::request("release 13")).await);
    assert!(
        words.starts_with("the migration lock is held by another Shipgate, server process")
            && words.ends_with("application `shipgate` (on 127.0.0.1)"),
        "{words}"
    );
    let mut session = connect(&url).await;
    first.fence(&mut *session).await.unwrap();

    let mut superuser = connect(&database.url()).await;
    end_holders(&mut *superuser).await;
    let error = first.fence(&mut *session).await.unwrap_err();
    assert!(matches!(error, LockError::Lost { .. }), "{error}");
    assert!(first.release().await.is_err());
    session.close().await;
    let owner = one(&mut *superuser, "SELECT current_user::text").await;
    assert_eq!(owner, text("postgres"));
    superuser
        .execute(&format!("DROP OWNED BY {user}; DROP ROLE {user}"))
        .await
        .unwrap();
}

#[tokio::test]
async fn questions_are_answered_as_expected_as_long_as_the_lock_is_held() {
    let database = postgres().database();
    let held = lock(&database.url(), "release 12").await;
    let mut session = connect(&database.url()).await;
    let mut are_answered = async |isolation: &str| {
        session
            .execute(&format!("BEGIN ISOLATION LEVEL {isolation}"))
            .await
            .unwrap();
        let mut answered = Vec::new();
        for question in held.questions().unwrap() {
            let rows = session.query(&question.text, &[]).await.unwrap();
            answered.push(question.is_answered_by(&rows));
        }
        session.rollback().await.unwrap();
        answered
    };
    assert_eq!(are_answered("READ COMMITTED").await, [true, true]);
    // It may see what was before it got the lock.
    assert_eq!(are_answered("REPEATABLE READ").await, [true, false]);
    let mut other = connect(&database.url()).await;
    other
        .execute("UPDATE shipgate_lease SET token = token + 1")
        .await
        .unwrap();
    assert_eq!(are_answered("READ COMMITTED").await, [true, false]);
}

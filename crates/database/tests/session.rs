//! A session on a SQLite file.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shipgate_database::{
    Access, Call, ConnectOptions, Create, Database, DatabaseUrl, ErrorKind, Limits, OpenError,
    SchemaObject, Session, Value, sqlite::SqliteDatabase,
};

fn database(file: &Path) -> SqliteDatabase {
    SqliteDatabase::new(DatabaseUrl::sqlite(file))
}

fn creating() -> ConnectOptions {
    ConnectOptions {
        create: Create::IfMissing,
        ..ConnectOptions::default()
    }
}

async fn session(file: &Path) -> Box<dyn Session> {
    database(file).connect(&creating()).await.expect("opens")
}

fn integer(rows: &[Vec<Value>]) -> i64 {
    match rows {
        [row] => match row.as_slice() {
            [Value::Integer(number)] => *number,
            other => panic!("not one integer: {other:?}"),
        },
        other => panic!("not one row: {other:?}"),
    }
}

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = session(&directory.path().join("a.db")).await;
    let values = [
        Value::Null,
        Value::Integer(-7),
        Value::Real(1.5),
        Value::Text("é".to_owned()),
        Value::Blob(vec![0, 255]),
    ];
    let rows = session
        .query("SELECT ?1, ?2, ?3, ?4, ?5", &values)
        .await
        .unwrap();
    assert_eq!(rows, [values.to_vec()]);
}

#[tokio::test]
async fn changed_rows_are_counted_and_definitions_count_none() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = session(&directory.path().join("a.db")).await;
    assert_eq!(session.execute("CREATE TABLE t(a)").await.unwrap().rows, 0);
    let rows = session
        .execute("INSERT INTO t VALUES (1), (2), (3)")
        .await
        .unwrap()
        .rows;
    assert_eq!(rows, 3);
    assert_eq!(session.execute("DROP TABLE t").await.unwrap().rows, 0);
}

#[tokio::test]
async fn a_unit_of_several_statements_runs_to_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = session(&directory.path().join("a.db")).await;
    session
        .execute("CREATE TABLE t(a); INSERT INTO t VALUES (1);; -- done")
        .await
        .unwrap();
    let rows = session.query("SELECT count(*) FROM t", &[]).await.unwrap();
    assert_eq!(integer(&rows), 1);
}

#[tokio::test]
async fn a_syntax_error_has_its_offset_also_in_a_later_part() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = session(&directory.path().join("a.db")).await;
    let error = session.execute("THIS FAILS").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert_eq!(error.message, "near \"THIS\": syntax error");
    assert_eq!(error.code.as_deref(), Some("SQLITE_ERROR"));
    assert_eq!(error.offset, Some(0));
    let text = "SELECT 1; SELECT nope";
    let error = session.execute(text).await.unwrap_err();
    assert_eq!(error.message, "no such column: nope");
    assert_eq!(error.offset, text.find("nope"));
}

#[tokio::test]
async fn a_constraint_tells_its_extended_code() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = session(&directory.path().join("a.db")).await;
    session
        .execute("CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    let error = session
        .execute("INSERT INTO t VALUES (1)")
        .await
        .unwrap_err();
    assert_eq!(error.code.as_deref(), Some("SQLITE_CONSTRAINT_UNIQUE"));
    assert_eq!(error.message, "UNIQUE constraint failed: t.a");
}

#[tokio::test]
async fn a_nul_byte_is_refused_where_sqlite_would_stop_reading() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = session(&directory.path().join("a.db")).await;
    let error = session.execute("SELECT 1;\0 nonsense").await.unwrap_err();
    assert_eq!(error.offset, Some(9));
}

#[tokio::test]
async fn foreign_keys_are_off_unless_the_url_turns_them_on() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.db");
    let mut plain = session(&file).await;
    let rows = plain.query("PRAGMA foreign_keys", &[]).await.unwrap();
    assert_eq!(integer(&rows), 0);
    let url = format!("sqlite://{}?_fk=1", file.display());
    let url = DatabaseUrl::parse(&url, Path::new("/")).unwrap();
    let mut strict = SqliteDatabase::new(url)
        .connect(&ConnectOptions::default())
        .await
        .unwrap();
    let rows = strict.query("PRAGMA foreign_keys", &[]).await.unwrap();
    assert_eq!(integer(&rows), 1);
}

#[tokio::test]
async fn a_transaction_is_seen_from_its_begin_to_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = session(&directory.path().join("a.db")).await;
    assert!(!session.in_transaction());
    session.begin().await.unwrap();
    assert!(session.in_transaction());
    session.execute("CREATE TABLE t(a)").await.unwrap();
    session.rollback().await.unwrap();
    assert!(!session.in_transaction());
    session.rollback().await.unwrap();
    assert!(session.catalog(&[]).await.unwrap().is_empty());
    session.execute("BEGIN").await.unwrap();
    assert!(session.in_transaction());
    session.commit().await.unwrap();
}

#[tokio::test]
async fn a_locked_database_is_waited_for_and_the_wait_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.db");
    let mut holder = session(&file).await;
    holder.execute("CREATE TABLE t(a)").await.unwrap();
    holder.begin().await.unwrap();
    let waits = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&waits);
    let options = ConnectOptions {
        busy_timeout: Duration::from_millis(20),
        on_wait: Some(Arc::new(move |wait| {
            seen.lock().unwrap().push(wait.clone());
        })),
        ..ConnectOptions::default()
    };
    let mut other = database(&file).connect(&options).await.unwrap();
    let error = other.begin().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Locked);
    assert_eq!(error.code.as_deref(), Some("SQLITE_BUSY"));
    assert!(!other.in_transaction());
    let waits = waits.lock().unwrap();
    assert_eq!(waits.len(), 1);
    assert_eq!(waits[0].limit, Duration::from_millis(20));
}

#[tokio::test]
async fn a_wait_ends_when_the_holder_lets_go() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.db");
    let mut holder = session(&file).await;
    holder.execute("CREATE TABLE t(a)").await.unwrap();
    holder.begin().await.unwrap();
    let (told, waiting) = tokio::sync::oneshot::channel();
    let told = Mutex::new(Some(told));
    let options = ConnectOptions {
        busy_timeout: Duration::from_secs(60),
        on_wait: Some(Arc::new(move |_| {
            if let Some(told) = told.lock().unwrap().take() {
                let _ = told.send(());
            }
        })),
        ..ConnectOptions::default()
    };
    let mut other = database(&file).connect(&options).await.unwrap();
    let begun = tokio::spawn(async move { other.begin().await });
    waiting.await.unwrap();
    holder.rollback().await.unwrap();
    begun.await.unwrap().unwrap();
}

const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

#[tokio::test]
async fn a_running_statement_is_stopped_by_its_canceller() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = session(&directory.path().join("a.db")).await;
    let canceller = session.canceller();
    let running = tokio::spawn(async move {
        let error = session.execute(ENDLESS).await.unwrap_err();
        (session, error)
    });
    let (mut session, error) = loop {
        canceller.cancel().await;
        if running.is_finished() {
            break running.await.unwrap();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(error.kind, ErrorKind::Cancelled);
    let rows = session.query("SELECT 1", &[]).await.unwrap();
    assert_eq!(integer(&rows), 1, "the session goes on");
}

#[tokio::test]
async fn a_wait_for_a_lock_is_stopped_too() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.db");
    let mut holder = session(&file).await;
    holder.execute("CREATE TABLE t(a)").await.unwrap();
    holder.begin().await.unwrap();
    let options = ConnectOptions {
        busy_timeout: Duration::from_secs(600),
        ..ConnectOptions::default()
    };
    let mut other = database(&file).connect(&options).await.unwrap();
    let canceller = other.canceller();
    let begun = tokio::spawn(async move { other.begin().await });
    while !begun.is_finished() {
        canceller.cancel().await;
        tokio::task::yield_now().await;
    }
    let error = begun.await.unwrap().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Cancelled);
}

#[tokio::test]
async fn dropping_the_future_stops_the_statement() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = session(&directory.path().join("a.db")).await;
    // Often, because it may be anywhere on its way when it is dropped.
    for _ in 0..200 {
        {
            let mut endless = session.execute(ENDLESS);
            assert!(polled_once(&mut endless).await.is_none());
        }
        let rows = session.query("SELECT 2", &[]).await.unwrap();
        assert_eq!(integer(&rows), 2);
    }
}

#[tokio::test]
async fn a_statement_runs_no_longer_than_its_limit() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut session = session(&directory.path().join("a.db")).await;
    let limits = Limits {
        statement: Some(Duration::from_millis(50)),
        ..Limits::default()
    };
    session.limit(&limits).await.expect("a limit");
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    let error = session.execute(endless).await.expect_err("too long");
    assert_eq!(error.kind, ErrorKind::TimedOut);
    assert_eq!(
        error.message,
        "the statement was stopped: it ran longer than 50ms"
    );
    session
        .execute("CREATE TABLE t (a)")
        .await
        .expect("a table");
    let batch = session
        .execute_all(&["INSERT INTO t VALUES (1)", endless, "SELECT 1"])
        .await;
    assert_eq!(batch.done.len(), 1);
    assert_eq!(
        batch.failed.map(|error| error.kind),
        Some(ErrorKind::TimedOut)
    );
}

#[tokio::test]
async fn a_lock_is_waited_for_no_longer_than_its_limit() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("a.db");
    let mut holder = session(&file).await;
    holder.begin().await.expect("a transaction");
    let patient = ConnectOptions {
        busy_timeout: Duration::from_secs(600),
        ..creating()
    };
    let mut session = database(&file).connect(&patient).await.expect("a session");
    for (limits, kind) in [
        (
            Limits {
                lock: Some(Duration::from_millis(50)),
                ..Limits::default()
            },
            ErrorKind::Locked,
        ),
        (
            Limits {
                lock: Some(Duration::ZERO),
                statement: Some(Duration::from_millis(50)),
            },
            ErrorKind::TimedOut,
        ),
    ] {
        session.limit(&limits).await.expect("limits");
        let error = session.begin().await.expect_err("a lock");
        assert_eq!(error.kind, kind);
    }
}

async fn polled_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn the_catalog_leaves_out_the_history_and_sqlites_own() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = session(&directory.path().join("a.db")).await;
    session
        .execute(
            "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a UNIQUE); -- note\n
             CREATE  INDEX i ON t(a);
             CREATE VIEW v AS SELECT a FROM t;
             CREATE TABLE history(v); CREATE INDEX history_v ON history(v);",
        )
        .await
        .unwrap();
    let catalog = session.catalog(&["history"]).await.unwrap();
    let labels: Vec<_> = catalog.objects().map(SchemaObject::label).collect();
    assert_eq!(labels, ["index i", "table t", "view v"]);
    let index = catalog.objects().next().unwrap();
    assert_eq!(index.definition, "CREATE INDEX i ON t(a)");
}

async fn refused(file: &Path, options: &ConnectOptions) -> OpenError {
    match database(file).connect(options).await {
        Ok(_) => panic!("{} opened", file.display()),
        Err(error) => error,
    }
}

#[tokio::test]
async fn what_is_no_database_file_is_told_as_what_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let options = creating();
    let error = refused(directory.path(), &options).await;
    assert!(
        matches!(
            error,
            OpenError::NotAFile {
                what: "a directory",
                ..
            }
        ),
        "{error:?}"
    );
    let text = directory.path().join("text.db");
    std::fs::write(
        &text,
        "this is some text and no database at all\n".repeat(40),
    )
    .unwrap();
    let error = refused(&text, &options).await;
    assert_eq!(error, OpenError::NotADatabase { file: text });
    let nowhere = directory.path().join("none/a.db");
    let error = refused(&nowhere, &options).await;
    assert_eq!(
        error,
        OpenError::NoDirectory {
            directory: directory.path().join("none")
        }
    );
    let missing = directory.path().join("missing.db");
    let error = refused(&missing, &ConnectOptions::default()).await;
    assert_eq!(
        error,
        OpenError::Missing {
            file: missing.clone()
        }
    );
    assert!(!missing.exists(), "nothing is made");
}

#[tokio::test]
async fn a_database_locked_by_another_process_is_told_on_opening() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.db");
    let mut holder = session(&file).await;
    holder
        .execute("BEGIN EXCLUSIVE; CREATE TABLE t(a)")
        .await
        .unwrap();
    let options = ConnectOptions {
        busy_timeout: Duration::ZERO,
        ..ConnectOptions::default()
    };
    let error = refused(&file, &options).await;
    assert_eq!(
        error,
        OpenError::Locked {
            file,
            waited: Duration::ZERO
        }
    );
}

#[tokio::test]
async fn a_read_only_session_does_not_write() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.db");
    session(&file)
        .await
        .execute("CREATE TABLE t(a)")
        .await
        .unwrap();
    let options = ConnectOptions {
        access: Access::ReadOnly,
        ..ConnectOptions::default()
    };
    let mut reader = database(&file).connect(&options).await.unwrap();
    let error = reader
        .execute("INSERT INTO t VALUES (1)")
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotAllowed);
}

#[tokio::test]
async fn calls_made_together_are_done_up_to_the_first_that_fails() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = session(&directory.path().join("a.db")).await;
    session
        .execute("CREATE TABLE t(a PRIMARY KEY)")
        .await
        .unwrap();
    let values = [Value::Integer(2)];
    let calls = [
        Call::Begin,
        Call::Execute("INSERT INTO t VALUES (1)"),
        Call::Query("INSERT INTO t VALUES (?) RETURNING a", &values),
        Call::Commit,
    ];
    let answers = session.call_all(&calls).await;
    assert_eq!(answers.failed, None);
    assert_eq!(answers.done[1].executed.rows, 1);
    assert_eq!(answers.done[2].rows, [[Value::Integer(2)]]);
    assert!(!session.in_transaction());

    let answers = session.call_all(&calls).await;
    assert_eq!(answers.done.len(), 1);
    assert_eq!(
        answers.failed.unwrap().message,
        "UNIQUE constraint failed: t.a"
    );
    assert!(session.in_transaction());
}

async fn transaction(session: &mut dyn Session, number: i64) {
    session.begin().await.expect("begun");
    let values = [Value::Integer(number)];
    let inserted = session.query("INSERT INTO t VALUES (?)", &values).await;
    inserted.expect("inserted");
    session.commit().await.expect("committed");
}

async fn mode(session: &mut dyn Session) -> String {
    let rows = session.query("PRAGMA journal_mode", &[]).await;
    let rows = rows.expect("a mode");
    format!("{rows:?}")
}

#[tokio::test]
async fn the_journal_of_many_transactions_is_kept_and_goes_with_the_session() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.db");
    let journal = directory.path().join("a.db-journal");
    let mut one = session(&file).await;
    one.execute("CREATE TABLE t(a)").await.unwrap();
    transaction(&mut *one, 0).await;
    assert!(!journal.exists());
    let mut other = session(&file).await;
    for number in 1..6 {
        transaction(&mut *one, number).await;
        if number > 2 {
            assert!(journal.exists());
        }
    }
    // The other one removes the file at its end, as it always does.
    transaction(&mut *other, 6).await;
    assert!(!journal.exists());
    transaction(&mut *one, 7).await;
    assert!(journal.exists());
    assert!(mode(&mut *other).await.contains("delete"));
    drop(one);
    assert!(!journal.exists());
    let rows = other.query("SELECT count(*) FROM t", &[]).await.unwrap();
    assert_eq!(integer(&rows), 8);
}

#[tokio::test]
async fn a_mode_that_somebody_chose_stays() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.db");
    let mut session = session(&file).await;
    session.execute("CREATE TABLE t(a)").await.unwrap();
    session
        .execute("PRAGMA journal_mode = truncate")
        .await
        .unwrap();
    for number in 0..5 {
        transaction(&mut *session, number).await;
    }
    assert!(mode(&mut *session).await.contains("truncate"));
    session.execute("PRAGMA journal_mode = wal").await.unwrap();
    drop(session);
    let mut session = self::session(&file).await;
    for number in 5..10 {
        transaction(&mut *session, number).await;
    }
    assert!(mode(&mut *session).await.contains("wal"));
}

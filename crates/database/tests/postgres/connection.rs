//! Reaching a server, or not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use shipgate_database::{
    Access, ClientSettings, ConnectOptions, Database, DatabaseUrl, ErrorKind, OpenError, Password,
    Value, WaitHook,
};
use shipgate_testkit::{PgBouncer, PoolMode, PostgresCluster, free_port, pgbouncer, postgres};

use crate::support::{Rows, connect, database, one, text, try_connect};

fn failure<T>(result: Result<T, OpenError>) -> OpenError {
    match result {
        Ok(_) => panic!("opened"),
        Err(error) => error,
    }
}

/// Tries once.
fn impatient() -> ConnectOptions {
    ConnectOptions {
        connect_timeout: Duration::ZERO,
        ..ConnectOptions::default()
    }
}

#[tokio::test]
async fn a_socket_a_port_and_keywords_lead_to_the_same_database() {
    let cluster = postgres();
    let named = cluster.database();
    let (directory, port) = (cluster.directory().display(), cluster.port());
    let (name, password) = (named.name(), cluster.password());
    let escaped = directory.to_string().replace('/', "%2F");
    for url in [
        named.url(),
        named.tcp_url(),
        format!("postgresql://postgres@{escaped}:{port}/{name}"),
        format!("host={directory} port = {port} user='postgres' dbname={name}"),
        format!("postgres:///{name}?host=localhost&port={port}&user=postgres&password={password}"),
        format!("postgres://postgres:{password}@db.example.com:{port}/{name}?hostaddr=127.0.0.1"),
    ] {
        let mut session = connect(&url).await;
        let found = one(&mut *session, "SELECT current_database()").await;
        assert_eq!(found, text(name), "{url}");
        session.close().await;
    }
}

#[tokio::test]
async fn what_is_no_parameter_of_the_connection_is_a_setting_of_the_session() {
    let database = postgres().database();
    let url = format!(
        "{}&search_path=app,public&statement_timeout=7s&options=-c%20work_mem%3D5MB",
        database.url()
    );
    let mut session = connect(&url).await;
    for (name, value) in [
        ("search_path", "app,public"),
        ("statement_timeout", "7s"),
        ("work_mem", "5MB"),
        ("application_name", "shipgate"),
    ] {
        let found = one(&mut *session, &format!("SHOW {name}")).await;
        assert_eq!(found, text(value));
    }
}

#[tokio::test]
async fn a_setting_that_a_pooler_refuses_is_made_afterwards() {
    let database = postgres().database();
    let pooler = pgbouncer(PoolMode::Session);
    let url = format!(
        "{}?search_path=app,public&work_mem=5MB",
        pooler.url(&database)
    );
    let mut session = connect(&url).await;
    let found = one(&mut *session, "SHOW search_path").await;
    assert_eq!(found, text("app,public"));
    assert_eq!(one(&mut *session, "SHOW work_mem").await, text("5MB"));
}

#[tokio::test]
async fn what_a_pooler_refuses_holds_in_every_statement_and_for_nobody_else() {
    let database = postgres().database();
    let pooled = pgbouncer(PoolMode::Transaction).url(&database);
    let mut other = connect(&pooled).await;
    other
        .execute("CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE public.t (a int)")
        .await
        .unwrap();
    let mut sessions = Vec::new();
    for schema in ["one", "two"] {
        let url = format!("{pooled}?search_path={schema}");
        sessions.push((schema, connect(&url).await));
    }
    for (schema, session) in &mut sessions {
        session.execute("CREATE TABLE made (a int)").await.unwrap();
        session
            .execute("CREATE INDEX CONCURRENTLY i ON made (a)")
            .await
            .unwrap();
        session
            .copy_in("COPY made FROM STDIN", &mut Rows::of(&["1\n", "2\n"]))
            .await
            .unwrap();
        session.execute("nonsense").await.unwrap_err();
        session.begin().await.unwrap();
        let found = one(&mut **session, "SHOW search_path").await;
        assert_eq!(found, text(schema));
        session.execute("COMMIT AND CHAIN").await.unwrap();
        let found = one(&mut **session, "SELECT count(*) FROM made").await;
        assert_eq!(found, Value::Integer(2));
        session.rollback().await.unwrap();
        let found = one(&mut *other, "SHOW search_path").await;
        assert_eq!(found, text("\"$user\", public"));
    }
    let schemas = "SELECT string_agg(schemaname, ',' ORDER BY schemaname) FROM pg_indexes \
                   WHERE indexname = 'i'";
    assert_eq!(one(&mut *other, schemas).await, text("one,two"));
}

#[tokio::test]
async fn what_a_script_sets_lasts_behind_a_pooler_and_is_for_nobody_else() {
    let named = postgres().database();
    let pooler = PgBouncer::before(postgres(), PoolMode::Transaction);
    let pooled = pooler.url(&named);
    let mut session = connect(&format!("{pooled}?work_mem=5MB")).await;
    let mut other = connect(&pooled).await;
    let ask = "SELECT current_setting('search_path') || current_setting('work_mem') \
               || coalesce(current_setting('app.owner', true), '')";
    let fresh = one(&mut *other, ask).await;
    session.execute("SET search_path = one").await.unwrap();
    session.begin().await.unwrap();
    session.execute("SET app.owner = 'ann'").await.unwrap();
    session
        .execute("SELECT pg_catalog.set_config('search_path', 'two', false)")
        .await
        .unwrap();
    let batch = session
        .execute_all(&["SELECT set_config('work_mem', '6MB', false)"])
        .await;
    assert_eq!(batch.failed, None);
    session
        .execute("SET LOCAL lock_timeout = '7s'")
        .await
        .unwrap();
    session.commit().await.unwrap();
    assert_eq!(one(&mut *other, ask).await, fresh);
    assert_eq!(one(&mut *session, ask).await, text("two6MBann"));
    session.begin().await.unwrap();
    assert_eq!(one(&mut *session, ask).await, text("two6MBann"));
    session.execute("SET search_path = three").await.unwrap();
    session.rollback().await.unwrap();
    session.execute("RESET work_mem").await.unwrap();
    assert_eq!(one(&mut *session, ask).await, text("two5MBann"));
    assert_eq!(one(&mut *session, "SHOW lock_timeout").await, text("0"));
    session.execute("SET nonsense = 1").await.unwrap_err();
    session.execute("RESET ALL").await.unwrap();
    let startup = one(&mut *session, ask).await;
    assert_eq!(startup, text("\"$user\", public5MB"));
    assert_eq!(one(&mut *other, ask).await, fresh);
}

#[tokio::test]
async fn a_session_is_read_only_through_a_pooler_too() {
    let named = postgres().database();
    let pooled = pgbouncer(PoolMode::Transaction).url(&named);
    let options = ConnectOptions {
        access: Access::ReadOnly,
        ..ConnectOptions::default()
    };
    let mut session = database(&pooled).connect(&options).await.unwrap();
    for begins in [false, true] {
        if begins {
            session.begin().await.unwrap();
        }
        let error = session.execute("CREATE TABLE t (a int)").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotAllowed);
        session.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn a_value_that_is_not_possible_is_refused_at_once() {
    let named = postgres().database();
    for url in [
        format!("{}&work_mem=much", named.url()),
        format!(
            "{}?work_mem=much",
            pgbouncer(PoolMode::Transaction).url(&named)
        ),
    ] {
        let error = failure(try_connect(&url).await).to_string();
        assert!(
            error.contains("invalid value for parameter \"work_mem\": \"much\""),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_session_may_be_read_only() {
    let database = postgres().database();
    let options = ConnectOptions {
        access: Access::ReadOnly,
        ..ConnectOptions::default()
    };
    let mut session = crate::support::database(&database.url())
        .connect(&options)
        .await
        .unwrap();
    let error = session.execute("CREATE TABLE t (a int)").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotAllowed);
}

#[tokio::test]
async fn a_password_given_apart_wins() {
    let cluster = postgres();
    let named = cluster.database();
    let url = named.tcp_url().replace(cluster.password(), "wrong");
    let url = DatabaseUrl::parse(&url, std::path::Path::new("/")).unwrap();
    let client = ClientSettings {
        password: Some(Password::new(cluster.password())),
        ..ClientSettings::default()
    };
    let database = shipgate_database::open(&url, &client).unwrap();
    database.connect(&impatient()).await.unwrap().close().await;
}

#[tokio::test]
async fn a_wrong_password_is_not_waited_for_and_not_shown() {
    let cluster = postgres();
    let named = cluster.database();
    let url = named.tcp_url().replace(cluster.password(), "hunter2");
    let error = failure(try_connect(&url).await);
    assert_eq!(
        error,
        OpenError::Denied {
            target: format!("PostgreSQL at 127.0.0.1:{}", cluster.port()),
            message: "password authentication failed for user \"postgres\"".to_owned(),
        }
    );
    let database = database(&url);
    assert!(!format!("{:?} {}", database.url(), database.url()).contains("hunter2"));
}

#[tokio::test]
async fn a_pooler_that_refuses_is_not_waited_for() {
    let named = postgres().database();
    let url = pgbouncer(PoolMode::Transaction).url(&named);
    let wrong = url.replace(postgres().password(), "hunter2");
    let error = failure(try_connect(&wrong).await);
    assert!(matches!(&error, OpenError::Denied { .. }), "{error}");
    assert!(!error.to_string().contains("hunter2"));
    let nowhere = url.replace(named.name(), "nowhere");
    let error = failure(try_connect(&nowhere).await);
    assert!(
        matches!(&error, OpenError::NoSuchDatabase { name, .. } if name == "nowhere"),
        "{error}"
    );
}

#[tokio::test]
async fn a_missing_password_is_asked_for_in_words() {
    let cluster = postgres();
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", cluster.port());
    let error = failure(try_connect(&url).await).to_string();
    assert!(
        error.contains("the server wants a password and none was given"),
        "{error}"
    );
}

#[tokio::test]
async fn an_unknown_database_is_not_waited_for() {
    let cluster = postgres();
    let named = cluster.database();
    let url = named.url().replace(named.name(), "nowhere");
    let error = failure(try_connect(&url).await);
    assert!(
        matches!(&error, OpenError::NoSuchDatabase { name, .. } if name == "nowhere"),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_listening_is_said_after_the_limit() {
    let port = free_port();
    let url = format!("postgres://postgres@127.0.0.1:{port}/app");
    let error = failure(database(&url).connect(&impatient()).await);
    assert_eq!(
        error.to_string(),
        format!("cannot reach PostgreSQL at 127.0.0.1:{port}: connection refused")
    );
    let limited = format!("{url}?connect_timeout=1");
    let error = failure(try_connect(&limited).await).to_string();
    assert!(error.ends_with("connection refused; waited 1s"), "{error}");
}

#[tokio::test]
async fn a_dead_host_is_passed_over() {
    let cluster = postgres();
    let (dead, port) = (free_port(), cluster.port());
    let url = format!(
        "postgres://postgres:{}@127.0.0.1:{dead},localhost:{port}/postgres",
        cluster.password()
    );
    let mut session = connect(&url).await;
    assert_eq!(one(&mut *session, "SELECT 1").await, Value::Integer(1));

    let url = format!("{url}?target_session_attrs=standby");
    let error = failure(database(&url).connect(&impatient()).await).to_string();
    assert!(
        error.contains(&format!("127.0.0.1:{dead}: connection refused"))
            && error.contains(&format!("localhost:{port}: it is no standby")),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_is_waited_for_and_said_so() {
    let cluster = Arc::new(PostgresCluster::private());
    cluster.stop();
    let port = cluster.port();
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let hook: WaitHook = {
        let (cluster, reasons) = (cluster.clone(), reasons.clone());
        let starting = std::sync::Once::new();
        Arc::new(move |wait| {
            reasons.lock().unwrap().push(wait.reason.clone());
            let cluster = cluster.clone();
            starting.call_once(|| {
                std::thread::spawn(move || cluster.start());
            });
        })
    };
    let url = format!(
        "postgres://postgres:{}@127.0.0.1:{port}/postgres",
        cluster.password()
    );
    let options = ConnectOptions {
        on_wait: Some(hook),
        ..ConnectOptions::default()
    };
    let mut session = database(&url).connect(&options).await.unwrap();
    assert_eq!(one(&mut *session, "SELECT 1").await, Value::Integer(1));
    assert_eq!(
        reasons.lock().unwrap()[0],
        format!("waiting for PostgreSQL at 127.0.0.1:{port}: connection refused")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_free_place_is_waited_for() {
    let cluster = PostgresCluster::with(&[
        ("max_connections", "2"),
        ("superuser_reserved_connections", "0"),
    ]);
    let url = format!(
        "postgres://postgres:{}@127.0.0.1:{}/postgres",
        cluster.password(),
        cluster.port()
    );
    let places = Arc::new(Mutex::new(vec![connect(&url).await, connect(&url).await]));
    let hook: WaitHook = {
        let places = places.clone();
        Arc::new(move |wait| {
            assert!(
                wait.reason.ends_with("sorry, too many clients already"),
                "{}",
                wait.reason
            );
            places.lock().unwrap().clear();
        })
    };
    let options = ConnectOptions {
        on_wait: Some(hook),
        ..ConnectOptions::default()
    };
    let mut session = database(&url).connect(&options).await.unwrap();
    assert_eq!(one(&mut *session, "SELECT 1").await, Value::Integer(1));
    assert!(places.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_behind_a_pooler_is_waited_for() {
    let cluster = Arc::new(PostgresCluster::private());
    let named = cluster.database();
    let pooler = PgBouncer::before(&cluster, PoolMode::Transaction);
    cluster.stop();
    let hook: WaitHook = {
        let cluster = cluster.clone();
        let starting = std::sync::Once::new();
        Arc::new(move |_| {
            let cluster = cluster.clone();
            starting.call_once(|| {
                std::thread::spawn(move || cluster.start());
            });
        })
    };
    let options = ConnectOptions {
        on_wait: Some(hook),
        connect_timeout: Duration::from_secs(60),
        ..ConnectOptions::default()
    };
    let mut session = database(&pooler.url(&named))
        .connect(&options)
        .await
        .unwrap();
    assert_eq!(one(&mut *session, "SELECT 1").await, Value::Integer(1));
}

#[tokio::test]
async fn a_session_that_the_server_ends_is_lost() {
    let database = postgres().database();
    let mut session = connect(&database.url()).await;
    let error = session
        .execute("SELECT pg_terminate_backend(pg_backend_pid())")
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::SessionLost);
    assert_eq!(error.code.as_deref(), Some("57P01"));
    let error = session.execute("SELECT 1").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::SessionLost);
    assert!(!session.in_transaction());
}

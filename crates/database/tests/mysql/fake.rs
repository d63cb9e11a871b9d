//! What MySQL does otherwise than MariaDB, against a scripted server: there
//! is no package of MySQL to test with.

mod server;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use shipgate_database::{ConnectOptions, ErrorKind, Limits, Session};
use shipgate_sql::Dialect;
use tokio_rustls::TlsAcceptor;

use self::server::{Login, PASSWORD, Seen, start};
use crate::support::database;

fn acceptor() -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a configuration");
    TlsAcceptor::from(Arc::new(config))
}

/// A session on a fake server by a URL with these parameters.
async fn session(login: Login, tls: bool, query: &str) -> (Box<dyn Session>, Seen) {
    let (address, seen) = start(login, tls.then(acceptor)).await;
    let password = PASSWORD.replace(' ', "%20");
    let url = format!("mariadb://app:{password}@{address}/shop{query}");
    let session = database(&url)
        .connect(&ConnectOptions::default())
        .await
        .expect("a session");
    (session, seen)
}

fn is_in_clear(seen: &Seen) -> bool {
    let clear = seen.clear.lock().expect("a lock");
    clear
        .windows(PASSWORD.len())
        .any(|bytes| bytes == PASSWORD.as_bytes())
}

#[tokio::test]
async fn a_mysql_is_one_whatever_the_url_calls_it() {
    let (session, _) = session(Login::Fast, false, "").await;
    assert_eq!(session.dialect(), Dialect::MySql);
    assert!(session.split_options().no_backslash_escapes);
}

#[tokio::test]
async fn a_remembered_password_is_proved_and_not_sent() {
    for query in ["", "?tls=false"] {
        let (_session, seen) = session(Login::Fast, false, query).await;
        assert!(!is_in_clear(&seen));
    }
}

#[tokio::test]
async fn a_password_that_is_wanted_goes_through_tls_where_there_is_some() {
    let (_session, seen) = session(Login::Full, true, "").await;
    assert!(!is_in_clear(&seen));
    let got = seen.password.lock().unwrap().clone().unwrap();
    assert_eq!(got, [PASSWORD.as_bytes(), b"\0"].concat());
}

#[tokio::test]
async fn a_password_that_is_wanted_in_clear_is_encrypted_with_the_servers_key() {
    let (_session, seen) = session(Login::Full, false, "?ssl-mode=DISABLED").await;
    assert!(!is_in_clear(&seen));
}

#[tokio::test]
async fn a_server_may_switch_to_the_old_kind_of_password() {
    let (_session, seen) = session(Login::Native, false, "").await;
    assert!(!is_in_clear(&seen));
}

#[tokio::test]
async fn a_full_server_is_waited_for() {
    let waits = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&waits);
    let (address, _) = start(Login::FullHouse, None).await;
    let password = PASSWORD.replace(' ', "%20");
    let url = format!("mysql://app:{password}@{address}/shop?tls=false");
    let options = ConnectOptions {
        on_wait: Some(Arc::new(move |wait: &shipgate_database::Wait| {
            told.lock().unwrap().push(wait.reason.clone());
        })),
        ..ConnectOptions::default()
    };
    database(&url).connect(&options).await.unwrap();
    let said = waits.lock().unwrap().clone();
    assert_eq!(
        said,
        [format!(
            "waiting for {address}: Error 1040 (HY000): Too many connections"
        )]
    );
}

#[tokio::test]
async fn errors_that_mariadb_does_not_have_are_of_their_kinds() {
    let (mut session, _) = session(Login::Fast, false, "").await;
    for (code, kind) in [
        (3024, ErrorKind::TimedOut),
        (3572, ErrorKind::Locked),
        (1290, ErrorKind::NotAllowed),
        (1064, ErrorKind::Refused),
        (4031, ErrorKind::SessionLost),
    ] {
        let error = session.execute(&format!("FAIL {code}")).await.unwrap_err();
        assert_eq!(error.kind, kind, "{code}");
        assert_eq!(error.message, format!("Error {code} (HY000): as you like"));
    }
}

#[tokio::test]
async fn the_time_of_queries_is_limited_by_mysqls_own_variable() {
    let (mut session, seen) = session(Login::Fast, false, "").await;
    let limits = Limits {
        lock: Some(Duration::from_millis(1500)),
        statement: Some(Duration::from_millis(250)),
    };
    session.limit(&limits).await.unwrap();
    session.limit(&Limits::default()).await.unwrap();
    let statements = seen.statements.lock().unwrap();
    let set: Vec<_> = statements
        .iter()
        .filter(|statement| statement.starts_with("SET "))
        .collect();
    assert_eq!(
        set,
        [
            "SET SESSION lock_wait_timeout = 2, innodb_lock_wait_timeout = 2, max_execution_time = 250",
            "SET SESSION lock_wait_timeout = 31536000, innodb_lock_wait_timeout = 50, \
             max_execution_time = 0"
        ]
    );
}

#[tokio::test]
async fn a_transaction_is_known_by_the_servers_status() {
    let (mut session, _) = session(Login::Fast, false, "").await;
    session.begin().await.unwrap();
    session.execute("FAIL 1062").await.unwrap_err();
    assert!(session.in_transaction());
    session.commit().await.unwrap();
    assert!(!session.in_transaction());
}

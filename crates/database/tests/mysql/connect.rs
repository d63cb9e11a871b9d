//! Ways to a server, and what is said when there is none.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shipgate_database::{
    ClientSettings, ConnectOptions, DatabaseUrl, OpenError, Session, Value, Wait, open,
};
use shipgate_testkit::{MariadbCluster, free_port, mariadb};

use crate::support::{database, number};

/// How long is waited where waiting must not happen: the test would not end.
const FOREVER: Duration = Duration::from_secs(3600);

type Waits = Arc<Mutex<Vec<Wait>>>;

fn patient(timeout: Duration) -> (ConnectOptions, Waits) {
    let waits = Waits::default();
    let told = Arc::clone(&waits);
    let options = ConnectOptions {
        connect_timeout: timeout,
        on_wait: Some(Arc::new(move |wait: &Wait| {
            told.lock().expect("a lock").push(wait.clone());
        })),
        ..ConnectOptions::default()
    };
    (options, waits)
}

async fn connect(url: &str) -> Result<Box<dyn Session>, OpenError> {
    database(url).connect(&patient(Duration::ZERO).0).await
}

async fn refusal(url: &str) -> OpenError {
    let (options, waits) = patient(FOREVER);
    let Err(error) = database(url).connect(&options).await else {
        panic!("{url} is wrong");
    };
    assert_eq!(*waits.lock().expect("a lock"), []);
    error
}

async fn text(session: &mut dyn Session, query: &str) -> String {
    match session
        .query(query, &[])
        .await
        .expect(query)
        .pop()
        .and_then(|mut row| row.pop())
    {
        Some(Value::Text(text)) => text,
        other => panic!("{query}: {other:?}"),
    }
}

async fn is_encrypted(session: &mut dyn Session) -> bool {
    let ask = "SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS \
               WHERE VARIABLE_NAME = 'Ssl_cipher'";
    !text(session, ask).await.is_empty()
}

/// The address by another name, for which the server has no certificate.
fn by_other_name(url: &str) -> String {
    url.replace("127.0.0.1", "[::ffff:127.0.0.1]")
}

#[tokio::test]
async fn a_server_is_reached_by_socket_and_by_tcp() {
    let own = mariadb().database();
    let socket = mariadb().socket();
    for url in [
        own.url(),
        own.tcp_url(),
        format!(
            "mysql+unix://root@{}?database={}",
            socket.display(),
            own.name()
        ),
        format!(
            "maria+unix://root@{}?database={}",
            socket.display(),
            own.name()
        ),
        own.tcp_url().replace("mysql:", "mariadb:"),
        own.tcp_url().replace("127.0.0.1", "localhost"),
    ] {
        let mut session = connect(&url).await.unwrap();
        assert_eq!(
            text(&mut *session, "SELECT DATABASE()").await,
            own.name(),
            "{url}"
        );
    }
}

#[tokio::test]
async fn what_the_url_leaves_out_is_in_the_option_file_or_the_environment() {
    let own = mariadb().database();
    let home = tempfile::tempdir().unwrap();
    let file = format!(
        "[client]\nuser=shipgate\npassword=\"{}\"\nhost=127.0.0.1\nport={}\n",
        mariadb().password(),
        mariadb().port()
    );
    fs::write(home.path().join(".my.cnf"), file).unwrap();
    let filed = ClientSettings {
        home: Some(home.path().to_owned()),
        ..ClientSettings::default()
    };
    let variables = [
        ("MYSQL_HOST", "127.0.0.1".to_owned()),
        ("MYSQL_TCP_PORT", mariadb().port().to_string()),
        ("MYSQL_PWD", mariadb().password().to_owned()),
    ];
    let varied = ClientSettings {
        variables: variables
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        user: Some("shipgate".to_owned()),
        ..ClientSettings::default()
    };
    for settings in [filed, varied] {
        let url = DatabaseUrl::parse(&format!("mysql:///{}", own.name()), Path::new("/")).unwrap();
        let database = open(&url, &settings).unwrap();
        let mut session = database.connect(&ConnectOptions::default()).await.unwrap();
        let user = text(&mut *session, "SELECT CURRENT_USER()").await;
        assert_eq!(user, "shipgate@%");
    }
}

#[tokio::test]
async fn a_password_given_apart_wins() {
    let own = mariadb().database();
    let url = own.tcp_url().replace(mariadb().password(), "wrong");
    let url = DatabaseUrl::parse(&url, Path::new("/")).unwrap();
    let settings = ClientSettings {
        password: Some(shipgate_database::Password::new(mariadb().password())),
        ..ClientSettings::default()
    };
    let database = open(&url, &settings).unwrap();
    database.connect(&ConnectOptions::default()).await.unwrap();
}

#[tokio::test]
async fn connections_are_encrypted_and_checked_as_far_as_is_said() {
    let own = mariadb().database();
    let ca = mariadb().ca_file().display();
    let url = own.tcp_url();
    for (url, encrypted) in [
        (url.clone(), true),
        (format!("{url}?tls=false"), false),
        (format!("{url}?ssl-mode=DISABLED"), false),
        (format!("{url}?ssl-mode=PREFERRED"), true),
        (format!("{url}?ssl-mode=REQUIRED"), true),
        (format!("{url}?tls=skip-verify"), true),
        (format!("{url}?ssl-ca={ca}"), true),
        (format!("{url}?ssl-mode=VERIFY_CA&ssl-ca={ca}"), true),
        (format!("{url}?ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}"), true),
        (format!("{url}?tls=true&ssl-ca={ca}"), true),
        (
            by_other_name(&format!("{url}?ssl-mode=VERIFY_CA&ssl-ca={ca}")),
            true,
        ),
    ] {
        let mut session = match connect(&url).await {
            Ok(session) => session,
            Err(error) => panic!("{url}: {error}"),
        };
        assert_eq!(is_encrypted(&mut *session).await, encrypted, "{url}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_prove_who_it_is_is_not_talked_to() {
    let own = mariadb().database();
    let url = own.tcp_url();
    let directory = tempfile::tempdir().unwrap();
    let stranger = directory.path().join("stranger.pem");
    let made = rcgen::generate_simple_self_signed(["stranger".to_owned()]).unwrap();
    fs::write(&stranger, made.cert.pem()).unwrap();
    let stranger = stranger.display();
    for mode in ["VERIFY_CA", "VERIFY_IDENTITY"] {
        let error = refusal(&format!("{url}?ssl-mode={mode}&ssl-ca={stranger}")).await;
        assert!(matches!(error, OpenError::Tls { .. }), "{error}");
        assert!(
            error.to_string().ends_with(&format!(
                "its certificate is not signed by any in {stranger}"
            )),
            "{error}"
        );
    }
    let ca = mariadb().ca_file().display();
    let error = refusal(&by_other_name(&format!("{url}?tls=true&ssl-ca={ca}"))).await;
    assert!(matches!(error, OpenError::Tls { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("its certificate is for localhost"),
        "{error}"
    );
    let error = refusal(&format!("{url}?tls=true&ssl-ca={stranger}x")).await;
    assert!(matches!(error, OpenError::Tls { .. }), "{error}");
    assert!(error.to_string().contains("stranger.pemx"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_talked_to_in_clear_only_where_that_is_allowed() {
    let clear = MariadbCluster::with(&[("skip-ssl", "1")]);
    let own = clear.database();
    let mut session = connect(&own.tcp_url()).await.unwrap();
    assert!(!is_encrypted(&mut *session).await);
    let error = refusal(&format!("{}?ssl-mode=REQUIRED", own.tcp_url())).await;
    assert_eq!(
        error.to_string(),
        format!(
            "no safe connection to 127.0.0.1:{}: the server offers no TLS; \
             `ssl-mode=DISABLED` (or `tls=false`) does without",
            clear.port()
        )
    );
}

#[tokio::test]
async fn the_next_of_several_hosts_is_tried_when_one_is_dead() {
    let own = mariadb().database();
    let dead = format!("@127.0.0.1:{},127.0.0.1:", free_port());
    let url = own.tcp_url().replace("@127.0.0.1:", &dead);
    let mut session = connect(&url).await.unwrap();
    assert_eq!(number(&mut *session, "SELECT 1").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_is_waited_for() {
    let server = MariadbCluster::private();
    let own = server.database();
    server.stop();
    let (options, waits) = patient(Duration::from_secs(60));
    let url = own.tcp_url();
    let connecting = tokio::spawn(async move { database(&url).connect(&options).await });
    while waits.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    tokio::task::block_in_place(|| server.start());
    let mut session = connecting.await.unwrap().unwrap();
    assert_eq!(number(&mut *session, "SELECT 1").await, 1);
    let told = waits.lock().unwrap()[0].reason.clone();
    assert_eq!(
        told,
        format!(
            "waiting for 127.0.0.1:{}: connection refused",
            server.port()
        )
    );
}

#[tokio::test]
async fn a_server_that_is_full_is_waited_for() {
    let server = MariadbCluster::with(&[("max-connections", "10")]);
    let own = server.database();
    own.mariadb("CREATE USER guest@'%'; GRANT SELECT ON *.* TO guest@'%'");
    let url = format!("mysql://guest@127.0.0.1:{}/{}", server.port(), own.name());
    let mut sessions = Vec::new();
    let full = loop {
        match connect(&url).await {
            Ok(session) => sessions.push(session),
            Err(error) => break error,
        }
    };
    assert!(
        matches!(&full, OpenError::Unreachable { message, .. } if message.contains("1040")),
        "{full}"
    );
    let (options, waits) = patient(Duration::from_secs(60));
    let connecting = tokio::spawn(async move { database(&url).connect(&options).await });
    while waits.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    sessions.pop().unwrap().close().await;
    connecting.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_waiting_cannot_help_is_said_at_once() {
    let own = mariadb().database();
    let url = own.tcp_url();
    let error = refusal(&url.replace(mariadb().password(), "hunter2")).await;
    assert!(matches!(error, OpenError::Denied { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("Error 1045 (28000): Access denied for user 'shipgate'"),
        "{error}"
    );
    assert!(!error.to_string().contains("hunter2"), "{error}");

    let error = refusal(&url.replace(own.name(), "nowhere")).await;
    assert_eq!(
        error.to_string(),
        format!(
            "127.0.0.1:{} has no database `nowhere`: Error 1049 (42000): Unknown database 'nowhere'",
            mariadb().port()
        )
    );

    let error = refusal(&format!("{url}?no_such_variable=1")).await;
    assert_eq!(
        error.to_string(),
        "the server refuses what the database URL sets: \
         Error 1193 (HY000): Unknown system variable 'no_such_variable'"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let port = free_port();
    for (url, message) in [
        (
            format!("mysql://u:hunter2@127.0.0.1:{port}/db"),
            format!("cannot reach 127.0.0.1:{port}: connection refused"),
        ),
        (
            "mysql://u:hunter2@localhost/db?socket=/nowhere/mysqld.sock".to_owned(),
            "cannot reach /nowhere/mysqld.sock: no such socket".to_owned(),
        ),
    ] {
        let error = connect(&url).await.err().expect("an error");
        assert_eq!(error.to_string(), message);
    }
    let url = format!("mysql://u:hunter2@nowhere.invalid,127.0.0.1:{port}/db");
    let error = connect(&url).await.err().expect("an error").to_string();
    assert!(
        error.starts_with("cannot reach any server: nowhere.invalid:3306: "),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_has_no_longer_than_there_is_time() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let error = connect(&format!("mysql://u@{address}/db"))
        .await
        .err()
        .expect("an error");
    assert_eq!(
        error.to_string(),
        format!("cannot reach {address}: no answer within 2s")
    );
}

//! What `sslmode` promises.

use std::path::PathBuf;

use shipgate_database::{OpenError, Value};
use shipgate_testkit::{PostgresCluster, postgres};

use crate::support::{connect, one, try_connect};

const IS_ENCRYPTED: &str = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

/// The shared cluster by TCP, under a name its certificate is for.
fn url(parameters: &str) -> String {
    url_of(postgres(), parameters)
}

fn url_of(cluster: &PostgresCluster, parameters: &str) -> String {
    format!(
        "postgres://postgres:{}@localhost:{}/postgres?{parameters}",
        cluster.password(),
        cluster.port()
    )
}

async fn refusal(url: &str) -> String {
    match try_connect(url).await {
        Ok(_) => panic!("opened"),
        Err(OpenError::Tls { message, .. }) => message,
        Err(other) => panic!("not about TLS: {other}"),
    }
}

#[tokio::test]
async fn each_mode_is_encrypted_or_not_as_libpq_has_it() {
    let ca = postgres().ca_file().display();
    for (parameters, is_encrypted) in [
        ("sslmode=disable".to_owned(), 0),
        ("sslmode=allow".to_owned(), 0),
        (String::new(), 1),
        ("sslmode=prefer".to_owned(), 1),
        ("sslmode=require".to_owned(), 1),
        (format!("sslmode=require&sslrootcert={ca}"), 1),
        (format!("sslmode=verify-ca&sslrootcert={ca}"), 1),
        (format!("sslmode=verify-full&sslrootcert={ca}"), 1),
        ("channel_binding=require".to_owned(), 1),
    ] {
        let mut session = connect(&url(&parameters)).await;
        assert_eq!(
            one(&mut *session, IS_ENCRYPTED).await,
            Value::Integer(is_encrypted),
            "{parameters}"
        );
    }
}

#[tokio::test]
async fn a_name_that_the_certificate_is_not_for_is_refused_by_verify_full_alone() {
    let ca = postgres().ca_file().display();
    let elsewhere = |mode: &str| {
        url(&format!(
            "sslmode={mode}&sslrootcert={ca}&host=db.example.com&hostaddr=127.0.0.1"
        ))
    };
    connect(&elsewhere("verify-ca")).await.close().await;
    let message = refusal(&elsewhere("verify-full")).await;
    assert!(
        message.starts_with("its certificate is for ")
            && message.contains("localhost")
            && message.ends_with("not for db.example.com"),
        "{message}"
    );
}

#[tokio::test]
async fn a_stranger_s_certificate_is_refused_wherever_one_is_checked() {
    let stranger = PostgresCluster::private();
    let ca = stranger.ca_file().display();
    for mode in ["require", "verify-ca", "verify-full"] {
        let message = refusal(&url(&format!("sslmode={mode}&sslrootcert={ca}"))).await;
        assert_eq!(
            message,
            format!("its certificate is not signed by any in {ca}")
        );
    }
    let message = refusal(&url("sslrootcert=system")).await;
    assert!(
        message.contains("the system's trusted certificates"),
        "{message}"
    );
}

#[tokio::test]
async fn a_certificate_file_that_is_not_there_is_named() {
    let message = refusal(&url("sslmode=verify-ca&sslrootcert=/nowhere/ca.pem")).await;
    assert!(message.contains("/nowhere/ca.pem"), "{message}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_from_require_on() {
    let cluster = PostgresCluster::with(&[("ssl", "off")]);
    let mut session = connect(&url_of(&cluster, "")).await;
    assert_eq!(one(&mut *session, IS_ENCRYPTED).await, Value::Integer(0));
    let message = refusal(&url_of(&cluster, "sslmode=require")).await;
    assert!(
        message.contains("the server does not offer TLS"),
        "{message}"
    );
}

#[tokio::test]
async fn each_mode_goes_the_way_the_server_allows() {
    let cluster = PostgresCluster::private();
    let rules = cluster.directory().join("data/pg_hba.conf");
    let only = |kind: &str| {
        let text = format!("local all postgres trust\n{kind} all all 127.0.0.1/32 scram-sha-256\n");
        std::fs::write(&rules, text).unwrap();
        cluster.database().psql("SELECT pg_reload_conf()");
    };
    // The server reads the rules again when its main process gets to it.
    let reaches = async |mode: &str, wanted: i64| {
        let url = url_of(&cluster, mode);
        loop {
            if let Ok(mut session) = try_connect(&url).await
                && one(&mut *session, IS_ENCRYPTED).await == Value::Integer(wanted)
            {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    only("hostssl");
    reaches("sslmode=allow", 1).await;
    only("hostnossl");
    reaches("sslmode=prefer", 0).await;
    let error = try_connect(&url_of(&cluster, "sslmode=require")).await;
    let Err(OpenError::Denied { message, .. }) = error else {
        panic!("not denied");
    };
    assert!(message.contains("no pg_hba.conf entry"), "{message}");
}

#[tokio::test]
async fn a_proof_that_must_be_bound_is_not_given_in_clear() {
    let cluster = postgres();
    let error = try_connect(&url("sslmode=disable&channel_binding=require")).await;
    let Err(OpenError::Denied { message, .. }) = error else {
        panic!("not denied");
    };
    assert!(
        message.starts_with("channel binding is required"),
        "{message}"
    );
    assert!(!message.contains(cluster.password()));
}

#[tokio::test]
async fn a_key_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let key: PathBuf = directory.path().join("client.key");
    std::fs::write(&key, "").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let certificate = postgres().ca_file().display();
    let message = refusal(&url(&format!(
        "sslmode=require&sslcert={certificate}&sslkey={}",
        key.display()
    )))
    .await;
    assert!(
        message.contains("others may read the private key"),
        "{message}"
    );
}

#[tokio::test]
async fn a_client_s_certificate_is_shown_to_a_server_that_wants_one() {
    let cluster = PostgresCluster::with(&[("ssl_ca_file", "../ca.pem")]);
    cluster.stop();
    std::fs::write(
        cluster.directory().join("data/pg_hba.conf"),
        "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n",
    )
    .unwrap();
    cluster.start();
    let Err(OpenError::Denied { message, .. }) =
        try_connect(&url_of(&cluster, "sslmode=require")).await
    else {
        panic!("not denied");
    };
    assert!(message.contains("valid client certificate"), "{message}");
    // The server's own is as good as any that its authority signed.
    let directory = cluster.directory().display();
    let parameters =
        format!("sslmode=require&sslcert={directory}/server.pem&sslkey={directory}/server.key");
    let mut session = connect(&url_of(&cluster, &parameters)).await;
    assert_eq!(one(&mut *session, IS_ENCRYPTED).await, Value::Integer(1));
}

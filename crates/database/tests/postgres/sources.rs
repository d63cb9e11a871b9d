//! What the URL leaves out: environment, service file, password file.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use shipgate_database::{
    ClientSettings, ConnectOptions, DatabaseUrl, OpenError, Session, UrlError,
};
use shipgate_testkit::postgres;

use crate::support::{one, text};

fn client(variables: &[(&str, &str)], home: Option<&Path>) -> ClientSettings {
    ClientSettings {
        variables: variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        home: home.map(Path::to_owned),
        ..ClientSettings::default()
    }
}

async fn open(url: &str, client: &ClientSettings) -> Result<Box<dyn Session>, OpenError> {
    let url = DatabaseUrl::parse(url, Path::new("/")).expect("a URL");
    shipgate_database::open(&url, client)?
        .connect(&ConnectOptions::default())
        .await
}

fn wrong(result: Result<Box<dyn Session>, OpenError>) -> String {
    match result {
        Ok(_) => panic!("opened"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn the_environment_fills_what_the_url_leaves_out() {
    let cluster = postgres();
    let named = cluster.database();
    let port = cluster.port().to_string();
    let client = client(
        &[
            ("PGHOST", "127.0.0.1"),
            ("PGPORT", &port),
            ("PGUSER", "postgres"),
            ("PGPASSWORD", cluster.password()),
            ("PGDATABASE", "nowhere"),
            ("PGAPPNAME", "release"),
            ("PGSSLMODE", "disable"),
        ],
        None,
    );
    let url = format!("postgres:///{}", named.name());
    let mut session = open(&url, &client).await.unwrap();
    let found = one(&mut *session, "SELECT current_database()").await;
    assert_eq!(found, text(named.name()));
    let found = one(&mut *session, "SHOW application_name").await;
    assert_eq!(found, text("release"));
}

#[tokio::test]
async fn a_wrong_variable_is_named() {
    let error = wrong(open("postgres:///", &client(&[("PGSSLMODE", "on")], None)).await);
    assert_eq!(
        error,
        "$PGSSLMODE is `on`; it is one of `disable`, `allow`, `prefer`, `require`, `verify-ca`, \
         `verify-full`"
    );
}

#[tokio::test]
async fn a_service_fills_what_the_url_leaves_out_and_wins_over_the_environment() {
    let cluster = postgres();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("services");
    fs::write(
        &file,
        format!(
            "# ours\n[other]\nhost=nowhere\n\n[app]\nhost={}\nport={}\nuser=postgres\n",
            cluster.directory().display(),
            cluster.port()
        ),
    )
    .unwrap();
    let file = file.display().to_string();
    let variables = [("PGSERVICEFILE", &*file), ("PGHOST", "nowhere")];
    let client = client(&variables, None);
    let mut session = open("postgres:///postgres?service=app", &client)
        .await
        .unwrap();
    assert_eq!(
        one(&mut *session, "SELECT current_database()").await,
        text("postgres")
    );
    let error = wrong(open("postgres:///postgres?service=none", &client).await);
    assert!(
        error.starts_with(&format!("no service `none` in {file}")),
        "{error}"
    );
}

#[tokio::test]
async fn the_password_file_is_asked_unless_others_may_read_it() {
    let cluster = postgres();
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(".pgpass");
    fs::write(
        &file,
        format!(
            "# mine\nelsewhere:*:*:*:wrong\n127.0.0.1:{}:*:postgres:{}\n",
            cluster.port(),
            cluster.password()
        ),
    )
    .unwrap();
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", cluster.port());
    let client = client(&[], Some(home.path()));

    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let error = wrong(open(&url, &client).await);
    assert!(
        error.contains("others may read it; `chmod 600` it"),
        "{error}"
    );
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    open(&url, &client).await.unwrap().close().await;
}

#[test]
fn wrong_parameters_are_named_with_what_they_may_be() {
    for (url, message) in [
        (
            "postgres://h/db?sslmode=on",
            "`sslmode=on` in the database URL; `sslmode` is one of `disable`, `allow`, `prefer`, \
             `require`, `verify-ca`, `verify-full`",
        ),
        (
            "postgres://h:x/db",
            "`port=x` in the database URL; `port` is a number from 1 to 65535",
        ),
        (
            "postgres://a,b,c/db?port=1,2",
            "`port=1,2` in the database URL; `port` is one port, or one for each host",
        ),
        (
            "host=h connect_timeout=soon",
            "`connect_timeout=soon` in the database URL; `connect_timeout` is whole seconds",
        ),
        (
            "postgres://h/db?target_session_attrs=leader",
            "`target_session_attrs=leader` in the database URL; `target_session_attrs` is one of \
             `any`, `read-write`, `read-only`, `primary`, `standby`, `prefer-standby`",
        ),
        (
            "postgres://h/db?client_encoding=latin1",
            "`client_encoding=latin1` in the database URL; `client_encoding` is `UTF8`: migrations \
             are UTF-8",
        ),
        (
            "postgres://h/db?sslrootcert=system&sslmode=require",
            "`sslmode=require` in the database URL; `sslmode` is `verify-full` with \
             `sslrootcert=system`, where anybody has a certificate",
        ),
    ] {
        let error = DatabaseUrl::parse(url, Path::new("/")).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn keywords_are_read_with_quotes_and_hide_their_password() {
    let text = r"host=h user = 'o\'neil' password='a b' dbname=app";
    let url = DatabaseUrl::parse(text, Path::new("/")).unwrap();
    assert_eq!(
        url.to_string(),
        r"host=h user='o\'neil' password=*** dbname=app"
    );
    let url = DatabaseUrl::parse("user= password=a", Path::new("/")).unwrap();
    assert_eq!(url.to_string(), "user=***");
    let error = DatabaseUrl::parse("host=h password='open", Path::new("/")).unwrap_err();
    assert_eq!(error, UrlError::Keywords);
    assert!(!error.to_string().contains("open"));
}

#[test]
fn a_password_with_unescaped_marks_is_understood_and_hidden() {
    for url in [
        "postgres://me:a/b@h:5432/db",
        "postgres://me:a?b@h:5432/db",
        "postgres://me:a@b@h:5432/db",
        "postgres://me:a#b@h:5432/db",
    ] {
        let url = DatabaseUrl::parse(url, Path::new("/")).unwrap();
        assert_eq!(url.to_string(), "postgres://me:***@h:5432/db");
    }
}

proptest::proptest! {
    #[test]
    fn any_password_survives_the_way_through_keywords_and_is_hidden(
        before in "[a-z]{1,5}",
        password in "SECRET[^\\x00]{0,20}",
    ) {
        let quoted = password.replace('\\', "\\\\").replace('\'', "\\'");
        let keywords = format!("user={before} password='{quoted}' dbname=app");
        let url = DatabaseUrl::parse(&keywords, Path::new("/")).unwrap();
        proptest::prop_assert!(url.to_string().ends_with("password=*** dbname=app"));
        let debug = format!("{url:?}");
        proptest::prop_assert!(!debug.contains("SECRET"));
    }
}

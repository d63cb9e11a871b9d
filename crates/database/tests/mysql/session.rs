//! Sessions: statements, transactions, warnings, errors, catalogs.

use shipgate_database::{Access, ConnectOptions, ErrorKind, SchemaObject, Value};
use shipgate_sql::Dialect;

use crate::support::{connect, database, number, session};

#[tokio::test]
async fn the_server_itself_says_what_it_is() {
    let (_own, session) = session().await;
    assert_eq!(session.dialect(), Dialect::MariaDb);
}

#[tokio::test]
async fn rows_changed_are_counted_and_values_bound() {
    let (_own, mut session) = session().await;
    session
        .execute("CREATE TABLE t (a int, b text)")
        .await
        .unwrap();
    let executed = session
        .execute("INSERT INTO t VALUES (1, 'x'), (2, NULL)")
        .await
        .unwrap();
    assert_eq!(executed.rows, 2);
    let rows = session
        .query(
            "SELECT a, b FROM t WHERE a >= ? ORDER BY a",
            &[Value::Integer(1)],
        )
        .await
        .unwrap();
    assert_eq!(
        rows,
        [
            vec![Value::Integer(1), Value::Text("x".to_owned())],
            vec![Value::Integer(2), Value::Null]
        ]
    );
}

#[tokio::test]
async fn a_transaction_is_seen_however_it_begins_and_ends() {
    let (_own, mut session) = session().await;
    session.execute("CREATE TABLE t (a int)").await.unwrap();
    session.begin().await.unwrap();
    assert!(session.in_transaction());
    session.execute("INSERT INTO t VALUES (1)").await.unwrap();
    session.rollback().await.unwrap();
    assert!(!session.in_transaction());
    assert_eq!(number(&mut *session, "SELECT count(*) FROM t").await, 0);

    session.execute("START TRANSACTION").await.unwrap();
    assert!(session.in_transaction());
    session.execute("INSERT INTO t VALUES (1)").await.unwrap();
    // A definition commits by itself.
    session.execute("CREATE TABLE u (a int)").await.unwrap();
    assert!(!session.in_transaction());

    session.begin().await.unwrap();
    session.execute("SELEC").await.unwrap_err();
    assert!(session.in_transaction(), "an error leaves it open");
    session.commit().await.unwrap();
    assert_eq!(number(&mut *session, "SELECT count(*) FROM t").await, 1);
}

#[tokio::test]
async fn errors_are_worded_as_gos_driver_words_them() {
    let (_own, mut session) = session().await;
    let error = session.execute("").await.unwrap_err();
    assert_eq!(error.message, "Error 1065 (42000): Query was empty");
    assert_eq!(error.code.as_deref(), Some("1065"));
    let error = session
        .execute("CREATE TABLE t (\n  a int,\n  b int nul\n)")
        .await
        .unwrap_err();
    assert_eq!(error.offset, Some(38), "{error}");
}

#[tokio::test]
async fn warnings_come_with_the_statement() {
    let (_own, mut session) = session().await;
    session.execute("SET sql_mode = ''").await.unwrap();
    session.execute("CREATE TABLE t (a tinyint)").await.unwrap();
    let executed = session
        .execute("INSERT INTO t VALUES (1000)")
        .await
        .unwrap();
    assert_eq!(
        executed.notices,
        ["Warning 1264: Out of range value for column 'a' at row 1"]
    );
    let executed = session.execute("DROP TABLE IF EXISTS u").await.unwrap();
    assert_eq!(executed.notices.len(), 1);
    assert!(executed.notices[0].starts_with("Note 1051: Unknown table"));
    let executed = session.execute("INSERT INTO t VALUES (1)").await.unwrap();
    assert_eq!(executed.notices, Vec::<String>::new());
}

#[tokio::test]
async fn a_query_has_its_own_warnings_and_not_those_before() {
    let (_own, mut session) = session().await;
    session.execute("DROP TABLE IF EXISTS u").await.unwrap();
    let executed = session.execute("SELECT 1").await.unwrap();
    assert_eq!(executed.notices, Vec::<String>::new());
    let executed = session.execute("SELECT 1 / 0").await.unwrap();
    assert_eq!(executed.notices, ["Warning 1365: Division by 0"]);
}

#[tokio::test]
async fn an_error_of_a_later_statement_in_a_text_is_not_lost() {
    let (_own, mut session) = session().await;
    session.execute("CREATE TABLE t (a int)").await.unwrap();
    let error = session
        .execute(
            "INSERT INTO t VALUES (1); INSERT INTO nowhere VALUES (2); INSERT INTO t VALUES (3)",
        )
        .await
        .unwrap_err();
    assert_eq!(error.code.as_deref(), Some("1146"));
    assert_eq!(number(&mut *session, "SELECT count(*) FROM t").await, 1);
}

#[tokio::test]
async fn a_read_only_session_writes_nothing() {
    let (own, mut writer) = session().await;
    writer.execute("CREATE TABLE t (a int)").await.unwrap();
    let options = ConnectOptions {
        access: Access::ReadOnly,
        ..ConnectOptions::default()
    };
    let mut reader = database(&own.url()).connect(&options).await.unwrap();
    for statement in ["INSERT INTO t VALUES (1)", "CREATE TABLE u (a int)"] {
        let error = reader.execute(statement).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotAllowed, "{error}");
    }
    reader.begin().await.unwrap();
    assert_eq!(number(&mut *reader, "SELECT count(*) FROM t").await, 0);
}

#[tokio::test]
async fn the_sessions_mode_says_how_scripts_are_split() {
    let (own, mut session) = session().await;
    assert!(!session.split_options().ansi_quotes);
    session
        .execute("SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'")
        .await
        .unwrap();
    assert!(session.split_options().ansi_quotes);
    assert!(session.split_options().no_backslash_escapes);
    let url = format!("{}&sql_mode=%27ANSI%27", own.url());
    let session = database(&url)
        .connect(&ConnectOptions::default())
        .await
        .unwrap();
    assert!(session.split_options().ansi_quotes);
}

#[tokio::test]
async fn catalogs_of_equal_schemas_are_equal() {
    let script = [
        "CREATE TABLE parent (id int AUTO_INCREMENT PRIMARY KEY, name varchar(20) COMMENT ' AUTO_INCREMENT=9')",
        "CREATE TABLE child (p int, FOREIGN KEY (p) REFERENCES parent (id), KEY k (p))",
        "CREATE VIEW names AS SELECT name FROM parent",
        "CREATE TRIGGER mark BEFORE INSERT ON parent FOR EACH ROW SET NEW.name = upper(NEW.name)",
        "CREATE PROCEDURE clean() BEGIN DELETE FROM child; DELETE FROM parent; END",
        "CREATE FUNCTION one() RETURNS int DETERMINISTIC RETURN 1",
        "CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO DELETE FROM child",
        "CREATE SEQUENCE numbers",
    ];
    let (own, mut one) = session().await;
    let (_other, mut two) = session().await;
    for statement in script {
        one.execute(statement).await.unwrap();
        two.execute(statement).await.unwrap();
    }
    one.execute("INSERT INTO parent (name) VALUES ('a'), ('b')")
        .await
        .unwrap();
    let expected = one.catalog(&[]).await.unwrap();
    let labels: Vec<_> = expected.objects().map(SchemaObject::label).collect();
    assert_eq!(
        labels,
        [
            "event tidy",
            "function one",
            "procedure clean",
            "sequence numbers",
            "table child",
            "table parent",
            "trigger mark",
            "view names"
        ]
    );
    assert_eq!(expected, two.catalog(&[]).await.unwrap());

    two.execute("ALTER TABLE child ADD COLUMN q int")
        .await
        .unwrap();
    let found = two.catalog(&[]).await.unwrap();
    assert_eq!(expected.diff(&found).len(), 1);
    let labels: Vec<_> = connect(&own)
        .await
        .catalog(&["PARENT"])
        .await
        .unwrap()
        .objects()
        .map(SchemaObject::label)
        .collect();
    assert!(!labels.contains(&"trigger mark".to_owned()), "{labels:?}");
}

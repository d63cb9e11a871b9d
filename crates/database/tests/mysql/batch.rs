//! Several statements at once.

use shipgate_database::{Batch, Session};

use crate::support::{number, session};

async fn all(session: &mut dyn Session, statements: &[&str]) -> Batch {
    session.begin().await.expect("works");
    session.execute_all(statements).await
}

/// What the statements do one after the other.
async fn one_by_one(session: &mut dyn Session, statements: &[&str]) -> Batch {
    let mut batch = Batch::default();
    session.begin().await.expect("works");
    for statement in statements {
        match session.execute(statement).await {
            Ok(executed) => batch.done.push(executed),
            Err(error) => {
                batch.failed = Some(error);
                break;
            }
        }
    }
    batch
}

async fn both_ways(statements: &[&str]) -> Batch {
    let (_own, mut one) = session().await;
    let (_other, mut two) = session().await;
    for session in [&mut one, &mut two] {
        session.execute("SET sql_mode = ''").await.expect("works");
        session
            .execute("CREATE TABLE t (a tinyint PRIMARY KEY, b text)")
            .await
            .expect("works");
    }
    let together = all(&mut *one, statements).await;
    assert_eq!(together, one_by_one(&mut *two, statements).await);
    assert!(one.in_transaction());
    assert!(two.in_transaction());
    together
}

#[tokio::test]
async fn statements_sent_together_do_what_they_do_alone() {
    let batch = both_ways(&[
        "INSERT INTO t VALUES (1, 'x'), (2, 'y');",
        "INSERT INTO t VALUES (1000, 'too much') -- a comment",
        "INSERT INTO t VALUES (3, 'a;b') RETURNING a",
        "UPDATE t SET b = 'z' WHERE a > 1 # another;",
        "SELECT * FROM t",
        "DELETE FROM t",
        "INSERT INTO t VALUES (4, '\\'; DROP TABLE t; --')",
    ])
    .await;
    assert_eq!(batch.failed, None);
    let rows: Vec<_> = batch.done.iter().map(|done| done.rows).collect();
    assert_eq!(rows, [2, 1, 0, 3, 0, 4, 1]);
    assert_eq!(
        batch.done[1].notices,
        ["Warning 1264: Out of range value for column 'a' at row 1"]
    );
}

#[tokio::test]
async fn the_one_that_fails_is_the_one_after_those_that_are_done() {
    let batch = both_ways(&[
        "INSERT INTO t VALUES (1, 'x')",
        "INSERT INTO t VALUES (2, 'x')",
        "INSERT INTO t VALUES (1, 'again')",
        "INSERT INTO t VALUES (3, 'x')",
    ])
    .await;
    assert_eq!(batch.done.len(), 2);
    assert_eq!(batch.failed.expect("works").code.as_deref(), Some("1062"));
}

#[tokio::test]
async fn a_syntax_error_shows_nothing_of_the_next_statement() {
    let batch = both_ways(&[
        "INSERT INTO t VALUES (1, 'x')",
        "INSERT INTO t\nVALUEZ (2, 'x')",
        "INSERT INTO t VALUES (3, 'x')",
    ])
    .await;
    let failed = batch.failed.expect("works");
    assert!(
        failed.message.ends_with("near 'VALUEZ (2, 'x')' at line 2"),
        "{failed}"
    );
    assert_eq!(failed.offset, Some(14));
}

#[tokio::test]
async fn thousands_are_more_than_one_packet() {
    let (_own, mut session) = session().await;
    session
        .execute("CREATE TABLE t (a int)")
        .await
        .expect("works");
    let texts: Vec<String> = (0..4001)
        .map(|number| format!("INSERT INTO t VALUES ({number})"))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let batch = all(&mut *session, &texts).await;
    assert_eq!((batch.done.len(), batch.failed), (4001, None));
    session.commit().await.expect("works");
    assert_eq!(number(&mut *session, "SELECT count(*) FROM t").await, 4001);
}

#[tokio::test]
async fn outside_of_a_transaction_each_is_sent_alone() {
    let (_own, mut session) = session().await;
    session
        .execute("CREATE TABLE t (a int)")
        .await
        .expect("works");
    let before = number(&mut *session, "SELECT 0").await;
    let batch = session
        .execute_all(&[
            "INSERT INTO t VALUES (1)",
            "INSERT INTO t VALUES (2)",
            "SELEC",
        ])
        .await;
    assert_eq!((batch.done.len(), before), (2, 0));
    assert_eq!(number(&mut *session, "SELECT count(*) FROM t").await, 2);
    assert_eq!(batch.failed.expect("works").offset, Some(0));
}

//! Calls made together.

use shipgate_database::{Answers, Call, Session, Value};

use crate::support::{number, session};

/// A whole transaction with these statements between its first query and its last.
async fn transaction(session: &mut dyn Session, statements: &[&str], value: &str) -> Answers {
    let values = [Value::Integer(9), Value::Text(value.to_owned())];
    let mut calls = vec![Call::Begin, Call::Query("SELECT 7, 'x' FROM t", &[])];
    calls.extend(statements.iter().copied().map(Call::Execute));
    calls.push(Call::Query("INSERT INTO t VALUES (?, ?)", &values));
    calls.push(Call::Commit);
    session.call_all(&calls).await
}

async fn make(session: &mut dyn Session) {
    for statement in [
        "SET sql_mode = ''",
        "CREATE TABLE t (a tinyint PRIMARY KEY, b text)",
        "INSERT INTO t VALUES (100, '')",
    ] {
        session.execute(statement).await.expect(statement);
    }
}

async fn count(session: &mut dyn Session) -> i64 {
    number(session, "SELECT COUNT(*) FROM t").await
}

#[tokio::test]
async fn calls_made_together_do_what_they_do_one_by_one() {
    let (_own, mut session) = session().await;
    make(&mut *session).await;
    let statements = [
        "INSERT INTO t VALUES (1, 'a;b'), (2, '?');",
        "INSERT INTO t VALUES (1000, 'too much') -- a comment",
        "UPDATE t SET b = 'z' WHERE a < 3 # another;",
    ];
    let answers = transaction(&mut *session, &statements, "it's \\' é").await;
    assert_eq!(answers.failed, None);
    let [begin, query, first, second, third, insert, commit] = answers.done.as_slice() else {
        panic!("{answers:?}");
    };
    assert_eq!(
        query.rows,
        [[Value::Integer(7), Value::Text("x".to_owned())]]
    );
    assert_eq!(
        (first.executed.rows, &*first.executed.notices),
        (2, &[][..])
    );
    assert_eq!(
        second.executed.notices,
        ["Warning 1264: Out of range value for column 'a' at row 1"]
    );
    assert_eq!(third.executed.rows, 2);
    for nothing in [begin, insert, commit] {
        assert!(nothing.rows.is_empty());
    }
    assert!(!session.in_transaction());
    let rows = session.query("SELECT b FROM t WHERE a = 9", &[]).await;
    assert_eq!(rows.unwrap(), [[Value::Text("it's \\' é".to_owned())]]);
}

#[tokio::test]
async fn behind_a_call_that_fails_nothing_is_executed_and_nothing_committed() {
    for (wrong, code) in [
        ("INSERT INTO t VALUES (1, 'again')", "1062"),
        ("INSERT INTO t VALUE (2, 'x' y)", "1064"),
        ("INSERT INTO nowhere VALUES (2)", "1146"),
    ] {
        let (_own, mut session) = session().await;
        make(&mut *session).await;
        let statements = ["INSERT INTO t VALUES (1, 'a')", wrong];
        let answers = transaction(&mut *session, &statements, "").await;
        assert_eq!(answers.done.len(), 3, "{wrong}");
        let together = answers.failed.expect(wrong);
        assert_eq!(together.code.as_deref(), Some(code));
        assert!(session.in_transaction());
        let alone = session.execute(wrong).await.expect_err(wrong);
        assert_eq!(together, alone);
        session.rollback().await.expect("works");
        assert_eq!(count(&mut *session).await, 1, "{wrong}");
    }
}

#[tokio::test]
async fn a_row_that_is_there_already_keeps_all_from_being_committed() {
    let (_own, mut session) = session().await;
    make(&mut *session).await;
    let statements = ["INSERT INTO t VALUES (9, 'mine')"];
    let answers = transaction(&mut *session, &statements, "late").await;
    assert_eq!(answers.done.len(), 3);
    assert_eq!(answers.failed.unwrap().code.as_deref(), Some("1062"));
    session.rollback().await.expect("works");
    assert_eq!(count(&mut *session).await, 1);
}

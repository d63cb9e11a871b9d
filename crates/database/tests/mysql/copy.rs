//! `LOAD DATA LOCAL INFILE`.

use std::io;

use async_trait::async_trait;
use shipgate_database::{CopyRows, ErrorKind};

use crate::support::{number, session};

/// Pieces of a file, of which one may not be readable.
struct Pieces(Vec<io::Result<Vec<u8>>>);

impl Pieces {
    fn new<const N: usize>(pieces: [&'static str; N]) -> Self {
        Self(
            pieces
                .into_iter()
                .map(|piece| Ok(piece.as_bytes().to_vec()))
                .rev()
                .collect(),
        )
    }

    fn then_broken(mut self) -> Self {
        self.0.insert(0, Err(io::Error::other("the disk is gone")));
        self
    }
}

#[async_trait]
impl CopyRows for Pieces {
    async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.0.pop().transpose()
    }
}

const LOAD: &str = "LOAD DATA LOCAL INFILE 'rows' INTO TABLE t";

#[tokio::test]
async fn rows_are_loaded_as_a_file_would_be() {
    let (_own, mut session) = session().await;
    session
        .execute("CREATE TABLE t (a int, b text)")
        .await
        .expect("works");
    let executed = session
        .copy_in(LOAD, &mut Pieces::new(["1\tx\n2", "\ty\n"]))
        .await
        .expect("works");
    assert_eq!(executed.rows, 2);
    assert_eq!(
        number(&mut *session, "SELECT CAST(sum(a) AS SIGNED) FROM t").await,
        3
    );
    assert!(!session.in_transaction());
}

#[tokio::test]
async fn half_a_file_leaves_nothing() {
    let (_own, mut session) = session().await;
    session
        .execute("CREATE TABLE t (a int)")
        .await
        .expect("works");
    let error = session
        .copy_in(LOAD, &mut Pieces::new(["1\n2\n"]).then_broken())
        .await
        .unwrap_err();
    assert_eq!(
        error.message,
        "the rows could not be read: the disk is gone"
    );
    assert_eq!(number(&mut *session, "SELECT count(*) FROM t").await, 0);

    session.begin().await.expect("works");
    session
        .execute("INSERT INTO t VALUES (7)")
        .await
        .expect("works");
    session
        .copy_in(LOAD, &mut Pieces::new(["1\n2\n"]).then_broken())
        .await
        .unwrap_err();
    assert!(session.in_transaction());
    session.commit().await.expect("works");
    assert_eq!(
        number(&mut *session, "SELECT CAST(sum(a) AS SIGNED) FROM t").await,
        7
    );
}

#[tokio::test]
async fn a_refusal_of_the_server_leaves_a_session_of_use() {
    let (_own, mut session) = session().await;
    let error = session
        .copy_in(LOAD, &mut Pieces::new(["1\n"]))
        .await
        .unwrap_err();
    assert_eq!(error.code.as_deref(), Some("1146"));
    let error = session
        .copy_in("DO 1", &mut Pieces::new(["1\n"]))
        .await
        .unwrap_err();
    assert_eq!(
        error.message,
        "the statement is no LOAD DATA LOCAL INFILE: it asked for no rows"
    );
    assert_eq!(number(&mut *session, "SELECT 1").await, 1);
}

#[tokio::test]
async fn no_statement_reads_a_file_of_this_machine() {
    let (_own, mut session) = session().await;
    session
        .execute("CREATE TABLE t (a text)")
        .await
        .expect("works");
    let error = session
        .execute("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t")
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(
        error
            .message
            .starts_with("LOAD DATA LOCAL INFILE asks for the file `/etc/passwd`"),
        "{error}"
    );
    assert_eq!(number(&mut *session, "SELECT count(*) FROM t").await, 0);
}

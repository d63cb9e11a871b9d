//! `LOAD DATA LOCAL INFILE` with the caller's rows.

use tokio::sync::mpsc;

use super::error;
use super::infile::Rows;
use super::link::Link;
use crate::{CopyRows, ErrorKind, Executed, StatementError};

/// Bytes that go in one packet.
const PIECE: usize = 1024 * 1024;

/// What undoes half a file inside the caller's transaction.
const SAVEPOINT: &str = "shipgate_load";

/// How the rows ended.
pub(super) enum Fed {
    /// All were given, or the statement wanted no more.
    Whole,
    /// They could not be read.
    Broken(std::io::Error),
}

impl Link {
    /// Runs the statement with `rows`, in a transaction or behind a savepoint:
    /// what half a file changed is undone when `fed` says that it was half a file.
    pub(super) async fn copy(
        &mut self,
        text: &str,
        rows: Rows,
        fed: tokio::sync::oneshot::Receiver<Fed>,
    ) -> Result<Executed, StatementError> {
        let is_inside = self.in_transaction();
        let begin = if is_inside {
            format!("SAVEPOINT {SAVEPOINT}")
        } else {
            "START TRANSACTION".to_owned()
        };
        self.execute(&begin).await?;
        self.infile().serve(rows);
        let outcome = self.execute(text).await;
        let unasked = self.infile().take_back();
        let outcome = match (outcome, fed.await) {
            (Ok(_), Ok(Fed::Broken(error))) => Err(StatementError::new(
                ErrorKind::Refused,
                format!("the rows could not be read: {error}"),
            )),
            // Nobody waits for it any more, and half the file may be missing.
            (Ok(_), Err(_)) => Err(error::cancelled()),
            (Ok(_), _) if unasked => Err(StatementError::new(
                ErrorKind::Refused,
                "the statement is no LOAD DATA LOCAL INFILE: it asked for no rows",
            )),
            (outcome, _) => outcome,
        };
        let end = match (&outcome, is_inside) {
            (Ok(_), true) => format!("RELEASE SAVEPOINT {SAVEPOINT}"),
            (Ok(_), false) => "COMMIT".to_owned(),
            (Err(_), true) => format!("ROLLBACK TO SAVEPOINT {SAVEPOINT}"),
            (Err(_), false) => "ROLLBACK".to_owned(),
        };
        let ended = self.execute(&end).await;
        let executed = outcome?;
        ended?;
        Ok(executed)
    }
}

/// Hands the caller's rows on until they or the statement end.
pub(super) async fn feed(rows: &mut dyn CopyRows, sink: mpsc::Sender<Vec<u8>>) -> Fed {
    loop {
        let bytes = match rows.next().await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Fed::Whole,
            Err(error) => return Fed::Broken(error),
        };
        for piece in bytes.chunks(PIECE) {
            if sink.send(piece.to_vec()).await.is_err() {
                return Fed::Whole;
            }
        }
    }
}

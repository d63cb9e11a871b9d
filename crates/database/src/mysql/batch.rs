//! Several statements in one packet.
//!
//! The server runs the statements of a packet one after the other, whatever
//! becomes of the client, and stops at the first that fails. So only changes of rows
//! inside a transaction are sent this way: if the connection is lost, none of
//! them stays. Behind each stands `SHOW WARNINGS`, which tells of the last one only.

use mysql_async::prelude::Queryable;
use mysql_async::{Error, QueryResult, TextProtocol};
use shipgate_sql::{Dialect, StatementKind, classify};

use super::link::Link;
use super::warnings;
use crate::{Batch, ErrorKind, Executed, StatementError};

/// Bytes that one packet may have: enough that its way to the server and back
/// does not count, little enough that progress is told often.
pub(super) const LONGEST: usize = 128 * 1024;

/// What stands behind each statement: the line end ends a comment.
pub(super) const BEHIND: &str = "\n;SHOW WARNINGS;\n";

impl Link {
    /// Runs statements until the first that fails.
    pub(super) async fn execute_all(&mut self, texts: &[String]) -> Batch {
        let mut batch = Batch::default();
        while batch.failed.is_none() && batch.done.len() < texts.len() {
            let rest = &texts[batch.done.len()..];
            let together = if self.in_transaction() {
                self.fitting(rest)
            } else {
                0
            };
            if together < 2 {
                match self.execute(&rest[0]).await {
                    Ok(executed) => batch.done.push(executed),
                    Err(error) => batch.failed = Some(error),
                }
            } else {
                self.execute_together(&rest[..together], &mut batch).await;
            }
        }
        batch
    }

    /// How many of the first statements go into one packet.
    fn fitting(&self, texts: &[String]) -> usize {
        let longest = LONGEST.min(self.longest() / 2);
        let mut length = 0;
        texts
            .iter()
            .take_while(|text| {
                length += text.len() + BEHIND.len();
                length < longest && is_change_of_rows(self.dialect(), text)
            })
            .count()
    }

    async fn execute_together(&mut self, texts: &[String], batch: &mut Batch) {
        let mut packet = String::new();
        for text in texts {
            packet.push_str(text.trim_end().trim_end_matches(';'));
            packet.push_str(BEHIND);
        }
        let first = batch.done.len();
        let outcome = match self.conn().query_iter(packet).await {
            Ok(mut result) => read(&mut result, &mut batch.done).await,
            Err(failure) => Err(failure),
        };
        let failing = batch.done.len() - first;
        let text = texts.get(failing).map_or("", String::as_str);
        batch.failed = match self.settle(outcome, text).await {
            Ok(()) => None,
            Err(failure) if is_syntax(&failure) => self.again(text, failure).await,
            Err(failure) => Some(failure),
        };
    }

    /// What a syntax error shows runs on into the next statement: the one that
    /// is wrong is sent once more, alone.
    pub(super) async fn again(
        &mut self,
        text: &str,
        failure: StatementError,
    ) -> Option<StatementError> {
        match self.execute(text).await {
            Err(alone) => Some(alone),
            Ok(_) => Some(failure),
        }
    }
}

/// Reads the answers: of a statement and of its `SHOW WARNINGS`, in turns.
async fn read(
    result: &mut QueryResult<'_, '_, TextProtocol>,
    done: &mut Vec<Executed>,
) -> Result<(), Error> {
    let mut executed: Option<Executed> = None;
    while let Some(columns) = result.columns() {
        match &mut executed {
            None => {
                let rows = if columns.is_empty() {
                    result.affected_rows()
                } else {
                    0
                };
                while result.next().await?.is_some() {}
                executed = Some(Executed {
                    rows,
                    notices: Vec::new(),
                });
            }
            Some(_) => {
                let mut shown = Vec::new();
                while let Some(row) = result.next().await? {
                    shown.push(row);
                }
                if let Some(mut executed) = executed.take() {
                    executed.notices = warnings::notices(shown);
                    done.push(executed);
                }
            }
        }
    }
    while result.next().await?.is_some() {}
    Ok(())
}

/// Whether a text is one statement that changes rows and does nothing else,
/// and can be followed by another.
pub(super) fn is_change_of_rows(dialect: Dialect, text: &str) -> bool {
    let is_change = matches!(
        classify(dialect, text),
        StatementKind::Insert | StatementKind::Update | StatementKind::Delete
    );
    // A semicolon at the end may belong to a comment.
    let last_line = text.trim_end().rsplit('\n').next().unwrap_or_default();
    let ends_clear =
        !text.trim_end().ends_with(';') || !(last_line.contains("--") || last_line.contains('#'));
    is_change && ends_clear
}

pub(super) fn is_syntax(failure: &StatementError) -> bool {
    failure.kind == ErrorKind::Refused && matches!(failure.code.as_deref(), Some("1064" | "1149"))
}

//! `COPY … FROM STDIN`: rows from the client, with no more of them in memory
//! than are on their way.

use std::io;

use bytes::{BufMut, BytesMut};
use postgres_protocol::message::frontend;

use super::answer::Answer;
use super::error::{refuse_nul, statement_error};
use super::message::tag;
use super::session::PostgresSession;
use crate::{CopyRows, ErrorKind, Executed, StatementError};

/// Rows of a `COPY` that may wait to be sent.
const ROWS_AHEAD: usize = 256 * 1024;

impl PostgresSession {
    /// Runs `COPY … FROM STDIN`.
    pub(super) async fn run_copy(
        &mut self,
        statement: &str,
        rows: &mut dyn CopyRows,
    ) -> Result<Executed, StatementError> {
        refuse_nul(statement)?;
        let around = self.around(false);
        let call = self.begin_call().await?;
        let session = &mut *call.session;
        session.send_before(&around)?;
        session.send_query(statement)?;
        let answers = async {
            session.answer_around(&around).await?;
            let answer = session.copy(rows).await?;
            if let Some((_, after)) = &around {
                // Among the rows it would be read as one of them.
                frontend::query(after, session.wire.output())?;
                session.unanswered += 1;
            }
            session.answer_around(&around).await?;
            io::Result::Ok(answer)
        }
        .await;
        drop(call);
        let (answer, unread) = answers.map_err(|error| self.lose(&error))?;
        self.close_if_fatal(&answer);
        match (unread, answer.error) {
            (Some(error), _) => Err(StatementError::new(
                ErrorKind::Refused,
                format!("cannot read the rows to copy: {error}"),
            )),
            (None, Some(report)) => Err(statement_error(&report, statement)),
            (None, None) => Ok(answer.executed),
        }
    }

    /// The answer to a `COPY` whose statement has been sent; with the error
    /// of reading the rows, if that failed.
    async fn copy(&mut self, rows: &mut dyn CopyRows) -> io::Result<(Answer, Option<io::Error>)> {
        let mut answer = Answer::default();
        let mut unread = None;
        // Until the server asks for rows, or has refused.
        loop {
            let frame = self.wire.next().await?;
            if frame.tag == tag::COPY_IN {
                break;
            }
            if self.take(frame.tag, frame.body, &mut answer)? {
                return Ok((answer, None));
            }
        }
        self.is_copying = true;
        loop {
            match rows.next().await {
                Ok(Some(chunk)) => copy_data(self.wire.output(), &chunk)?,
                Ok(None) => {
                    frontend::copy_done(self.wire.output());
                    break;
                }
                Err(error) => {
                    unread = Some(error);
                    frontend::copy_fail("its rows cannot be read", self.wire.output())?;
                    break;
                }
            }
            while let Some(frame) = self.wire.send(ROWS_AHEAD).await? {
                let is_error = frame.tag == tag::ERROR;
                if self.take(frame.tag, frame.body, &mut answer)? {
                    self.is_copying = false;
                    return Ok((answer, None));
                }
                if is_error {
                    break;
                }
            }
            if answer.error.is_some() {
                break;
            }
        }
        self.is_copying = false;
        loop {
            let frame = self.wire.next().await?;
            if frame.tag == tag::COPY_IN {
                // A second `COPY` in one text: there are no rows for it.
                frontend::copy_fail("its rows are missing", self.wire.output())?;
            } else if self.take(frame.tag, frame.body, &mut answer)? {
                return Ok((answer, unread));
            }
        }
    }
}

/// `CopyData`: the rows as they are.
fn copy_data(output: &mut BytesMut, rows: &[u8]) -> io::Result<()> {
    let length = i32::try_from(rows.len() + 4)
        .map_err(|_| io::Error::other("rows of more than 2 GiB at once"))?;
    output.put_u8(b'd');
    output.put_i32(length);
    output.put_slice(rows);
    Ok(())
}

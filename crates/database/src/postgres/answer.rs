//! What the server answers to a statement, and what it means.

use std::io;

use bytes::Bytes;
use postgres_protocol::message::frontend;

use super::error::lost;
use super::message::{self, Report, column_types, rows_changed, tag, text};
use super::session::PostgresSession;
use super::status::Status;
use super::values;
use crate::{Executed, StatementError, Value};

/// The answer to one statement, up to `ReadyForQuery`.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) executed: Executed,
    returned_rows: bool,
    /// The last command's tag.
    pub(super) tag: String,
    pub(super) error: Option<Report>,
}

impl PostgresSession {
    /// Reads until the server is ready for the next statement; rows are
    /// discarded, and a `COPY` that wants some gets none.
    pub(super) async fn answer(&mut self) -> io::Result<Answer> {
        let mut answer = Answer::default();
        loop {
            let frame = self.wire.next().await?;
            if frame.tag == tag::COPY_IN {
                frontend::copy_fail("its rows are missing", self.wire.output())?;
            } else if self.take(frame.tag, frame.body, &mut answer)? {
                return Ok(answer);
            }
        }
    }

    /// As [`answer`](Self::answer), with the rows.
    pub(super) async fn rows(&mut self) -> io::Result<(Vec<Vec<Value>>, Answer)> {
        let mut answer = Answer::default();
        let mut types = Vec::new();
        let mut rows = Vec::new();
        loop {
            let frame = self.wire.next().await?;
            match frame.tag {
                tag::ROW_DESCRIPTION => types = column_types(frame.body)?,
                tag::DATA_ROW => rows.push(values::row(frame.body, &types)?),
                tag::COPY_IN => frontend::copy_fail("its rows are missing", self.wire.output())?,
                other => {
                    if self.take(other, frame.body, &mut answer)? {
                        return Ok((rows, answer));
                    }
                }
            }
        }
    }

    /// Takes a message into the answer; true when it was the last.
    pub(super) fn take(
        &mut self,
        tag: u8,
        mut body: Bytes,
        answer: &mut Answer,
    ) -> io::Result<bool> {
        match tag {
            tag::READY => {
                self.status = Status::parse(&body);
                self.unanswered = self.unanswered.saturating_sub(1);
                answer.executed.notices.append(&mut self.notices);
                return Ok(true);
            }
            tag::ROW_DESCRIPTION => answer.returned_rows = true,
            tag::COMMAND_COMPLETE => {
                answer.tag = text(&mut body)?;
                answer.executed.rows += rows_changed(&answer.tag, answer.returned_rows);
                answer.returned_rows = false;
            }
            tag::ERROR => {
                let report = Report::parse(body);
                // What follows a fatal error is the end of the connection.
                if matches!(report.severity.as_str(), "FATAL" | "PANIC") {
                    self.is_lost = true;
                    answer.error.get_or_insert(report);
                    return Ok(true);
                }
                answer.error.get_or_insert(report);
            }
            tag::NOTICE => self.notices.push(notice(&Report::parse(body))),
            tag::PARAMETER_STATUS => {
                let (name, value) = message::parameter(body)?;
                self.parameters.insert(name, value);
            }
            _ => {}
        }
        Ok(false)
    }

    /// Reads the answers that a dropped call has left.
    pub(super) async fn settle(&mut self) -> Result<(), StatementError> {
        if self.is_copying {
            self.is_copying = false;
            frontend::copy_fail("stopped", self.wire.output()).map_err(|error| lost(&error))?;
        }
        while self.unanswered > 0 && !self.is_lost {
            if let Err(error) = self.answer().await {
                return Err(self.lose(&error));
            }
        }
        self.notices.clear();
        Ok(())
    }

    pub(super) fn close_if_fatal(&mut self, answer: &Answer) {
        if answer
            .error
            .as_ref()
            .is_some_and(|report| matches!(report.severity.as_str(), "FATAL" | "PANIC"))
        {
            self.is_lost = true;
        }
    }

    pub(super) fn lose(&mut self, error: &io::Error) -> StatementError {
        self.is_lost = true;
        self.status = Status::Idle;
        lost(error)
    }
}

/// `NOTICE: relation "t" already exists, skipping`, with what is added.
fn notice(report: &Report) -> String {
    let mut text = format!("{}: {}", report.severity, report.message);
    for (name, part) in [("DETAIL", &report.detail), ("HINT", &report.hint)] {
        if let Some(part) = part {
            text.push_str(&format!("\n{name}: {part}"));
        }
    }
    text
}

//! Running statements: messages out, answers in, and what they mean.

use std::io;

use bytes::Bytes;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;

use super::error::{lost, refuse_nul, statement_error};
use super::message::{Report, column_types, fields, rows_changed, tag, text};
use super::session::PostgresSession;
use super::status::Status;
use super::values;
use crate::{Batch, CopyRows, ErrorKind, Executed, StatementError, Value};

/// At most this many bytes of statements are sent ahead of their answers.
const SENT_AHEAD: usize = 256 * 1024;
/// At most this many statements are.
const STATEMENTS_AHEAD: usize = 256;
/// Rows of a `COPY` that may wait to be sent.
const ROWS_AHEAD: usize = 256 * 1024;

/// The answer to one statement, up to `ReadyForQuery`.
#[derive(Default)]
struct Answer {
    executed: Executed,
    returned_rows: bool,
    /// The last command's tag.
    tag: String,
    error: Option<Report>,
}

impl PostgresSession {
    /// Runs a text by the simple protocol and returns what it did and the
    /// last command's tag.
    pub(super) async fn run(
        &mut self,
        statement: &str,
    ) -> Result<(Executed, String), StatementError> {
        refuse_nul(statement)?;
        let call = self.begin_call().await?;
        call.session.send_query(statement)?;
        let answer = call.session.answer().await;
        drop(call);
        let answer = answer.map_err(|error| self.lose(&error))?;
        self.close_if_fatal(&answer);
        match answer.error {
            None => Ok((answer.executed, answer.tag)),
            Some(report) => Err(statement_error(&report, statement)),
        }
    }

    /// Runs statements of one transaction, sent without waiting for each
    /// other. One that fails makes the server refuse all behind it.
    pub(super) async fn run_all(&mut self, statements: &[&str]) -> Batch {
        let mut batch = Batch::default();
        let call = match self.begin_call().await {
            Ok(call) => call,
            Err(error) => {
                batch.failed = Some(error);
                return batch;
            }
        };
        let session = &mut *call.session;
        let mut sent = 0;
        let mut ahead = 0;
        let mut answered = 0;
        let result = loop {
            while sent < statements.len()
                && batch.failed.is_none()
                && sent - answered < STATEMENTS_AHEAD
                && ahead < SENT_AHEAD
            {
                let statement = statements[sent];
                if let Err(error) =
                    refuse_nul(statement).and_then(|()| session.send_query(statement))
                {
                    // Those before it are answered first.
                    batch.failed = Some(error);
                    break;
                }
                ahead += statement.len();
                sent += 1;
            }
            if answered == sent {
                break Ok(());
            }
            let statement = statements[answered];
            match session.answer().await {
                Err(error) => break Err(error),
                Ok(answer) => {
                    ahead -= statement.len();
                    answered += 1;
                    match answer.error {
                        None if batch.done.len() + 1 == answered => {
                            batch.done.push(answer.executed);
                        }

                        Some(report) if batch.done.len() + 1 == answered => {
                            batch.failed = Some(statement_error(&report, statement));
                        }
                        // Refused because of the one that failed.
                        _ => {}
                    }
                }
            }
        };
        drop(call);
        if let Err(error) = result {
            batch.failed = Some(self.lose(&error));
        }
        batch
    }

    /// Runs one statement by the extended protocol, with an unnamed prepared
    /// statement that a pooler has nothing to remember of.
    pub(super) async fn run_bound(
        &mut self,
        statement: &str,
        bound: &[Value],
    ) -> Result<Vec<Vec<Value>>, StatementError> {
        refuse_nul(statement)?;
        let call = self.begin_call().await?;
        call.session.send_bound(statement, bound)?;
        let answer = call.session.rows().await;
        drop(call);
        let (rows, answer) = answer.map_err(|error| self.lose(&error))?;
        self.close_if_fatal(&answer);
        match answer.error {
            None => Ok(rows),
            Some(report) => Err(statement_error(&report, statement)),
        }
    }

    /// Runs `COPY … FROM STDIN`.
    pub(super) async fn run_copy(
        &mut self,
        statement: &str,
        rows: &mut dyn CopyRows,
    ) -> Result<Executed, StatementError> {
        refuse_nul(statement)?;
        let call = self.begin_call().await?;
        call.session.send_query(statement)?;
        let answer = call.session.copy(rows).await;
        drop(call);
        let (answer, unread) = answer.map_err(|error| self.lose(&error))?;
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

    fn send_query(&mut self, statement: &str) -> Result<(), StatementError> {
        frontend::query(statement, self.wire.output()).map_err(|error| too_long(&error))?;
        self.unanswered += 1;
        Ok(())
    }

    fn send_bound(&mut self, statement: &str, bound: &[Value]) -> Result<(), StatementError> {
        let output = self.wire.output();
        let before = output.len();
        let types = bound.iter().map(values::bound_type);
        let result = frontend::parse("", statement, types, output).and_then(|()| {
            frontend::bind(
                "",
                "",
                [],
                bound,
                |value, buffer| {
                    Ok(match values::bound_text(value) {
                        None => IsNull::Yes,
                        Some(text) => {
                            buffer.extend_from_slice(text.as_bytes());
                            IsNull::No
                        }
                    })
                },
                [],
                output,
            )
            .map_err(|_| io::Error::other("too many values, or one that is too long"))?;
            frontend::describe(b'P', "", output)?;
            frontend::execute("", 0, output)?;
            // Left open, it would hold its snapshot to the transaction's end.
            frontend::close(b'P', "", output)
        });
        if let Err(error) = result {
            output.truncate(before);
            return Err(too_long(&error));
        }
        frontend::sync(output);
        self.unanswered += 1;
        Ok(())
    }

    /// Reads until the server is ready for the next statement; rows are
    /// discarded, and a `COPY` that wants some gets none.
    async fn answer(&mut self) -> io::Result<Answer> {
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

    async fn rows(&mut self) -> io::Result<(Vec<Vec<Value>>, Answer)> {
        let mut answer = Answer::default();
        let mut types = Vec::new();
        let mut rows = Vec::new();
        loop {
            let frame = self.wire.next().await?;
            match frame.tag {
                tag::ROW_DESCRIPTION => types = column_types(frame.body)?,
                tag::DATA_ROW => {
                    let fields = fields(frame.body)?;
                    let row: io::Result<Vec<Value>> = fields
                        .iter()
                        .zip(&types)
                        .map(|(field, type_of)| values::read(field.as_ref(), *type_of))
                        .collect();
                    rows.push(row?);
                }
                tag::COPY_IN => frontend::copy_fail("its rows are missing", self.wire.output())?,
                other => {
                    if self.take(other, frame.body, &mut answer)? {
                        return Ok((rows, answer));
                    }
                }
            }
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

    /// Takes a message into the answer; true when it was the last.
    fn take(&mut self, tag: u8, mut body: Bytes, answer: &mut Answer) -> io::Result<bool> {
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
                let (name, value) = super::message::parameter(body)?;
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

    fn close_if_fatal(&mut self, answer: &Answer) {
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

/// `CopyData`: the rows as they are.
fn copy_data(output: &mut bytes::BytesMut, rows: &[u8]) -> io::Result<()> {
    frontend::CopyData::new(Bytes::copy_from_slice(rows))?.write(output);
    Ok(())
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

fn too_long(error: &io::Error) -> StatementError {
    StatementError::new(
        ErrorKind::Refused,
        format!("cannot send the statement: {error}"),
    )
}

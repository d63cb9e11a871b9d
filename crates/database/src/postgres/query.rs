//! Running statements, one or many, with values or without.

use std::io;

use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;

use super::answer::Answer;
use super::error::{refuse_nul, statement_error};
use super::session::{PostgresSession, decides_transaction};
use super::status::Status;
use super::values;
use crate::{Batch, ErrorKind, Executed, StatementError, Value};

/// At most this many bytes of statements are sent ahead of their answers.
const SENT_AHEAD: usize = 256 * 1024;
/// At most this many statements are.
const STATEMENTS_AHEAD: usize = 256;
impl PostgresSession {
    /// Runs a text by the simple protocol and returns what it did and the
    /// last command's tag.
    pub(super) async fn run(
        &mut self,
        statement: &str,
    ) -> Result<(Executed, String), StatementError> {
        refuse_nul(statement)?;
        let decides = !self.kept.is_empty() && decides_transaction(statement);
        let around = self.around(decides);
        let call = self.begin_call().await?;
        let session = &mut *call.session;
        session.send_before(&around)?;
        session.send_query(statement)?;
        session.send_after(&around)?;
        let answers = async {
            let before = session.answer_around(&around).await?;
            let answer = session.answer().await?;
            session.answer_around(&around).await?;
            io::Result::Ok((before, answer))
        }
        .await;
        drop(call);
        let (before, answer) = answers.map_err(|error| self.lose(&error))?;
        self.close_if_fatal(&answer);
        if let Some(report) = before.and_then(|answer| answer.error) {
            return Err(statement_error(&report, ""));
        }
        match answer.error {
            None if decides => {
                self.keep_in_transaction().await?;
                Ok((answer.executed, answer.tag))
            }
            None => Ok((answer.executed, answer.tag)),
            Some(report) => Err(statement_error(&report, statement)),
        }
    }

    /// What is sent before and after a statement that is in no transaction,
    /// to make what a pooler does not keep. All three go out together, and
    /// stay on one connection of the pooler's that way.
    pub(super) fn around(&self, decides_transaction: bool) -> Option<(String, String)> {
        let is_needed =
            !self.kept.is_empty() && self.status == Status::Idle && !decides_transaction;
        is_needed.then(|| (self.kept.before(), self.kept.after()))
    }

    pub(super) fn send_before(
        &mut self,
        around: &Option<(String, String)>,
    ) -> Result<(), StatementError> {
        match around {
            Some((before, _)) => self.send_query(before),
            None => Ok(()),
        }
    }

    fn send_after(&mut self, around: &Option<(String, String)>) -> Result<(), StatementError> {
        match around {
            Some((_, after)) => self.send_query(after),
            None => Ok(()),
        }
    }

    pub(super) async fn answer_around(
        &mut self,
        around: &Option<(String, String)>,
    ) -> io::Result<Option<Answer>> {
        match around {
            Some(_) if !self.is_lost => self.answer().await.map(Some),
            _ => Ok(None),
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
            if answered == sent || session.is_lost {
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
        let around = self.around(false);
        let call = self.begin_call().await?;
        let session = &mut *call.session;
        session.send_before(&around)?;
        session.send_bound(statement, bound)?;
        session.send_after(&around)?;
        let answers = async {
            session.answer_around(&around).await?;
            let rows = session.rows().await?;
            session.answer_around(&around).await?;
            io::Result::Ok(rows)
        }
        .await;
        drop(call);
        let (rows, answer) = answers.map_err(|error| self.lose(&error))?;
        self.close_if_fatal(&answer);
        match answer.error {
            None => Ok(rows),
            Some(report) => Err(statement_error(&report, statement)),
        }
    }

    pub(super) fn send_query(&mut self, statement: &str) -> Result<(), StatementError> {
        frontend::query(statement, self.wire.output()).map_err(|error| too_long(&error))?;
        self.unanswered += 1;
        Ok(())
    }

    fn send_bound(&mut self, statement: &str, bound: &[Value]) -> Result<(), StatementError> {
        self.put_bound(statement, bound)?;
        frontend::sync(self.wire.output());
        self.unanswered += 1;
        Ok(())
    }

    /// A statement with its values, up to the `Sync` that asks for the answer.
    pub(super) fn put_bound(
        &mut self,
        statement: &str,
        bound: &[Value],
    ) -> Result<(), StatementError> {
        self.put_named("", true, statement, bound)
    }

    /// The same for a statement that the server keeps by a name, and knows
    /// already unless it `is_new`.
    pub(super) fn put_named(
        &mut self,
        name: &str,
        is_new: bool,
        statement: &str,
        bound: &[Value],
    ) -> Result<(), StatementError> {
        let output = self.wire.output();
        let before = output.len();
        let parsed = if is_new {
            let types = bound.iter().map(values::bound_type);
            frontend::parse(name, statement, types, output)
        } else {
            Ok(())
        };
        let result = parsed.and_then(|()| {
            frontend::bind(
                "",
                name,
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
        Ok(())
    }
}

fn too_long(error: &io::Error) -> StatementError {
    StatementError::new(
        ErrorKind::Refused,
        format!("cannot send the statement: {error}"),
    )
}

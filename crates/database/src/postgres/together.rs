//! Several calls in one message to the server.
//!
//! They go out by the extended protocol with one `Sync` behind the last: once
//! one has failed the server passes over all that follow, also a `COMMIT`
//! (<https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING>).

use std::io;

use bytes::Bytes;
use postgres_protocol::message::frontend;
use shipgate_sql::{Dialect, classify};

use super::answer::Answer as Whole;
use super::error::{refuse_nul, statement_error};
use super::message::{column_types, tag};
use super::named::Name;
use super::session::{PostgresSession, rolled_back};
use crate::session::call_by_call;
use crate::{Answer, Answers, Call, Executed, StatementError, Value};

/// The texts and values of a call.
fn bound<'c>(call: &Call<'c>) -> (&'c str, &'c [Value]) {
    match *call {
        Call::Begin => ("BEGIN", &[]),
        Call::Commit => ("COMMIT", &[]),
        Call::Execute(statement) => (statement, &[]),
        Call::Query(statement, values) => (statement, values),
    }
}

fn reads_rows(call: &Call<'_>) -> bool {
    matches!(call, Call::Execute(text) if classify(Dialect::Postgres, text).copies_from_stdin())
}

/// What is read of the call whose turn it is.
#[derive(Default)]
struct Turn {
    types: Vec<u32>,
    rows: Vec<Vec<Value>>,
    whole: Whole,
}

impl PostgresSession {
    /// Makes calls together.
    pub(super) async fn run_together(&mut self, calls: &[Call<'_>]) -> Answers {
        let is_pooled = match self.is_pooled().await {
            Ok(is_pooled) => is_pooled,
            Err(error) => return Answers::none(error),
        };
        // Behind a pooler there is more to do for each; and a `COPY` would read
        // the message behind it as its rows.
        if is_pooled || calls.iter().any(reads_rows) {
            return call_by_call(self, calls).await;
        }
        let call = match self.begin_call().await {
            Ok(call) => call,
            Err(error) => return Answers::none(error),
        };
        let session = &mut *call.session;
        if let Err(error) = session.send_together(calls) {
            session.named.forget();
            return Answers::none(error);
        }
        let answers = session.answers(calls).await;
        drop(call);
        if answers
            .as_ref()
            .is_ok_and(|answers| answers.failed.is_some())
        {
            self.named.forget();
        }
        answers.unwrap_or_else(|(done, error)| Answers {
            done,
            failed: Some(self.lose(&error)),
        })
    }

    /// Sends all or nothing.
    fn send_together(&mut self, calls: &[Call<'_>]) -> Result<(), StatementError> {
        let before = self.wire.output().len();
        let sent = calls.iter().try_for_each(|call| {
            let (text, values) = bound(call);
            refuse_nul(text)?;
            let is_ours = matches!(call, Call::Query(..));
            match is_ours.then(|| self.named.name(text, values)).flatten() {
                Some(Name { name, is_new }) => self.put_named(&name, is_new, text, values),
                None => self.put_bound(text, values),
            }
        });
        if sent.is_err() {
            self.wire.output().truncate(before);
            return sent;
        }
        frontend::sync(self.wire.output());
        self.unanswered += 1;
        Ok(())
    }

    async fn answers(&mut self, calls: &[Call<'_>]) -> Result<Answers, (Vec<Answer>, io::Error)> {
        let mut answers = Answers::default();
        let mut turn = Turn::default();
        loop {
            let frame = match self.wire.next().await {
                Ok(frame) => frame,
                Err(error) => return Err((answers.done, error)),
            };
            if !matches!(calls.get(answers.done.len()), Some(Call::Query(..))) {
                turn.rows.clear();
            }
            let is_last = match self.take_in_turn(&mut turn, frame.tag, frame.body) {
                Ok(is_last) => is_last,
                Err(error) => return Err((answers.done, error)),
            };
            if let Some(report) = turn.whole.error.take()
                && answers.failed.is_none()
            {
                let failing = calls.get(answers.done.len());
                let text = failing.map_or("", |call| bound(call).0);
                answers.failed = Some(statement_error(&report, text));
            }
            if is_last {
                return Ok(answers);
            }
            if matches!(frame.tag, tag::COMMAND_COMPLETE | tag::EMPTY_QUERY) {
                let turn = std::mem::take(&mut turn);
                if matches!(calls.get(answers.done.len()), Some(Call::Commit))
                    && turn.whole.tag == "ROLLBACK"
                {
                    answers.failed = Some(rolled_back());
                } else {
                    answers.done.push(turn.into_answer(&mut self.notices));
                }
            }
        }
    }

    /// Takes a message; true when it was the last of all.
    fn take_in_turn(&mut self, turn: &mut Turn, tag: u8, body: Bytes) -> io::Result<bool> {
        match tag {
            tag::ROW_DESCRIPTION => turn.types = column_types(body.clone())?,
            tag::DATA_ROW => turn
                .rows
                .push(super::values::row(body.clone(), &turn.types)?),
            _ => {}
        }
        self.take(tag, body, &mut turn.whole)
    }
}

impl Turn {
    fn into_answer(self, notices: &mut Vec<String>) -> Answer {
        Answer {
            executed: Executed {
                rows: self.whole.executed.rows,
                notices: std::mem::take(notices),
            },
            rows: self.rows,
        }
    }
}

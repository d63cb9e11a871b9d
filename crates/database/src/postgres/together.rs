//! Several calls in one message to the server.
//!
//! They go out by the extended protocol with one `Sync` behind the last: once
//! one has failed the server passes over all that follow, also a `COMMIT`
//! (<https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING>).

use std::borrow::Cow;
use std::io;

use bytes::Bytes;
use postgres_protocol::message::frontend;
use shipgate_sql::{Dialect, classify};

use super::answer::Answer as Whole;
use super::error::{refuse_nul, statement_error};
use super::message::{column_types, tag};
use super::named::Name;
use super::session::{LIMIT_TRANSACTION, PostgresSession, limit_values, rolled_back};
use crate::session::call_by_call;
use crate::{Answer, Call, Executed, StatementError, Value};

/// A call as it is sent.
struct Sent<'c> {
    text: &'c str,
    values: Cow<'c, [Value]>,
    /// It is asked again and again, and the server keeps it by a name.
    is_kept: bool,
}

impl<'c> Sent<'c> {
    /// `None`: it is not sent as it is.
    fn of(call: &Call<'c>) -> Option<Self> {
        let (text, values, is_kept): (_, &'c [Value], _) = match *call {
            Call::Begin => ("BEGIN", &[], false),
            Call::Commit => ("COMMIT", &[], false),
            // It would read the message behind it as its rows.
            Call::Execute(text) if classify(Dialect::Postgres, text).copies_from_stdin() => {
                return None;
            }
            Call::Execute(text) => (text, &[], false),
            Call::Query(text, values) => (text, values, true),
            Call::Ask(question) => (question.demand.as_deref()?, &[], true),
            Call::Limit(limits) => {
                return Some(Self {
                    text: LIMIT_TRANSACTION,
                    values: Cow::Owned(limit_values(limits).into()),
                    is_kept: true,
                });
            }
        };
        Some(Self {
            text,
            values: Cow::Borrowed(values),
            is_kept,
        })
    }
}

/// Whether somebody waits to hear that the first of these calls is done, while
/// the server is at those behind it.
fn is_waited_for(calls: &[Call<'_>]) -> bool {
    matches!(
        calls,
        [Call::Commit, _, ..] | [Call::Execute(_), Call::Execute(_), ..]
    )
}

/// What is read of the call whose turn it is.
#[derive(Default)]
struct Turn {
    types: Vec<u32>,
    rows: Vec<Vec<Value>>,
    whole: Whole,
}

impl PostgresSession {
    /// Makes calls together, and tells the answers as they come; why the call
    /// after those failed, if one did.
    pub(super) async fn run_together(
        &mut self,
        calls: &[Call<'_>],
        answered: &mut (dyn FnMut(Answer) + Send),
    ) -> Option<StatementError> {
        let is_pooled = match self.is_pooled().await {
            Ok(is_pooled) => is_pooled,
            Err(error) => return Some(error),
        };
        let sent: Option<Vec<Sent<'_>>> = calls.iter().map(Sent::of).collect();
        // Behind a pooler there is more to do for each.
        let Some(sent) = sent.filter(|_| !is_pooled) else {
            let answers = call_by_call(self, calls).await;
            answers.done.into_iter().for_each(answered);
            return answers.failed;
        };
        let call = match self.begin_call().await {
            Ok(call) => call,
            Err(error) => return Some(error),
        };
        let session = &mut *call.session;
        if let Err(error) = session.send_together(calls, &sent) {
            session.named.forget();
            return Some(error);
        }
        let failed = session.answers(calls, &sent, answered).await;
        drop(call);
        match failed {
            Ok(None) => None,
            Ok(failed) => {
                self.named.forget();
                failed
            }
            Err(error) => Some(self.lose(&error)),
        }
    }

    /// Sends all or nothing.
    fn send_together(
        &mut self,
        calls: &[Call<'_>],
        sent: &[Sent<'_>],
    ) -> Result<(), StatementError> {
        let before = self.wire.output().len();
        let put = sent.iter().enumerate().try_for_each(|(index, sent)| {
            let (text, values) = (sent.text, &sent.values[..]);
            refuse_nul(text)?;
            match sent
                .is_kept
                .then(|| self.named.name(text, values))
                .flatten()
            {
                Some(Name { name, is_new }) => self.put_named(&name, is_new, text, values),
                None => self.put_bound(text, values),
            }?;
            if is_waited_for(&calls[index..]) {
                frontend::flush(self.wire.output());
            }
            Ok(())
        });
        if put.is_err() {
            self.wire.output().truncate(before);
            return put;
        }
        frontend::sync(self.wire.output());
        self.unanswered += 1;
        Ok(())
    }

    async fn answers(
        &mut self,
        calls: &[Call<'_>],
        sent: &[Sent<'_>],
        answered: &mut (dyn FnMut(Answer) + Send),
    ) -> io::Result<Option<StatementError>> {
        let mut failed = None;
        let mut done = 0;
        let mut turn = Turn::default();
        loop {
            let frame = self.wire.next().await?;
            if !matches!(calls.get(done), Some(Call::Query(..))) {
                turn.rows.clear();
            }
            let is_last = self.take_in_turn(&mut turn, frame.tag, frame.body)?;
            if let Some(report) = turn.whole.error.take()
                && failed.is_none()
            {
                let text = sent.get(done).map_or("", |sent| sent.text);
                failed = Some(statement_error(&report, text));
            }
            if is_last {
                return Ok(failed);
            }
            if failed.is_none() && matches!(frame.tag, tag::COMMAND_COMPLETE | tag::EMPTY_QUERY) {
                let turn = std::mem::take(&mut turn);
                if matches!(calls.get(done), Some(Call::Commit)) && turn.whole.tag == "ROLLBACK" {
                    failed = Some(rolled_back());
                } else {
                    done += 1;
                    answered(turn.into_answer(&mut self.notices));
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

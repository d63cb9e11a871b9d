//! Several calls in one packet.
//!
//! As in [`super::batch`] the server goes through the packet whatever becomes of the
//! client, and stops at the first statement that fails. So a `COMMIT` in it
//! commits only if everything before it was done.

use mysql_async::prelude::Queryable;
use mysql_async::{QueryResult, Row, TextProtocol};

use super::batch::{BEHIND, LONGEST, is_change_of_rows, is_syntax};
use super::link::Link;
use super::{value, warnings};
use crate::{Answer, Answers, Executed, Value};

/// A call, as it goes to the connection's task.
pub(super) enum Step {
    Begin(&'static str),
    Execute(String),
    Query(String, Vec<Value>),
    Commit,
}

impl Step {
    fn text(&self) -> &str {
        match self {
            Self::Begin(text) => text,
            Self::Execute(text) | Self::Query(text, _) => text,
            Self::Commit => "COMMIT",
        }
    }
}

impl Link {
    /// Makes calls up to the first that fails.
    pub(super) async fn call_all(&mut self, steps: &[Step]) -> Answers {
        match self.packet(steps) {
            Some(packet) => self.in_one_packet(steps, packet).await,
            None => self.one_by_one(steps).await,
        }
    }

    async fn one_by_one(&mut self, steps: &[Step]) -> Answers {
        let mut answers = Answers::default();
        for step in steps {
            let answer = match step {
                Step::Query(text, values) => self.query(text, values).await.map(rows_alone),
                step => self.execute(step.text()).await.map(Answer::of),
            };
            match answer {
                Ok(answer) => answers.done.push(answer),
                Err(error) => {
                    answers.failed = Some(error);
                    break;
                }
            }
        }
        answers
    }

    /// All of them in one text; `None` if they do not go into one.
    fn packet(&self, steps: &[Step]) -> Option<String> {
        let mut packet = String::new();
        for step in steps {
            match step {
                Step::Begin(_) | Step::Commit => packet.push_str(step.text()),
                Step::Execute(text) => {
                    if !is_change_of_rows(self.dialect(), text) {
                        return None;
                    }
                    packet.push_str(text.trim_end().trim_end_matches(';'));
                    packet.push_str(BEHIND);
                    continue;
                }
                Step::Query(text, values) => packet.push_str(&value::spelled(text, values)?),
            }
            packet.push_str(";\n");
        }
        let longest = LONGEST.min(self.longest() / 2);
        (steps.len() > 1 && packet.len() < longest).then_some(packet)
    }

    async fn in_one_packet(&mut self, steps: &[Step], packet: String) -> Answers {
        let mut answers = Answers::default();
        let outcome = match self.conn().query_iter(packet).await {
            Ok(mut result) => read(&mut result, steps, &mut answers.done).await,
            Err(failure) => Err(failure),
        };
        let failing = steps.get(answers.done.len());
        let text = failing.map_or("", Step::text).to_owned();
        answers.failed = match self.settle(outcome, &text).await {
            Ok(()) => None,
            Err(failure) if is_syntax(&failure) && matches!(failing, Some(Step::Execute(_))) => {
                self.again(&text, failure).await
            }
            Err(failure) => Some(failure),
        };
        answers
    }
}

fn rows_alone(rows: Vec<Vec<Value>>) -> Answer {
    Answer {
        rows,
        ..Answer::default()
    }
}

/// Reads the answers: one for each call, and behind that of a statement the
/// one of its `SHOW WARNINGS`.
async fn read(
    result: &mut QueryResult<'_, '_, TextProtocol>,
    steps: &[Step],
    done: &mut Vec<Answer>,
) -> Result<(), mysql_async::Error> {
    let mut changed: Option<u64> = None;
    while let Some(columns) = result.columns() {
        let is_empty = columns.is_empty();
        let affected = if is_empty { result.affected_rows() } else { 0 };
        let mut rows: Vec<Row> = Vec::new();
        while let Some(row) = result.next().await? {
            rows.push(row);
        }
        match (steps.get(done.len()), changed.take()) {
            (Some(Step::Execute(_)), None) => changed = Some(affected),
            (Some(Step::Execute(_)), Some(changed)) => done.push(Answer::of(Executed {
                rows: changed,
                notices: warnings::notices(rows),
            })),
            _ => done.push(rows_alone(rows.into_iter().map(value::row).collect())),
        }
    }
    // An error of a later statement is told by this only.
    while result.next().await?.is_some() {}
    Ok(())
}

//! A file of few statements in two messages: one opens its transaction, makes
//! sure of the lock and executes it; with that known to be done, the other
//! writes its row and commits.
//!
//! What is told, and what stays if it fails, is the same as in
//! [`super::in_transaction`], which does what is not suited for this.

use jiff::Timestamp;
use shipgate_database::{Answer, Call, ErrorKind, Question, StatementError};

use crate::apply::ApplyError;
use crate::apply::file_run::Run;
use crate::apply::prepare::Prepared;
use crate::apply::session::{not_begun, opening};
use crate::golang::GoDuration;
use crate::history::{Started, Timing};
use crate::script::{Cursor, Unit, Window};

/// A file with more statements is told of in parts.
pub(super) const MOST: usize = 8;

/// Whether a file was done together.
pub(super) enum Together {
    /// It was, and is committed.
    Done,
    /// It is not suited, or something failed that is better told of call by
    /// call. Nothing was done.
    NotSuited,
}

/// Whether the server lost, by what was executed, what it had kept for the
/// session: `invalid_sql_statement_name`, `feature_not_supported`.
pub(super) fn is_forgotten(error: &StatementError) -> bool {
    matches!(error.code.as_deref(), Some("26000" | "0A000"))
}

/// What a failure of the first message means.
enum Failure {
    OfStatement(ApplyError),
    /// Of what opens the transaction and makes sure of the lock.
    Before(StatementError),
}

impl<'a> Run<'a, '_> {
    pub(super) async fn attempt_together(
        &mut self,
        file: &Prepared<'a>,
        started: Timestamp,
    ) -> Result<Together, ApplyError> {
        let mut row = self.row(file, started);
        row.applied = row.total;
        let is_suited = file.started == Started::New
            && !self.enforces_foreign_keys
            && (1..=MOST).contains(&file.script.len())
            && self.history.insertion(&row, Timing::Revision).is_some();
        let Some(questions) = self.questions().filter(|_| is_suited) else {
            return Ok(Together::NotSuited);
        };
        let mut cursor = file.cursor()?;
        let mut window = Window::default();
        let dialect = self.dialect();
        cursor.fill(&mut window, MOST, &|unit| unit.may_run_together(dialect))?;
        let units: Vec<Unit<'_>> = window.units().collect();
        let is_suited = match units.as_slice() {
            [unit] => unit.is_one_statement(dialect) && !unit.kind.copies_from_stdin(),
            units => units.iter().all(|unit| unit.may_run_together(dialect)),
        };
        if !is_suited || units.len() != file.script.len() {
            return Ok(Together::NotSuited);
        }
        if self.conductor.cancel.is_cancelled() {
            return Err(ApplyError::Cancelled(None));
        }
        self.read_as_taken_apart(file, &cursor).await?;
        self.limit(file.patience, file.stops_others).await?;
        match self.open_and_execute(file, &units, &questions).await {
            Ok(()) => {}
            Err(Failure::OfStatement(error)) => {
                self.roll_back().await;
                return Err(error);
            }
            Err(Failure::Before(error)) => {
                self.roll_back().await;
                return self.failed_before(error);
            }
        }
        if let Err(error) = self.end_of(&mut cursor) {
            self.roll_back().await;
            return Err(error);
        }
        row.execution_time = GoDuration::between(started, self.conductor.now());
        let Some(statements) = self.history.insertion(&row, Timing::Revision) else {
            self.roll_back().await;
            return Ok(Together::NotSuited);
        };
        let answers = self.conductor.commit_with(&statements).await;
        let Some(error) = answers.failed else {
            return Ok(Together::Done);
        };
        if error.kind == ErrorKind::SessionLost {
            let files = std::slice::from_ref(file);
            self.look_for_lost_commit(files, error).await?;
            return Ok(Together::Done);
        }
        self.roll_back().await;
        if is_forgotten(&error) {
            self.conductor.told.rewind();
            return Ok(Together::NotSuited);
        }
        Err(if answers.done.len() < statements.len() {
            self.history.not_inserted(&row.version, error).into()
        } else {
            ApplyError::Transaction {
                action: "commit",
                source: error,
            }
        })
    }

    async fn open_and_execute(
        &mut self,
        file: &Prepared<'a>,
        units: &[Unit<'_>],
        questions: &[Question],
    ) -> Result<(), Failure> {
        let mut calls = opening(questions);
        let before = calls.len();
        calls.extend(units.iter().map(|unit| Call::Execute(unit.text)));
        let is_alone = units.len() == 1;
        if is_alone {
            self.teller().started(&units[0]);
        }
        let began = self.conductor.now();
        let answers = self.conductor.call_all(&calls).await;
        let elapsed = GoDuration::between(began, self.conductor.now());
        let (opened, executed) = answers.done.split_at(answers.done.len().min(before));
        for (unit, Answer { executed, .. }) in units.iter().zip(executed) {
            if !is_alone {
                self.teller().started(unit);
            }
            self.teller()
                .done(unit, is_alone.then_some(elapsed), executed);
        }
        if let Some(error) = answers.failed {
            let Some(unit) = units.get(executed.len()).filter(|_| opened.len() == before) else {
                return Err(Failure::Before(error));
            };
            if !is_alone {
                self.teller().started(unit);
            }
            return Err(Failure::OfStatement(
                self.statement_failed(file, unit, error),
            ));
        }
        let fenced = self.fenced_by(questions, opened).await;
        fenced.map_err(Failure::OfStatement)
    }

    fn failed_before(&mut self, error: StatementError) -> Result<Together, ApplyError> {
        if matches!(error.kind, ErrorKind::Cancelled | ErrorKind::SessionLost) {
            return Err(not_begun(error));
        }
        self.conductor.told.rewind();
        Ok(Together::NotSuited)
    }

    /// Reads a file to its end, which proves that it was not changed.
    fn end_of(&self, cursor: &mut Cursor<'_>) -> Result<(), ApplyError> {
        let mut window = Window::default();
        Ok(cursor.fill_one(&mut window)?)
    }
}

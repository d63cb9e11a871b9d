//! What a run does with its session: limits, fences, a new one for a lost one.

use shipgate_database::{
    Answer, Call, ErrorKind, Limits, OpenError, Question, StatementError, Value,
};
use shipgate_sql::Dialect;

use crate::apply::engine::connect;
use crate::apply::file_run::Run;
use crate::apply::intent::text;
use crate::apply::prepare::Prepared;
use crate::apply::session_state::SessionState;
use crate::apply::step_kind::{UNTRANSACTIONAL, Untransactional, may_change_engines};
use crate::apply::{ApplyError, ApplyEvent, Patience, StateGone};
use crate::script::{Unit, Window};

/// Opens a transaction and asks whether it is fenced.
pub(super) fn opening(questions: &[Question]) -> Vec<Call<'_>> {
    let questions = questions
        .iter()
        .map(|question| Call::Query(&question.text, &[]));
    std::iter::once(Call::Begin).chain(questions).collect()
}

/// Why a transaction could not be opened.
pub(super) fn not_begun(source: StatementError) -> ApplyError {
    if source.kind == ErrorKind::Cancelled {
        return ApplyError::Cancelled(None);
    }
    ApplyError::Transaction {
        action: "begin",
        source,
    }
}

impl Run<'_, '_> {
    pub(super) fn dialect(&self) -> Dialect {
        self.conductor.session.dialect()
    }

    /// Whether definitions end the transaction that is open.
    pub(super) fn definitions_commit(&self) -> bool {
        matches!(self.dialect(), Dialect::MySql | Dialect::MariaDb)
    }

    /// Sets how long the next statements wait and run.
    pub(super) async fn limit(
        &mut self,
        patience: Patience,
        stops_others: bool,
    ) -> Result<(), ApplyError> {
        self.limit_to(patience.limits(self.dialect(), stops_others))
            .await
    }

    pub(super) async fn limit_to(&mut self, limits: Limits) -> Result<(), ApplyError> {
        if self.limits == limits {
            return Ok(());
        }
        let session = &mut *self.conductor.session;
        session.limit(&limits).await.map_err(ApplyError::Session)?;
        self.limits = limits;
        Ok(())
    }

    /// The choices of several files together: the first that makes one wins.
    pub(super) fn patience_of_all(&self, files: &[Prepared<'_>]) -> Patience {
        files
            .iter()
            .fold(Patience::default(), |all, file| all.or(file.patience))
    }

    /// Opens a transaction, and makes sure that this run is still the one migrator.
    pub(super) async fn begin(&mut self) -> Result<(), ApplyError> {
        if let Some(questions) = self.questions() {
            let answers = self.conductor.call_all(&opening(&questions)).await;
            match answers.failed {
                None => return self.fenced_by(&questions, &answers.done).await,
                Some(source) if answers.done.is_empty() => return Err(not_begun(source)),
                // Asked by itself it tells why.
                Some(_) => self.roll_back().await,
            }
        }
        self.conductor.begin().await.map_err(not_begun)?;
        self.fence().await
    }

    /// What to ask to be fenced; nothing without a lock.
    pub(super) fn questions(&self) -> Option<Vec<Question>> {
        match &self.lock {
            None => Some(Vec::new()),
            Some(lock) => lock.questions(),
        }
    }

    /// Makes sure of the same as [`fence`](Self::fence), by the answers to
    /// what [opened](opening) the transaction.
    pub(super) async fn fenced_by(
        &mut self,
        questions: &[Question],
        answers: &[Answer],
    ) -> Result<(), ApplyError> {
        let mut asked = questions.iter().zip(answers.iter().skip(1));
        if asked.all(|(question, answer)| question.is_answered_by(&answer.rows)) {
            return Ok(());
        }
        self.fence().await
    }

    /// Makes sure that this run is still the one migrator.
    pub(super) async fn fence(&mut self) -> Result<(), ApplyError> {
        if let Some(lock) = &self.lock {
            lock.fence(&mut *self.conductor.session).await?;
        }
        Ok(())
    }

    /// Makes the session what the executed part of the file had made of it, as
    /// far as its text tells that. What it does not tell must not be needed.
    pub(super) async fn restore_session(&mut self, file: &Prepared<'_>) -> Result<(), ApplyError> {
        if file.skipped == 0 {
            return Ok(());
        }
        let mut state = SessionState::new(self.dialect());
        let mut cursor = file.script.cursor(None)?;
        let mut window = Window::default();
        for number in 1.. {
            cursor.fill_one(&mut window)?;
            let Some(unit) = window.first() else {
                break;
            };
            if number <= file.skipped {
                state.executed(&unit);
            } else if state.is_whole() {
                break;
            } else if let Some(gone) = state.needed_by(&unit) {
                return Err(ApplyError::StateGone(Box::new(StateGone {
                    path: file.file.path().to_owned(),
                    position: unit.position(0),
                    statement: unit.text.to_owned(),
                    gone,
                })));
            }
        }
        for statement in state.again() {
            self.conductor
                .emit(&ApplyEvent::SessionRestored { statement });
            let executed = self.conductor.execute(statement).await;
            executed.map_err(ApplyError::Session)?;
        }
        self.look_at_foreign_keys().await
    }

    /// A new session in the place of one that is lost.
    pub(super) async fn connect_again(&mut self) -> Result<(), OpenError> {
        let (session, waits) = connect(self.database, self.options, self.conductor.sink).await?;
        self.conductor.take_over(session, waits);
        self.limits = Limits::default();
        self.mark = None;
        Ok(())
    }

    /// Asks which tables' rows no transaction brings back.
    pub(super) async fn look_at_engines(&mut self) -> Result<(), ApplyError> {
        if !self.definitions_commit() {
            return Ok(());
        }
        let session = &mut *self.conductor.session;
        let rows = session.query(UNTRANSACTIONAL, &[]).await;
        let rows = rows.map_err(ApplyError::Session)?;
        self.untransactional = rows
            .iter()
            .filter_map(|row| match row.as_slice() {
                [schema, table] => Some(Untransactional {
                    schema: (*schema != Value::Null).then(|| text(schema)),
                    table: text(table),
                }),
                _ => None,
            })
            .collect();
        Ok(())
    }

    /// The same after a statement that may have changed it.
    pub(super) async fn note_engines(&mut self, unit: &Unit<'_>) -> Result<(), ApplyError> {
        if may_change_engines(self.dialect(), unit) {
            self.look_at_engines().await?;
        }
        Ok(())
    }
}

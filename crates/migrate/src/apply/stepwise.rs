//! Executing a file whose statements commit by themselves: without a
//! transaction around it, or on a database whose definitions end the one that
//! is open (MySQL, MariaDB).
//!
//! No crash may make a later run execute a statement twice, or leave one out:
//!
//! - Statements that work in a transaction are in one with their progress:
//!   each in its own, or together up to the next definition.
//! - Before one that commits by itself an [`Intent`] is written, and committed
//!   with all that was done until then. If the run ends before the outcome is
//!   written, the next one asks the catalog ([`super::outcome`]). The outcome
//!   is written together with what is written next.
//! - One that *may* commit (`CALL`) runs in the transaction in which its intent
//!   was written: either both are undone, or the intent is there.
//! - While the file's own transaction is open (`BEGIN` … `COMMIT`), progress is
//!   written in it. It becomes true with the `COMMIT`, which counts itself as
//!   done beforehand, and is undone with the transaction.
//! - On SQLite, what a transaction refuses or ignores (`VACUUM`, `PRAGMA
//!   journal_mode`) changes settings or the file's layout: doing it twice is
//!   doing it once, and no intent is written.
//!
//! The hashes of all statements are written once, when the file begins; after
//! that each statement writes one number.

use jiff::Timestamp;
use shipgate_database::StatementError;
use shipgate_sql::{Dialect, StatementKind};

use crate::apply::attempts::Attempts;
use crate::apply::file_run::{Run, count};
use crate::apply::intent::{Intent, SessionMark};
use crate::apply::outcome::{Outcome, Subject, Tells, leftover, observe};
use crate::apply::patience::stops_others;
use crate::apply::prepare::Prepared;
use crate::apply::step_kind::StepKind;
use crate::apply::{ApplyError, ApplyEvent};
use crate::golang::GoDuration;
use crate::history::{HistoryError, Revision};
use crate::script::{Cursor, Unit, Window};

/// What one transaction spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grouping {
    /// One statement.
    Each,
    /// As many as the database lets be in one, over all files.
    Together,
}

/// How far a file is.
struct Progress<'p, 'a> {
    file: &'p Prepared<'a>,
    row: Revision,
    /// When the file was begun.
    began: Option<Timestamp>,
    /// What the row in the database says.
    stored: Stored,
    /// Statements done, also those whose transaction is open.
    done: usize,
    /// Statements done for good.
    committed: usize,
    /// The row that says that all is done was written; perhaps not committed yet.
    ended: bool,
    /// All is done for good.
    finished: bool,
    /// Its end was told.
    told: bool,
}

/// What the row in the database says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stored {
    /// What it said before this run.
    Before,
    /// It was written in the open transaction.
    Open,
    /// It was written for good.
    Committed,
}

impl<'p, 'a> Progress<'p, 'a> {
    fn is_stored(&self) -> bool {
        self.stored != Stored::Before
    }

    /// What was done since the last commit is undone.
    fn fall_back(&mut self) {
        if self.finished {
            return;
        }
        self.done = self.committed;
        self.ended = false;
        if self.stored == Stored::Open {
            self.stored = Stored::Before;
        }
    }

    /// What was done is done for good.
    fn settle(&mut self) {
        self.committed = self.done;
        self.finished |= self.ended;
        if self.stored == Stored::Open {
            self.stored = Stored::Committed;
        }
    }
}

/// The statement at hand.
struct Step<'s, 'c, 'u> {
    cursor: &'s mut Cursor<'c>,
    unit: &'s Unit<'u>,
    kind: StepKind,
}

impl<'a> Run<'a, '_> {
    /// Executes files step by step and tells of them.
    pub(super) async fn stepwise(
        &mut self,
        files: &[Prepared<'a>],
        grouping: Grouping,
    ) -> Result<(), ApplyError> {
        let mut files: Vec<Progress<'_, 'a>> = files
            .iter()
            .map(|file| Progress {
                file,
                row: self.row(file, self.conductor.now()),
                began: None,
                stored: Stored::Before,
                done: file.skipped,
                committed: file.skipped,
                ended: false,
                finished: false,
                told: false,
            })
            .collect();
        let patience = files
            .first()
            .map_or_else(Default::default, |first| first.file.patience);
        let mut attempts = Attempts::new(patience, self.dialect());
        self.conductor.told.mark();
        self.history
            .before_steps(&mut *self.conductor.session)
            .await?;
        loop {
            let Err(error) = self.steps(&mut files, grouping).await else {
                return Ok(());
            };
            let _ = self.conductor.session.rollback().await;
            let failed = files
                .iter()
                .position(|file| file.began.is_some() && !file.told);
            files.iter_mut().for_each(Progress::fall_back);
            if let Err(mut error) = self.try_again(&mut attempts, error).await {
                self.note_forgetfulness(&mut error);
                self.leave_half_applied(&mut files, failed, grouping, &error)
                    .await;
                // A session that cannot be asked fails at its next use.
                let _ = self.look_at_foreign_keys().await;
                return match failed.and_then(|index| files[index].began) {
                    Some(began) => self.file_ended(began, Err(error)),
                    None => Err(error),
                };
            }
        }
    }

    async fn steps(
        &mut self,
        files: &mut [Progress<'_, 'a>],
        grouping: Grouping,
    ) -> Result<(), ApplyError> {
        for index in 0..files.len() {
            if files[index].finished {
                continue;
            }
            self.file_steps(files, index, grouping).await?;
            let last = index + 1 == files.len();
            if (grouping == Grouping::Each || last) && self.conductor.session.in_transaction() {
                self.commit_steps(files).await?;
            } else if grouping == Grouping::Each || last {
                files.iter_mut().for_each(Progress::settle);
            }
            self.look_at_foreign_keys().await?;
            if let (Some(began), false) = (files[index].began, files[index].told) {
                files[index].told = true;
                self.file_ended(began, Ok(()))?;
            }
        }
        Ok(())
    }

    async fn file_steps(
        &mut self,
        files: &mut [Progress<'_, 'a>],
        index: usize,
        grouping: Grouping,
    ) -> Result<(), ApplyError> {
        let file = files[index].file;
        if files[index].began.is_none() {
            let began = self.file_started(file).await?;
            files[index].began = Some(began);
            files[index].row.executed_at = began.into();
            files[index].row.partial_hashes = file.script.partial_hashes(usize::MAX)?;
            self.restore_session(file).await?;
        }
        let mut cursor = file.cursor_after(files[index].done)?;
        self.read_as_taken_apart(file, &cursor).await?;
        let mut window = Window::default();
        loop {
            cursor.fill_one(&mut window)?;
            let Some(unit) = window.first() else {
                break;
            };
            let kind = StepKind::of(self.dialect(), &unit, &self.untransactional);
            let mut step = Step {
                cursor: &mut cursor,
                unit: &unit,
                kind,
            };
            self.step(files, index, grouping, &mut step).await?;
            self.note_engines(&unit).await?;
        }
        if grouping == Grouping::Each && self.conductor.session.in_transaction() {
            return Err(ApplyError::TransactionLeftOpen(file.file.name().to_owned()));
        }
        self.end_file(files, index).await
    }

    async fn step(
        &mut self,
        files: &mut [Progress<'_, 'a>],
        index: usize,
        grouping: Grouping,
        step: &mut Step<'_, '_, '_>,
    ) -> Result<(), ApplyError> {
        let patience = files[index].file.patience;
        let is_open = self.conductor.session.in_transaction();
        if grouping == Grouping::Each && is_open {
            return self.step_in_files_transaction(files, index, step).await;
        }
        match (step.kind, grouping) {
            (StepKind::OpensTransaction, _) => {
                self.limit(patience, false).await?;
                self.execute_step(files, index, step).await?;
                self.fence().await?;
                self.write_progress(files, index).await?;
                if !self.conductor.session.in_transaction() {
                    files.iter_mut().for_each(Progress::settle);
                }
                Ok(())
            }
            (StepKind::Alone, _) => self.step_alone(files, index, step).await,
            (StepKind::MayCommit, _) => {
                self.open_steps(files, index, step).await?;
                let intent = self
                    .intent(&Subject::of(self.dialect(), step.unit.text))
                    .await?;
                self.write_intent(files, index, step, intent).await?;
                self.execute_step(files, index, step).await?;
                let went_on = self.conductor.session.in_transaction();
                if !went_on {
                    self.begin().await?;
                }
                self.write_progress(files, index).await?;
                if grouping == Grouping::Each || !went_on {
                    self.commit_steps(files).await?;
                }
                Ok(())
            }
            (StepKind::InTransaction, Grouping::Together) => {
                self.open_steps(files, index, step).await?;
                self.execute_step(files, index, step).await
            }
            (StepKind::InTransaction, Grouping::Each) => {
                self.open_steps(files, index, step).await?;
                if let Err(error) = self.execute_step(files, index, step).await {
                    let _ = self.conductor.session.rollback().await;
                    files[index].fall_back();
                    if refuses_transaction(&error) && !step.unit.kind.copies_from_stdin() {
                        self.conductor.told.rewind();
                        return self.step_alone(files, index, step).await;
                    }
                    return Err(error);
                }
                self.write_progress(files, index).await?;
                if self.conductor.session.in_transaction() {
                    self.commit_steps(files).await?;
                } else {
                    files.iter_mut().for_each(Progress::settle);
                }
                Ok(())
            }
        }
    }

    /// A statement between the file's own `BEGIN` and `COMMIT`.
    async fn step_in_files_transaction(
        &mut self,
        files: &mut [Progress<'_, 'a>],
        index: usize,
        step: &mut Step<'_, '_, '_>,
    ) -> Result<(), ApplyError> {
        let kind = step.unit.kind;
        if matches!(kind, StatementKind::Commit | StatementKind::Release) {
            files[index].done += 1;
            self.write_progress(files, index).await?;
            files[index].done -= 1;
            self.execute_step(files, index, step).await?;
        } else {
            if step.kind == StepKind::Alone || step.kind == StepKind::MayCommit {
                let intent = self
                    .intent(&Subject::of(self.dialect(), step.unit.text))
                    .await?;
                self.write_intent(files, index, step, intent).await?;
            }
            self.execute_step(files, index, step).await?;
            self.write_progress(files, index).await?;
        }
        if !self.conductor.session.in_transaction() {
            files.iter_mut().for_each(Progress::settle);
            self.conductor.told.mark();
        }
        Ok(())
    }

    /// A statement that is in no transaction, or ends the one it is in.
    async fn step_alone(
        &mut self,
        files: &mut [Progress<'_, 'a>],
        index: usize,
        step: &mut Step<'_, '_, '_>,
    ) -> Result<(), ApplyError> {
        let dialect = self.dialect();
        let patience = files[index].file.patience;
        if dialect == Dialect::Sqlite {
            self.limit(patience, stops_others(step.unit.kind)).await?;
            self.execute_step(files, index, step).await?;
            self.write_progress(files, index).await?;
            files.iter_mut().for_each(Progress::settle);
            self.conductor.told.mark();
            return Ok(());
        }
        let subject = Subject::of(dialect, step.unit.text);
        if self.conductor.session.in_transaction() {
            // What was done so far is committed with the intent.
            let intent = self.intent(&subject).await?;
            self.write_intent(files, index, step, intent).await?;
            self.commit_steps(files).await?;
        } else {
            let is_done = self.remove_leftover(&subject).await?;
            let intent = self.intent(&subject).await?;
            self.begin().await?;
            self.write_intent(files, index, step, intent).await?;
            self.commit_steps(files).await?;
            if is_done {
                self.teller().started(step.unit);
                files[index].done += 1;
                files[index].committed += 1;
                return Ok(());
            }
        }
        self.limit(patience, stops_others(step.unit.kind)).await?;
        self.execute_step(files, index, step).await?;
        files[index].committed = files[index].done;
        self.conductor.told.mark();
        if !matches!(
            subject.tells,
            Tells::Changed | Tells::AnyChanged | Tells::Gone
        ) {
            self.begin().await?;
            self.write_progress(files, index).await?;
            self.commit_steps(files).await?;
        }
        Ok(())
    }

    /// Opens a transaction with the file's row in it, if none is open.
    async fn open_steps(
        &mut self,
        files: &mut [Progress<'_, 'a>],
        index: usize,
        step: &Step<'_, '_, '_>,
    ) -> Result<(), ApplyError> {
        if self.conductor.cancel.is_cancelled() {
            return Err(ApplyError::Cancelled(None));
        }
        if !self.conductor.session.in_transaction() {
            let stops = stops_others(step.unit.kind);
            self.limit(files[index].file.patience, stops).await?;
            self.begin().await?;
        }
        self.store_row(&mut files[index]).await
    }

    /// The row goes in before the first statement: if another process has done
    /// this file meanwhile, nothing of it is done again.
    async fn store_row(&mut self, file: &mut Progress<'_, 'a>) -> Result<(), ApplyError> {
        if file.is_stored() {
            return Ok(());
        }
        file.row.applied = count(file.done);
        self.history
            .start(&mut *self.conductor.session, &file.row, file.file.started)
            .await?;
        file.stored = if self.conductor.session.in_transaction() {
            Stored::Open
        } else {
            Stored::Committed
        };
        Ok(())
    }

    async fn execute_step(
        &mut self,
        files: &mut [Progress<'_, 'a>],
        index: usize,
        step: &mut Step<'_, '_, '_>,
    ) -> Result<(), ApplyError> {
        self.statement(files[index].file, step.cursor, step.unit)
            .await?;
        files[index].done += 1;
        Ok(())
    }

    /// Writes how many statements are done; with the last one, that the file is.
    async fn write_progress(
        &mut self,
        files: &mut [Progress<'_, 'a>],
        index: usize,
    ) -> Result<(), ApplyError> {
        let file = &mut files[index];
        self.store_row(file).await?;
        let done = count(file.done);
        let session = &mut *self.conductor.session;
        if done < file.row.total {
            return Ok(self
                .history
                .progress(session, &file.row.version, done)
                .await?);
        }
        self.write_finished(file).await
    }

    async fn write_finished(&mut self, file: &mut Progress<'_, 'a>) -> Result<(), ApplyError> {
        let now = self.conductor.now();
        let finished = Revision {
            applied: file.row.total,
            execution_time: GoDuration::between(file.began.unwrap_or(now), now),
            error: String::new(),
            error_stmt: String::new(),
            partial_hashes: Vec::new(),
            ..file.row.clone()
        };
        let session = &mut *self.conductor.session;
        self.history.write(session, &finished).await?;
        file.ended = true;
        Ok(())
    }

    async fn write_intent(
        &mut self,
        files: &mut [Progress<'_, 'a>],
        index: usize,
        step: &Step<'_, '_, '_>,
        intent: Intent,
    ) -> Result<(), ApplyError> {
        let file = &mut files[index];
        let text = intent.text();
        if !file.is_stored() {
            file.row.error = text;
            step.unit.text.clone_into(&mut file.row.error_stmt);
            let stored = self.store_row(file).await;
            file.row.error.clear();
            file.row.error_stmt.clear();
            return stored;
        }
        self.history
            .intend(
                &mut *self.conductor.session,
                &file.row.version,
                count(file.done),
                step.unit.text,
                &text,
            )
            .await?;
        Ok(())
    }

    /// What there is to know before a statement.
    async fn intent(&mut self, subject: &Subject) -> Result<Intent, ApplyError> {
        let session = &mut *self.conductor.session;
        if self.mark.is_none() {
            self.mark = SessionMark::of(session)
                .await
                .map_err(ApplyError::Session)?;
        }
        let before = observe(session, subject)
            .await
            .map_err(ApplyError::Session)?;
        Ok(Intent {
            session: self.mark.clone(),
            before,
        })
    }

    /// Removes what a broken-off statement left in the way of doing it again;
    /// whether that did what the statement would do.
    async fn remove_leftover(&mut self, subject: &Subject) -> Result<bool, ApplyError> {
        let session = &mut *self.conductor.session;
        let found = leftover(session, subject)
            .await
            .map_err(ApplyError::Session)?;
        let (remedy, finishes) = match found {
            Some(Outcome::LeftBehind { remedy }) => (remedy, false),
            Some(Outcome::Unfinished { remedy }) => (remedy, true),
            _ => return Ok(false),
        };
        self.conductor
            .emit(&ApplyEvent::LeftoverRemoved { statement: &remedy });
        let removed = self.conductor.execute(&remedy).await;
        removed.map_err(ApplyError::Session)?;
        Ok(finishes)
    }

    async fn commit_steps(&mut self, files: &mut [Progress<'_, 'a>]) -> Result<(), ApplyError> {
        let committed = self.conductor.commit().await;
        if let Err(source) = committed {
            return Err(ApplyError::Transaction {
                action: "commit",
                source,
            });
        }
        files.iter_mut().for_each(Progress::settle);
        self.conductor.told.mark();
        Ok(())
    }

    /// Writes that a file is done, where its last statement has not.
    async fn end_file(
        &mut self,
        files: &mut [Progress<'_, 'a>],
        index: usize,
    ) -> Result<(), ApplyError> {
        if !files[index].ended {
            if !self.conductor.session.in_transaction() {
                self.begin().await?;
            }
            self.store_row(&mut files[index]).await?;
            self.write_finished(&mut files[index]).await?;
        }
        Ok(())
    }

    /// A server that has lost commits and kept definitions refuses what it has
    /// done already: only a person can tell.
    fn note_forgetfulness(&self, error: &mut ApplyError) {
        if self.may_be_forgotten
            && self.definitions_commit()
            && let ApplyError::Statement(failed) = error
        {
            failed.may_be_done = is_about_being_there(&failed.error);
        }
    }

    /// Writes down how far the files went, and why not further. What is open
    /// was rolled back, and with it what was written in it.
    async fn leave_half_applied(
        &mut self,
        files: &mut [Progress<'_, 'a>],
        failed: Option<usize>,
        grouping: Grouping,
        error: &ApplyError,
    ) {
        // Another run has the row, or nobody knows who has.
        if matches!(
            error,
            ApplyError::History(HistoryError::Changed(_)) | ApplyError::Lock(_)
        ) {
            return;
        }
        for (index, file) in files.iter_mut().enumerate() {
            let is_there = file.stored == Stored::Committed
                || (grouping == Grouping::Each && file.began.is_some());
            if file.finished || !is_there {
                continue;
            }
            let now = self.conductor.now();
            file.row.applied = count(file.committed);
            file.row.execution_time = GoDuration::between(file.began.unwrap_or(now), now);
            file.row.partial_hashes.truncate(file.committed);
            if failed == Some(index) {
                match error.failed_statement() {
                    Some(failed) => {
                        file.row.error.clone_from(&failed.error.message);
                        file.row.error_stmt.clone_from(&failed.statement);
                    }
                    None => file.row.error = error.to_string(),
                }
            }
            // If this fails too, the row still says how far the file went.
            let session = &mut *self.conductor.session;
            let _ = self.history.write(session, &file.row).await;
        }
    }
}

/// Whether a statement was refused because what it makes is there, or what it
/// needs or removes is not.
fn is_about_being_there(error: &StatementError) -> bool {
    const CODES: [&str; 14] = [
        // Databases, tables, columns, keys; routines, triggers, users, views, sequences.
        "1007", "1008", "1050", "1051", "1060", "1061", "1062", "1091", "1146", "1054", "1304",
        "1305", "1359", "4092",
    ];
    error
        .code
        .as_deref()
        .is_some_and(|code| CODES.contains(&code))
}

/// Whether a statement cannot be in a transaction, though nothing in it says so.
fn refuses_transaction(error: &ApplyError) -> bool {
    // `active_sql_transaction`; `invalid_transaction_termination`.
    error
        .failed_statement()
        .and_then(|failed| failed.error.code.as_deref())
        .is_some_and(|code| matches!(code, "25001" | "2D000"))
}

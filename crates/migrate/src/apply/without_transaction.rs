//! Executing a file without a transaction around it.
//!
//! Every statement's progress is written in the same transaction as the
//! statement, so no crash can make a later run execute it again:
//!
//! - A statement that works in a transaction gets one of its own, with its
//!   progress.
//! - While the file's own transaction is open (`BEGIN` … `COMMIT`), progress
//!   is written in it. It becomes true with the `COMMIT`, which counts itself
//!   as done beforehand, and is undone with the transaction.
//! - What a transaction refuses or ignores (`VACUUM`, `PRAGMA journal_mode`,
//!   `DETACH`) runs alone, and its progress is written after it. A crash in
//!   between makes a later run execute it again. These change settings or the
//!   file's layout, not its content, and doing them twice is doing them once.
//!   (`VACUUM INTO` fails on its second run if its file is there.)
//!
//! The hashes of all statements are written once, when the file begins; after
//! that each statement writes one number.

use jiff::Timestamp;
use shipgate_sql::StatementKind;

use crate::apply::file_run::{Run, count};
use crate::apply::prepare::Prepared;
use crate::apply::{ApplyError, ApplyEvent};
use crate::golang::GoDuration;
use crate::history::Revision;
use crate::script::{Cursor, Unit, Window};

impl<'a> Run<'a, '_> {
    pub(super) async fn without_transaction(
        &mut self,
        file: &Prepared<'a>,
        started: Timestamp,
    ) -> Result<(), ApplyError> {
        let mut row = self.row(file, started);
        row.partial_hashes = file.script.partial_hashes(usize::MAX)?;
        self.history
            .start(&mut *self.conductor.session, &row, file.started)
            .await?;
        let done = self.statements_one_by_one(file, &mut row, started).await;
        if let Err(error) = &done {
            self.leave_half_applied(error, row, started).await;
        }
        self.look_at_foreign_keys().await?;
        done
    }

    /// Leaves in `row.applied` what is done for good.
    async fn statements_one_by_one(
        &mut self,
        file: &Prepared<'a>,
        row: &mut Revision,
        started: Timestamp,
    ) -> Result<(), ApplyError> {
        if file.skipped == file.script.len() {
            return self.progress(row, row.total, started).await;
        }
        self.restore_session(file).await?;
        let mut cursor = file.cursor()?;
        let mut window = Window::default();
        loop {
            cursor.fill_one(&mut window)?;
            let Some(unit) = window.first() else {
                break;
            };
            self.statement_with_progress(file, &mut cursor, &unit, row, started)
                .await?;
            if !self.conductor.session.in_transaction() {
                row.applied = count(unit.number);
            }
        }
        if self.conductor.session.in_transaction() {
            return Err(ApplyError::TransactionLeftOpen(file.file.name().to_owned()));
        }
        Ok(())
    }

    async fn statement_with_progress(
        &mut self,
        file: &Prepared<'a>,
        cursor: &mut Cursor<'_>,
        unit: &Unit<'_>,
        row: &Revision,
        started: Timestamp,
    ) -> Result<(), ApplyError> {
        let kind = unit.kind;
        let done = count(unit.number);
        if self.conductor.session.in_transaction() {
            if matches!(kind, StatementKind::Commit | StatementKind::Release) {
                self.progress(row, done, started).await?;
                return self.statement(file, cursor, unit).await;
            }
            self.statement(file, cursor, unit).await?;
            return self.progress(row, done, started).await;
        }
        if !kind.runs_in_transaction() || matches!(kind, StatementKind::Savepoint) {
            self.statement(file, cursor, unit).await?;
            return self.progress(row, done, started).await;
        }
        self.begin().await?;
        if let Err(error) = self.statement(file, cursor, unit).await {
            // The row of the failure is written outside of this transaction.
            let _ = self.conductor.session.rollback().await;
            return Err(error);
        }
        self.progress(row, done, started).await?;
        if self.conductor.session.in_transaction() {
            let committed = self.conductor.commit().await;
            committed.map_err(|source| ApplyError::Transaction {
                action: "commit",
                source,
            })?;
        }
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), ApplyError> {
        let begun = self.conductor.begin().await;
        begun.map_err(|source| ApplyError::Transaction {
            action: "begin",
            source,
        })
    }

    /// Writes how many statements are done; with the last one, that the file is.
    async fn progress(
        &mut self,
        row: &Revision,
        done: i64,
        started: Timestamp,
    ) -> Result<(), ApplyError> {
        let now = self.conductor.now();
        let session = &mut *self.conductor.session;
        if done < row.total {
            return Ok(self.history.progress(session, &row.version, done).await?);
        }
        let finished = Revision {
            applied: done,
            execution_time: GoDuration::between(started, now),
            partial_hashes: Vec::new(),
            ..row.clone()
        };
        Ok(self.history.write(session, &finished).await?)
    }

    /// Undoes what is open, and with it the progress written in it, and writes the failure down.
    async fn leave_half_applied(
        &mut self,
        error: &ApplyError,
        mut row: Revision,
        started: Timestamp,
    ) {
        row.execution_time = GoDuration::between(started, self.conductor.now());
        row.partial_hashes
            .truncate(usize::try_from(row.applied).unwrap_or_default());
        match error.failed_statement() {
            Some(failed) => {
                row.error.clone_from(&failed.error.message);
                row.error_stmt.clone_from(&failed.statement);
            }
            None => row.error = error.to_string(),
        }
        let session = &mut *self.conductor.session;
        let _ = session.rollback().await;
        // If this fails too, the row still says how far the file went.
        let _ = self.history.write(session, &row).await;
    }

    /// Makes the session what the executed part of the file had made of it.
    async fn restore_session(&mut self, file: &Prepared<'a>) -> Result<(), ApplyError> {
        let mut cursor = file.script.cursor(None)?;
        let mut window = Window::default();
        for _ in 0..file.skipped {
            cursor.fill_one(&mut window)?;
            let Some(unit) = window.first() else {
                break;
            };
            let lives_in_the_session = matches!(
                unit.kind,
                StatementKind::Pragma { .. } | StatementKind::Attach | StatementKind::Detach
            );
            if lives_in_the_session {
                self.conductor.emit(&ApplyEvent::SessionRestored {
                    statement: unit.text,
                });
                let executed = self.conductor.execute(unit.text).await;
                executed.map_err(ApplyError::Session)?;
            }
        }
        Ok(())
    }
}

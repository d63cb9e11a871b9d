//! Executing files, each in a transaction of its own or all in one.

use std::sync::Arc;

use jiff::Timestamp;
use shipgate_database::ErrorKind;

use crate::apply::checks::assert_checks;
use crate::apply::conductor::Conductor;
use crate::apply::foreign_keys::{self, Violation};
use crate::apply::prepare::Prepared;
use crate::apply::warnings::{warn_of_directives, warn_of_drift};
use crate::apply::{ApplyError, ApplyEvent, ApplyFailure, ApplyOptions, PlannedFile};
use crate::golang::GoDuration;
use crate::history::{History, Revision, RevisionKind};
use crate::plan::Plan;
use crate::report::ApplyReport;
use crate::transaction::TxMode;

/// A run with a plan.
pub(super) struct Run<'a, 'r> {
    pub(super) conductor: Conductor<'r>,
    pub(super) history: Arc<dyn History>,
    options: &'r ApplyOptions,
    pub(super) report: ApplyReport<'a>,
    /// Whether the session enforces foreign keys outside our transactions.
    pub(super) enforces_foreign_keys: bool,
}

impl<'a, 'r> Run<'a, 'r> {
    pub(super) fn new(
        conductor: Conductor<'r>,
        history: Arc<dyn History>,
        options: &'r ApplyOptions,
        report: ApplyReport<'a>,
    ) -> Self {
        Self {
            conductor,
            history,
            options,
            report,
            enforces_foreign_keys: false,
        }
    }

    pub(super) fn warn(
        &mut self,
        plan: &Plan<'_>,
        prepared: &Result<Vec<Prepared<'_>>, ApplyError>,
    ) {
        warn_of_drift(self.conductor.sink, plan);
        warn_of_directives(self.conductor.sink, plan, prepared);
    }

    pub(super) fn planned(&mut self, plan: &Plan<'_>, files: &[PlannedFile<'a>]) {
        let target = plan.target().unwrap_or_default();
        let current = plan.current.as_deref();
        self.report
            .planned(current.unwrap_or_default(), target, files);
        let at = self.conductor.now();
        self.conductor.emit(&ApplyEvent::Planned {
            at,
            current,
            target,
            files,
            dry_run: false,
        });
    }

    /// Executes the files in order and stops at the first failure.
    pub(super) async fn execute(&mut self, files: Vec<Prepared<'a>>) -> Result<(), ApplyError> {
        self.look_at_foreign_keys().await?;
        if self.options.tx_mode == TxMode::All {
            return self.all_in_one_transaction(&files).await;
        }
        for file in &files {
            let started = self.file_started(file).await?;
            let done = match file.tx_mode {
                TxMode::None => self.without_transaction(file, started).await,
                TxMode::File | TxMode::All => self.in_own_transaction(file, started).await,
            };
            self.file_ended(started, done)?;
        }
        Ok(())
    }

    /// Ends the run and hands the report over.
    pub(super) fn finish(
        mut self,
        done: Result<(), ApplyError>,
    ) -> Result<ApplyReport<'a>, ApplyFailure<'a>> {
        let at = self.conductor.now();
        let result = match done {
            Ok(()) => {
                self.report.end = at.into();
                Ok(())
            }
            Err(error) => {
                let text = error.to_string();
                let in_a_file = self.report.has_failed_file();
                self.report.failed(at, &text);
                if !in_a_file {
                    self.conductor
                        .emit(&ApplyEvent::RunFailed { at, error: &text });
                }
                Err(error)
            }
        };
        self.conductor.emit(&ApplyEvent::Finished { at });
        match result {
            Ok(()) => Ok(self.report),
            Err(error) => Err(ApplyFailure {
                report: Some(Box::new(self.report)),
                error,
            }),
        }
    }

    pub(super) async fn look_at_foreign_keys(&mut self) -> Result<(), ApplyError> {
        self.enforces_foreign_keys = foreign_keys::are_enforced(&mut *self.conductor.session)
            .await
            .map_err(ApplyError::Session)?;
        Ok(())
    }

    async fn all_in_one_transaction(&mut self, files: &[Prepared<'a>]) -> Result<(), ApplyError> {
        let before = self.open_transaction().await?;
        for file in files {
            let done = match self.file_started(file).await {
                Ok(started) => {
                    let done = self.statements_in_transaction(file, started).await;
                    self.file_ended(started, done)
                }
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                self.roll_back().await;
                return Err(error);
            }
        }
        self.commit_transaction(&before).await
    }

    async fn in_own_transaction(
        &mut self,
        file: &Prepared<'a>,
        started: Timestamp,
    ) -> Result<(), ApplyError> {
        let before = self.open_transaction().await?;
        match self.statements_in_transaction(file, started).await {
            Ok(()) => self.commit_transaction(&before).await,
            Err(error) => {
                self.roll_back().await;
                Err(error)
            }
        }
    }

    /// The row goes in first: if another process has done this file meanwhile,
    /// nothing of it is done again.
    async fn statements_in_transaction(
        &mut self,
        file: &Prepared<'a>,
        started: Timestamp,
    ) -> Result<(), ApplyError> {
        let mut row = self.row(file, started);
        row.applied = row.total;
        self.history
            .start(&mut *self.conductor.session, &row, file.started)
            .await?;
        self.statements(file).await?;
        row.execution_time = GoDuration::between(started, self.conductor.now());
        self.history
            .write(&mut *self.conductor.session, &row)
            .await?;
        Ok(())
    }

    /// A file's row as its execution begins.
    pub(super) fn row(&self, file: &Prepared<'a>, started: Timestamp) -> Revision {
        Revision {
            version: file.file.version().to_owned(),
            description: file.file.description().to_owned(),
            kind: RevisionKind::EXECUTED,
            applied: count(file.skipped),
            total: count(file.script.len()),
            executed_at: started.into(),
            execution_time: GoDuration::default(),
            error: String::new(),
            error_stmt: String::new(),
            hash: file.hash.clone(),
            partial_hashes: Vec::new(),
            operator_version: self.options.operator_version.clone(),
        }
    }

    async fn open_transaction(&mut self) -> Result<Vec<Violation>, ApplyError> {
        if self.conductor.cancel.is_cancelled() {
            return Err(ApplyError::Cancelled(None));
        }
        if self.enforces_foreign_keys {
            foreign_keys::enforce(&mut *self.conductor.session, false)
                .await
                .map_err(ApplyError::Session)?;
        }
        if let Err(source) = self.conductor.begin().await {
            self.restore_foreign_keys().await;
            return Err(if source.kind == ErrorKind::Cancelled {
                ApplyError::Cancelled(None)
            } else {
                ApplyError::Transaction {
                    action: "begin",
                    source,
                }
            });
        }
        if !self.enforces_foreign_keys {
            return Ok(Vec::new());
        }
        match foreign_keys::violations(&mut *self.conductor.session).await {
            Ok(violations) => Ok(violations),
            Err(error) => {
                self.roll_back().await;
                Err(ApplyError::Session(error))
            }
        }
    }

    async fn commit_transaction(&mut self, before: &[Violation]) -> Result<(), ApplyError> {
        if let Err(error) = self.check_and_commit(before).await {
            self.roll_back().await;
            return Err(error);
        }
        self.restore_foreign_keys().await;
        Ok(())
    }

    async fn check_and_commit(&mut self, before: &[Violation]) -> Result<(), ApplyError> {
        if self.enforces_foreign_keys {
            let after = foreign_keys::violations(&mut *self.conductor.session)
                .await
                .map_err(ApplyError::Session)?;
            let added = foreign_keys::added(before, after);
            if !added.is_empty() {
                return Err(ApplyError::ForeignKeys(added));
            }
        }
        let committed = self.conductor.commit().await;
        committed.map_err(|source| ApplyError::Transaction {
            action: "commit",
            source,
        })
    }

    /// Rolls back what is open. If the session is lost the database does it by itself.
    pub(super) async fn roll_back(&mut self) {
        let _ = self.conductor.session.rollback().await;
        self.restore_foreign_keys().await;
    }

    /// A session that cannot be restored fails at its next use and says so then.
    async fn restore_foreign_keys(&mut self) {
        if self.enforces_foreign_keys {
            let _ = foreign_keys::enforce(&mut *self.conductor.session, true).await;
        }
    }

    /// Begins a file: what must hold before it is asked first.
    async fn file_started(&mut self, file: &Prepared<'a>) -> Result<Timestamp, ApplyError> {
        let at = self.conductor.now();
        self.report.file_started(file.file, at, file.skipped);
        assert_checks(&mut self.conductor, &mut self.report, file).await?;
        self.conductor.emit(&ApplyEvent::FileStarted {
            file: file.file,
            at,
            skipped: file.skipped,
            total: file.script.len(),
        });
        Ok(at)
    }

    fn file_ended(
        &mut self,
        started: Timestamp,
        done: Result<(), ApplyError>,
    ) -> Result<(), ApplyError> {
        let at = self.conductor.now();
        match done {
            Ok(()) => {
                self.report.file_done(at);
                let elapsed = GoDuration::between(started, at);
                self.conductor.emit(&ApplyEvent::FileDone { at, elapsed });
                Ok(())
            }
            Err(error) => {
                let text = match error.failed_statement() {
                    Some(failed) => failed.error.message.clone(),
                    None => error.to_string(),
                };
                let statement = error
                    .failed_statement()
                    .map(|failed| failed.statement.as_str());
                self.report.file_failed(at, statement, &text);
                self.conductor.emit(&ApplyEvent::FileFailed {
                    at,
                    error: &text,
                    in_statement: statement.is_some(),
                });
                Err(error)
            }
        }
    }
}

/// A number of statements as the history keeps it.
pub(super) fn count(statements: usize) -> i64 {
    i64::try_from(statements).unwrap_or(i64::MAX)
}

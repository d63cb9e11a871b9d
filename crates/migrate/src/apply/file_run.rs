//! Executing files: which way each goes, and what is told of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use shipgate_database::{Database, Limits, MigrationLock, crash_risk};

use crate::apply::checks::assert_checks;
use crate::apply::conductor::Conductor;
use crate::apply::foreign_keys;
use crate::apply::intent::SessionMark;
use crate::apply::prepare::Prepared;
use crate::apply::step_kind::Untransactional;
use crate::apply::stepwise::Grouping;
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
    pub(super) database: &'r dyn Database,
    pub(super) lock: Option<Box<dyn MigrationLock>>,
    pub(super) options: &'r ApplyOptions,
    pub(super) report: ApplyReport<'a>,
    /// The session as the server knows it, once that was asked.
    pub(super) mark: Option<SessionMark>,
    /// How long its statements wait and run.
    pub(super) limits: Limits,
    /// Tables whose rows no transaction brings back.
    pub(super) untransactional: BTreeSet<Untransactional>,
    /// Whether the session enforces foreign keys outside our transactions.
    pub(super) enforces_foreign_keys: bool,
    /// Whether a crash of the server may take back what it has committed.
    pub(super) may_be_forgotten: bool,
}

impl<'a, 'r> Run<'a, 'r> {
    pub(super) fn new(
        conductor: Conductor<'r>,
        history: Arc<dyn History>,
        database: &'r dyn Database,
        lock: Option<Box<dyn MigrationLock>>,
        options: &'r ApplyOptions,
        report: ApplyReport<'a>,
    ) -> Self {
        Self {
            conductor,
            history,
            database,
            lock,
            options,
            report,
            mark: None,
            limits: Limits::default(),
            untransactional: BTreeSet::new(),
            enforces_foreign_keys: false,
            may_be_forgotten: false,
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

    /// A server that does not tell is not suspected.
    pub(super) async fn warn_of_crashes(&mut self) {
        if let Ok(Some(text)) = crash_risk(&mut *self.conductor.session).await {
            self.may_be_forgotten = true;
            self.conductor
                .emit(&ApplyEvent::CommitsAtRisk { text: &text });
        }
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
        self.look_at_engines().await?;
        if self.options.tx_mode == TxMode::All {
            return if files.iter().any(|file| self.goes_stepwise(file)) {
                self.stepwise(&files, Grouping::Together).await
            } else {
                self.all_in_one_transaction(&files).await
            };
        }
        let mut rest = files.as_slice();
        while !rest.is_empty() {
            let ahead = self.send_ahead(rest).await?;
            rest = &rest[ahead.done..];
            let Some((file, following)) = rest.split_first() else {
                break;
            };
            if let Some(begun) = ahead.begun {
                rest = following;
                let done = self.goes_on(file, begun.at, begun.failed).await;
                self.file_ended(begun.at, done)?;
            } else if ahead.done == 0 {
                rest = following;
                self.file(file).await?;
            }
        }
        Ok(())
    }

    async fn file(&mut self, file: &Prepared<'a>) -> Result<(), ApplyError> {
        let files = std::slice::from_ref(file);
        if file.tx_mode == TxMode::None {
            self.stepwise(files, Grouping::Each).await
        } else if self.goes_stepwise(file) {
            self.stepwise(files, Grouping::Together).await
        } else {
            let started = self.file_started(file).await?;
            let done = self.in_own_transaction(file, started).await;
            self.file_ended(started, done)
        }
    }

    /// Whether one transaction cannot hold all of a file.
    fn goes_stepwise(&self, file: &Prepared<'_>) -> bool {
        self.definitions_commit() && (file.may_commit || !self.untransactional.is_empty())
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

    /// Begins a file: what must hold before it is asked first.
    pub(super) async fn file_started(
        &mut self,
        file: &Prepared<'a>,
    ) -> Result<Timestamp, ApplyError> {
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

    pub(super) fn file_ended(
        &mut self,
        started: Timestamp,
        done: Result<(), ApplyError>,
    ) -> Result<(), ApplyError> {
        let at = self.conductor.now();
        match done {
            Ok(()) => {
                self.teller().file_done(started, at);
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

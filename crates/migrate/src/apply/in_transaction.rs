//! Files in a transaction that all their statements can share: one file each,
//! or all of them together.
//!
//! The row of a file is written in the same transaction, so it is there
//! exactly if the file is. What waits too long for a lock is tried again as a
//! whole. When the answer to a commit is lost, the row tells what became of it.

use jiff::Timestamp;
use shipgate_database::{ErrorKind, StatementError};

use crate::apply::ApplyError;
use crate::apply::attempts::Attempts;
use crate::apply::file_run::Run;
use crate::apply::foreign_keys::{self, Violation};
use crate::apply::prepare::Prepared;
use crate::apply::together::Together;
use crate::golang::GoDuration;

/// Which of several files were told.
#[derive(Default)]
struct ToldFiles {
    /// When each began.
    began: Vec<Timestamp>,
    /// How many have ended.
    ended: usize,
}

impl ToldFiles {
    /// When the file began that has not ended.
    fn at_work(&self) -> Option<Timestamp> {
        self.began.get(self.ended).copied()
    }
}

impl<'a> Run<'a, '_> {
    pub(super) async fn in_own_transaction(
        &mut self,
        file: &Prepared<'a>,
        started: Timestamp,
    ) -> Result<(), ApplyError> {
        self.restore_session(file).await?;
        self.conductor.told.mark();
        self.goes_on(file, started, None).await
    }

    /// The same for a file that was begun, and whose first attempt perhaps failed.
    pub(super) async fn goes_on(
        &mut self,
        file: &Prepared<'a>,
        started: Timestamp,
        failed: Option<ApplyError>,
    ) -> Result<(), ApplyError> {
        let files = std::slice::from_ref(file);
        let mut attempts = Attempts::new(file.patience, self.dialect());
        if let Some(error) = failed {
            self.try_again(&mut attempts, error).await?;
        }
        loop {
            let done = match self.attempt_together(file, started).await {
                Ok(Together::NotSuited) => self.attempt(files, started).await,
                Ok(Together::Done) => Ok(()),
                Err(error) => Err(error),
            };
            match done {
                Ok(()) => return Ok(()),
                Err(error) => self.try_again(&mut attempts, error).await?,
            }
        }
    }

    async fn attempt(
        &mut self,
        files: &[Prepared<'a>],
        started: Timestamp,
    ) -> Result<(), ApplyError> {
        let before = self.open_transaction(files).await?;
        for file in files {
            if let Err(error) = self.statements_in_transaction(file, started).await {
                self.roll_back().await;
                return Err(error);
            }
        }
        self.commit_transaction(&before, files).await
    }

    pub(super) async fn all_in_one_transaction(
        &mut self,
        files: &[Prepared<'a>],
    ) -> Result<(), ApplyError> {
        for file in files {
            self.restore_session(file).await?;
        }
        let patience = self.patience_of_all(files);
        let mut attempts = Attempts::new(patience, self.dialect());
        let mut told = ToldFiles::default();
        self.conductor.told.mark();
        loop {
            let Err(error) = self.attempt_all(files, &mut told).await else {
                return Ok(());
            };
            if let Err(error) = self.try_again(&mut attempts, error).await {
                return match told.at_work() {
                    Some(began) => self.file_ended(began, Err(error)),
                    None => Err(error),
                };
            }
        }
    }

    async fn attempt_all(
        &mut self,
        files: &[Prepared<'a>],
        told: &mut ToldFiles,
    ) -> Result<(), ApplyError> {
        let before = self.open_transaction(files).await?;
        for (index, file) in files.iter().enumerate() {
            if let Err(error) = self.one_of_all(file, index, told).await {
                self.roll_back().await;
                return Err(error);
            }
        }
        self.commit_transaction(&before, files).await
    }

    /// Executes one of several files. In a further attempt it was told before.
    async fn one_of_all(
        &mut self,
        file: &Prepared<'a>,
        index: usize,
        told: &mut ToldFiles,
    ) -> Result<(), ApplyError> {
        let began = match told.began.get(index) {
            Some(&began) => began,
            None => {
                let began = self.file_started(file).await?;
                told.began.push(began);
                began
            }
        };
        self.statements_in_transaction(file, began).await?;
        if told.ended == index {
            told.ended += 1;
            self.file_ended(began, Ok(()))?;
        }
        Ok(())
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

    async fn open_transaction(
        &mut self,
        files: &[Prepared<'a>],
    ) -> Result<Vec<Violation>, ApplyError> {
        if self.conductor.cancel.is_cancelled() {
            return Err(ApplyError::Cancelled(None));
        }
        if self.enforces_foreign_keys {
            foreign_keys::enforce(&mut *self.conductor.session, false)
                .await
                .map_err(ApplyError::Session)?;
        }
        let stops_others = files.iter().any(|file| file.stops_others);
        self.limit(self.patience_of_all(files), stops_others)
            .await?;
        if let Err(error) = self.begin().await {
            self.roll_back().await;
            return Err(error);
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

    async fn commit_transaction(
        &mut self,
        before: &[Violation],
        files: &[Prepared<'a>],
    ) -> Result<(), ApplyError> {
        if let Err(error) = self.check_and_commit(before, files).await {
            self.roll_back().await;
            return Err(error);
        }
        self.restore_foreign_keys().await;
        Ok(())
    }

    async fn check_and_commit(
        &mut self,
        before: &[Violation],
        files: &[Prepared<'a>],
    ) -> Result<(), ApplyError> {
        if self.enforces_foreign_keys {
            let after = foreign_keys::violations(&mut *self.conductor.session)
                .await
                .map_err(ApplyError::Session)?;
            let added = foreign_keys::added(before, after);
            if !added.is_empty() {
                return Err(ApplyError::ForeignKeys(added));
            }
        }
        match self.conductor.commit().await {
            Ok(()) => Ok(()),
            Err(source) if source.kind == ErrorKind::SessionLost => {
                self.look_for_lost_commit(files, source).await
            }
            Err(source) => Err(ApplyError::Transaction {
                action: "commit",
                source,
            }),
        }
    }

    /// The server may have committed before the connection broke. The rows
    /// were written in the transaction: they tell.
    pub(super) async fn look_for_lost_commit(
        &mut self,
        files: &[Prepared<'a>],
        source: StatementError,
    ) -> Result<(), ApplyError> {
        match self.lost_commits(files).await {
            None => Err(ApplyError::CommitUnknown {
                source: Box::new(source),
            }),
            Some(committed) if committed == files.len() => self.enter().await,
            Some(_) => Err(ApplyError::Transaction {
                action: "commit",
                source,
            }),
        }
    }

    /// How many of these files, from the first on, were committed before the
    /// connection broke, by what a new session sees; nothing if there is none.
    pub(super) async fn lost_commits(&mut self, files: &[Prepared<'a>]) -> Option<usize> {
        self.connect_again().await.ok()?;
        let snapshot = self.history.read(&mut *self.conductor.session).await.ok()?;
        let is_there = |file: &&Prepared<'_>| {
            snapshot.revisions.iter().any(|row| {
                row.version == file.file.version() && !row.is_partial() && row.hash == file.hash
            })
        };
        Some(files.iter().take_while(is_there).count())
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
}

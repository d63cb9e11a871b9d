//! Going on with a file whose last run was broken off in the middle of a
//! statement: did it take effect?

use std::time::Duration;

use crate::apply::file_run::Run;
use crate::apply::intent::Intent;
use crate::apply::outcome::{Outcome, judge};
use crate::apply::prepare::Prepared;
use crate::apply::{ApplyError, ApplyEvent, UnknownOutcome};
use crate::history::Revision;

/// How often a session that nobody reads any more is looked after.
const LOOK: Duration = Duration::from_millis(200);

impl Run<'_, '_> {
    /// Finds out how far each file went that was broken off in a statement.
    pub(super) async fn resolve(&mut self, files: &mut [Prepared<'_>]) -> Result<(), ApplyError> {
        for file in files {
            let Some(row) = file.begun.clone() else {
                continue;
            };
            if let Some(intent) = Intent::of(&row) {
                self.resolve_one(file, &row, &intent).await?;
            }
        }
        Ok(())
    }

    async fn resolve_one(
        &mut self,
        file: &mut Prepared<'_>,
        row: &Revision,
        intent: &Intent,
    ) -> Result<(), ApplyError> {
        let statement = &row.error_stmt;
        let next = file.script.find(file.skipped, |unit| {
            Some((unit.text == *statement, unit.line, unit.column))
        })?;
        self.wait_for_its_end(intent, statement).await?;
        let outcome = judge(&mut *self.conductor.session, statement, intent)
            .await
            .map_err(ApplyError::Session)?;
        let applied = match outcome {
            Outcome::Applied => true,
            // What is left behind is removed, or finished, before the statement's turn.
            Outcome::NotApplied | Outcome::LeftBehind { .. } | Outcome::Unfinished { .. } => false,
            Outcome::Unknown(why) => {
                let (line, column) = match next {
                    Some((true, line, column)) => (line, column),
                    _ => (1, 1),
                };
                return Err(ApplyError::Unknown(Box::new(UnknownOutcome {
                    path: file.file.path().to_owned(),
                    version: row.version.clone(),
                    position: shipgate_sql::Position { line, column },
                    statement: statement.clone(),
                    why,
                })));
            }
        };
        self.conductor.emit(&ApplyEvent::OutcomeTold {
            file: file.file,
            statement,
            applied,
        });
        if applied {
            if !matches!(next, Some((true, ..))) {
                return Err(ApplyError::PartChanged {
                    file: file.file.name().to_owned(),
                    statement: file.skipped + 1,
                });
            }
            file.skipped += 1;
            file.checks.clear();
        }
        Ok(())
    }

    /// A process that is gone may have left its statement running.
    async fn wait_for_its_end(
        &mut self,
        intent: &Intent,
        statement: &str,
    ) -> Result<(), ApplyError> {
        let Some(mark) = &intent.session else {
            return Ok(());
        };
        let mut told = false;
        loop {
            let session = &mut *self.conductor.session;
            let runs = mark.still_runs(session, statement).await;
            if !runs.map_err(ApplyError::Session)? {
                return Ok(());
            }
            if !told {
                told = true;
                self.conductor.emit(&ApplyEvent::WaitingForEnd {
                    session: mark.id,
                    statement,
                });
            }
            if !self.pause(LOOK).await {
                return Err(ApplyError::Cancelled(None));
            }
        }
    }
}

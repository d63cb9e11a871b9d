//! A dry run: the same report, and nothing done.

use shipgate_database::Database;

use crate::apply::checks::assert_checks;
use crate::apply::conductor::Conductor;
use crate::apply::prepare::{Prepared, planned_file, prepare, unprepared_files};
use crate::apply::warnings::{warn_of_directives, warn_of_drift};
use crate::apply::{ApplyEvent, ApplyFailure, ApplyOptions, ApplySink};
use crate::directory::Directory;
use crate::golang::GoDuration;
use crate::plan::Plan;
use crate::report::ApplyReport;

/// What a dry run can look at.
pub(super) enum Stage<'s, 'r> {
    /// The database.
    Session(&'s mut Conductor<'r>),
    /// There is no database yet.
    Nothing(&'s mut dyn ApplySink),
}

impl Stage<'_, '_> {
    fn sink(&mut self) -> &mut dyn ApplySink {
        match self {
            Self::Session(conductor) => conductor.sink,
            Self::Nothing(sink) => *sink,
        }
    }
}

/// Tells what a run would execute. What must hold before the first file is
/// asked; before the others it cannot be, because the first is not executed.
pub(super) async fn show<'a>(
    directory: &'a Directory,
    database: &dyn Database,
    options: &ApplyOptions,
    mut stage: Stage<'_, '_>,
    plan: &Plan<'a>,
    mut report: ApplyReport<'a>,
) -> Result<ApplyReport<'a>, ApplyFailure<'a>> {
    let now = || (options.lock.clock)();
    let current = plan.current.clone().unwrap_or_default();
    let Some(target) = plan.target() else {
        report.current = current;
        let at = now();
        report.end = at.into();
        stage.sink().event(&ApplyEvent::Finished { at });
        return Ok(report);
    };
    warn_of_drift(stage.sink(), plan);
    warn_of_directives(stage.sink(), plan);
    let prepared = prepare(directory, database, options, plan);
    let files = match &prepared {
        Ok(files) => files.iter().map(planned_file).collect(),
        Err(_) => unprepared_files(plan),
    };
    report.planned(&current, target, &files);
    stage.sink().event(&ApplyEvent::Planned {
        at: now(),
        current: plan.current.as_deref(),
        target,
        files: &files,
        dry_run: true,
    });
    let files = match prepared {
        Ok(files) => files,
        Err(error) => {
            let at = now();
            let text = error.to_string();
            report.failed(at, &text);
            stage
                .sink()
                .event(&ApplyEvent::RunFailed { at, error: &text });
            stage.sink().event(&ApplyEvent::Finished { at });
            return Err(ApplyFailure {
                report: Some(Box::new(report)),
                error,
            });
        }
    };
    for (index, prepared) in files.iter().enumerate() {
        let started = now();
        let Prepared { file, skipped, .. } = prepared;
        let (file, skipped) = (*file, *skipped);
        let total = prepared.script.statements.len();
        report.file_started(file, started, skipped);
        if let (0, Stage::Session(conductor)) = (index, &mut stage)
            && let Err(error) = assert_checks(conductor, &mut report, prepared).await
        {
            let at = now();
            report.failed(at, &error.to_string());
            stage.sink().event(&ApplyEvent::Finished { at });
            return Err(ApplyFailure {
                report: Some(Box::new(report)),
                error,
            });
        }
        stage.sink().event(&ApplyEvent::FileStarted {
            file,
            at: started,
            skipped,
            total,
        });
        for (index, statement) in prepared.script.statements.iter().enumerate().skip(skipped) {
            report.statement(statement.text);
            stage.sink().event(&ApplyEvent::StatementStarted {
                number: index + 1,
                text: statement.text,
                line: statement.line,
            });
        }
        let at = now();
        report.file_done(at);
        let elapsed = GoDuration::between(started, at);
        stage.sink().event(&ApplyEvent::FileDone { at, elapsed });
    }
    let at = now();
    report.end = at.into();
    stage.sink().event(&ApplyEvent::Finished { at });
    Ok(report)
}

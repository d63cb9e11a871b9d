//! A dry run: the same report, and nothing done.

use shipgate_database::Database;

use crate::apply::prepare::{Prepared, planned_file, prepare, unprepared_files};
use crate::apply::warnings::{warn_of_directives, warn_of_drift};
use crate::apply::{ApplyEvent, ApplyFailure, ApplyOptions, ApplySink};
use crate::directory::Directory;
use crate::golang::GoDuration;
use crate::plan::Plan;
use crate::report::ApplyReport;

/// Tells what a run would execute.
pub(super) fn show<'a>(
    directory: &'a Directory,
    database: &dyn Database,
    options: &ApplyOptions,
    sink: &mut dyn ApplySink,
    plan: &Plan<'a>,
    mut report: ApplyReport<'a>,
) -> Result<ApplyReport<'a>, ApplyFailure<'a>> {
    let now = || (options.lock.clock)();
    let current = plan.current.clone().unwrap_or_default();
    let Some(target) = plan.target() else {
        report.current = current;
        let at = now();
        report.end = at.into();
        sink.event(&ApplyEvent::Finished { at });
        return Ok(report);
    };
    warn_of_drift(sink, plan);
    warn_of_directives(sink, plan);
    let prepared = prepare(directory, database, options, plan);
    let files = match &prepared {
        Ok(files) => files.iter().map(planned_file).collect(),
        Err(_) => unprepared_files(plan),
    };
    report.planned(&current, target, &files);
    sink.event(&ApplyEvent::Planned {
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
            sink.event(&ApplyEvent::RunFailed { at, error: &text });
            sink.event(&ApplyEvent::Finished { at });
            return Err(ApplyFailure {
                report: Some(Box::new(report)),
                error,
            });
        }
    };
    for prepared in &files {
        let started = now();
        let Prepared { file, skipped, .. } = *prepared;
        let total = prepared.script.statements.len();
        report.file_started(file, started, skipped);
        sink.event(&ApplyEvent::FileStarted {
            file,
            at: started,
            skipped,
            total,
        });
        for (index, statement) in prepared.script.statements.iter().enumerate().skip(skipped) {
            report.statement(statement.text);
            sink.event(&ApplyEvent::StatementStarted {
                number: index + 1,
                text: statement.text,
                line: statement.line,
            });
        }
        let at = now();
        report.file_done(at);
        let elapsed = GoDuration::between(started, at);
        sink.event(&ApplyEvent::FileDone { at, elapsed });
    }
    let at = now();
    report.end = at.into();
    sink.event(&ApplyEvent::Finished { at });
    Ok(report)
}

//! A dry run: the same report, and nothing done.

use jiff::Timestamp;
use shipgate_database::Database;

use crate::apply::checks::assert_checks;
use crate::apply::conductor::Conductor;
use crate::apply::prepare::{Prepared, planned_file, prepare, unprepared_files};
use crate::apply::warnings::{warn_of_directives, warn_of_drift};
use crate::apply::{ApplyError, ApplyEvent, ApplyFailure, ApplyOptions, ApplySink};
use crate::directory::Directory;
use crate::golang::GoDuration;
use crate::plan::Plan;
use crate::report::ApplyReport;
use crate::script::{Syntax, Window};

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
    let syntax = match &stage {
        Stage::Session(conductor) => Syntax::of(&*conductor.session),
        Stage::Nothing(_) => database.dialect().into(),
    };
    let prepared = prepare(directory, syntax, options, plan);
    warn_of_directives(stage.sink(), plan, &prepared);
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
        Err(error) => return Err(failed(stage.sink(), report, error, now())),
    };
    for (index, prepared) in files.iter().enumerate() {
        let started = now();
        let Prepared { file, skipped, .. } = prepared;
        let (file, skipped) = (*file, *skipped);
        let total = prepared.script.len();
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
        if let Err(error) = show_statements(prepared, &mut report, stage.sink()) {
            return Err(failed(stage.sink(), report, error, now()));
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

fn show_statements(
    prepared: &Prepared<'_>,
    report: &mut ApplyReport<'_>,
    sink: &mut dyn ApplySink,
) -> Result<(), ApplyError> {
    let mut cursor = prepared.cursor()?;
    let mut window = Window::default();
    loop {
        cursor.fill_one(&mut window)?;
        let Some(unit) = window.first() else {
            return Ok(());
        };
        report.statement(unit.text);
        sink.event(&ApplyEvent::StatementStarted {
            number: unit.number,
            text: unit.text,
            line: unit.line,
        });
    }
}

fn failed<'a>(
    sink: &mut dyn ApplySink,
    mut report: ApplyReport<'a>,
    error: ApplyError,
    at: Timestamp,
) -> ApplyFailure<'a> {
    let text = error.to_string();
    report.failed(at, &text);
    sink.event(&ApplyEvent::RunFailed { at, error: &text });
    sink.event(&ApplyEvent::Finished { at });
    ApplyFailure {
        report: Some(Box::new(report)),
        error,
    }
}

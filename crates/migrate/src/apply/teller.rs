//! Telling of statements: to the report, and as events.

use jiff::Timestamp;
use shipgate_database::Executed;

use crate::apply::file_run::Run;
use crate::apply::prepare::Prepared;
use crate::apply::told::Told;
use crate::apply::{ApplyEvent, ApplySink};
use crate::golang::GoDuration;
use crate::report::ApplyReport;
use crate::script::Unit;

/// Tells each statement once.
pub(super) struct Teller<'t, 'a> {
    pub(super) report: &'t mut ApplyReport<'a>,
    pub(super) sink: &'t mut dyn ApplySink,
    pub(super) told: &'t mut Told,
}

impl Teller<'_, '_> {
    pub(super) fn started(&mut self, unit: &Unit<'_>) {
        if !self.told.is_new() {
            return;
        }
        self.report.statement(unit.text);
        self.sink.event(&ApplyEvent::StatementStarted {
            number: unit.number,
            text: unit.text,
            line: unit.line,
        });
    }

    /// `elapsed` is unknown of one that was sent together with others.
    pub(super) fn done(
        &mut self,
        unit: &Unit<'_>,
        elapsed: Option<GoDuration>,
        executed: &Executed,
    ) {
        if !self.told.is_new() {
            return;
        }
        self.sink.event(&ApplyEvent::StatementDone {
            number: unit.number,
            elapsed,
            rows: executed.rows,
            notices: &executed.notices,
        });
    }
}

impl Teller<'_, '_> {
    /// Tells of statements that were sent together.
    pub(super) fn done_together<'u, 'e>(
        &mut self,
        units: impl Iterator<Item = (Unit<'u>, &'e Executed)>,
    ) {
        for (unit, executed) in units {
            self.started(&unit);
            self.done(&unit, None, executed);
        }
    }
}

impl<'a> Teller<'_, 'a> {
    pub(super) fn file_started(&mut self, file: &Prepared<'a>, at: Timestamp) {
        self.report.file_started(file.file, at, file.skipped);
        self.sink.event(&ApplyEvent::FileStarted {
            file: file.file,
            at,
            skipped: file.skipped,
            total: file.script.len(),
        });
    }

    pub(super) fn file_done(&mut self, started: Timestamp, at: Timestamp) {
        self.report.file_done(at);
        let elapsed = GoDuration::between(started, at);
        self.sink.event(&ApplyEvent::FileDone { at, elapsed });
    }
}

impl<'a> Run<'a, '_> {
    pub(super) fn teller(&mut self) -> Teller<'_, 'a> {
        Teller {
            report: &mut self.report,
            sink: &mut *self.conductor.sink,
            told: &mut self.conductor.told,
        }
    }
}

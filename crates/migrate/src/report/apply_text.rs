//! The text of an `apply` report, whole or as it happens.

use std::fmt::{self, Write};

use super::apply::{AppliedFile, ApplyReport};
use super::palette::Palette;
use crate::apply::ApplyEvent;
use crate::golang::{GoDuration, GoTime};

/// A report's text.
#[derive(Clone, Copy, Debug)]
pub struct ApplyText<'r> {
    report: &'r ApplyReport<'r>,
    palette: Palette,
}

/// Writes the same text from a run's events, as they happen.
#[derive(Clone, Debug, Default)]
pub struct ApplyTextWriter {
    palette: Palette,
    counts: Counts,
    planned: bool,
    start: Option<jiff::Timestamp>,
    file_start: Option<jiff::Timestamp>,
}

/// What the last lines count.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    files_ok: usize,
    files_failed: usize,
    statements_ok: usize,
    statements_failed: usize,
    /// Statements of the file at work.
    in_file: usize,
    checks_ok: usize,
    checks_failed: usize,
    /// Assertions of the check at work.
    in_check: usize,
}

const NOTHING: &str = "No migration files to execute";
const RULE: &str = "-------------------------";

impl<'r> ApplyText<'r> {
    pub(super) const fn new(report: &'r ApplyReport<'r>, palette: Palette) -> Self {
        Self { report, palette }
    }
}

impl fmt::Display for ApplyText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        let text = Lines {
            palette: self.palette,
        };
        if report.pending.is_empty() {
            return text.nothing(f);
        }
        text.header(f, &report.target, &report.current, report.pending.len())?;
        for file in &report.applied {
            if !checks(text, f, file)? {
                continue;
            }
            text.file(f, file.version)?;
            for statement in &file.statements {
                text.statement(f, statement)?;
            }
            match &file.error {
                None => text.file_ok(f, elapsed(file.start, file.end))?,
                Some(error) => text.error(f, &error.text)?,
            }
        }
        if !report.error.is_empty() && !report.has_failed_file() {
            text.run_error(f, &report.error)?;
        }
        let counts = Counts::of(report);
        text.footer(f, elapsed(report.start, report.end), &counts)
    }
}

impl ApplyTextWriter {
    /// A writer for one run, which began at `start`.
    #[must_use]
    pub fn new(palette: Palette, start: jiff::Timestamp) -> Self {
        Self {
            palette,
            start: Some(start),
            ..Self::default()
        }
    }

    /// Writes what an event adds to the text.
    ///
    /// # Errors
    /// `output` cannot be written to.
    pub fn write(&mut self, event: &ApplyEvent<'_>, output: &mut dyn Write) -> fmt::Result {
        let text = Lines {
            palette: self.palette,
        };
        match event {
            ApplyEvent::Planned {
                target,
                current,
                files,
                ..
            } => {
                self.planned = true;
                text.header(output, target, current.unwrap_or_default(), files.len())
            }
            ApplyEvent::CheckStarted { file, .. } => text.check(output, file.version()),
            ApplyEvent::Asserted { text: assertion } => {
                self.counts.in_check += 1;
                text.statement(output, assertion)
            }
            ApplyEvent::CheckDone { elapsed, .. } => {
                self.counts.check_ok();
                text.file_ok(output, *elapsed)
            }
            ApplyEvent::CheckFailed { error, failed, .. } => {
                self.counts.check_failed(*failed);
                text.error(output, error)
            }
            ApplyEvent::FileStarted { file, at, .. } => {
                self.file_start = Some(*at);
                self.counts.in_file = 0;
                text.file(output, file.version())
            }
            ApplyEvent::StatementStarted {
                text: statement, ..
            } => {
                self.counts.in_file += 1;
                text.statement(output, statement)
            }
            ApplyEvent::FileDone { elapsed, .. } => {
                self.counts.file_ok();
                text.file_ok(output, *elapsed)
            }
            ApplyEvent::FileFailed {
                error,
                in_statement,
                ..
            } => {
                self.counts.file_failed(*in_statement);
                text.error(output, error)
            }
            ApplyEvent::RunFailed { error, .. } if self.planned => text.run_error(output, error),
            ApplyEvent::Finished { at } if self.planned => {
                let elapsed = GoDuration::between(self.start.unwrap_or(*at), *at);
                text.footer(output, elapsed, &self.counts)
            }
            ApplyEvent::Finished { .. } => text.nothing(output),
            _ => Ok(()),
        }
    }
}

impl ApplyReport<'_> {
    /// What the text begins with, without its colon's newline.
    pub(super) fn header(&self, palette: Palette) -> String {
        if self.pending.is_empty() {
            return NOTHING.to_owned();
        }
        Lines { palette }.header_line(&self.target, &self.current, self.pending.len())
    }

    /// Time and counts, a line each.
    pub(super) fn summary(&self, palette: Palette) -> Vec<String> {
        let elapsed = elapsed(self.start, self.end);
        Lines { palette }.summary(elapsed, &Counts::of(self))
    }
}

impl Counts {
    fn of(report: &ApplyReport<'_>) -> Self {
        let mut counts = Self::default();
        for file in &report.applied {
            for check in &file.checks {
                counts.in_check = check.assertions.len();
                match check.error {
                    None => counts.check_ok(),
                    Some(_) => counts.check_failed(check.failed()),
                }
            }
            if file.checks.iter().any(|check| check.error.is_some()) {
                continue;
            }
            counts.in_file = file.executed;
            match &file.error {
                None => counts.file_ok(),
                Some(error) => counts.file_failed(!error.stmt.is_empty()),
            }
        }
        counts
    }

    fn check_ok(&mut self) {
        self.checks_ok += std::mem::take(&mut self.in_check);
    }

    fn check_failed(&mut self, failed: usize) {
        self.files_failed += 1;
        self.checks_failed += failed;
        self.checks_ok += std::mem::take(&mut self.in_check).saturating_sub(failed);
    }

    fn file_ok(&mut self) {
        self.files_ok += 1;
        self.statements_ok += std::mem::take(&mut self.in_file);
    }

    fn file_failed(&mut self, in_statement: bool) {
        self.files_failed += 1;
        let failed = usize::from(in_statement && self.in_file > 0);
        self.statements_failed += failed;
        self.statements_ok += std::mem::take(&mut self.in_file) - failed;
    }
}

/// The pieces the text consists of.
#[derive(Clone, Copy)]
struct Lines {
    palette: Palette,
}

impl Lines {
    fn nothing(self, output: &mut dyn Write) -> fmt::Result {
        writeln!(output, "{NOTHING}")
    }

    fn header(
        self,
        output: &mut dyn Write,
        target: &str,
        current: &str,
        files: usize,
    ) -> fmt::Result {
        writeln!(output, "{}", self.header_line(target, current, files))
    }

    fn header_line(self, target: &str, current: &str, files: usize) -> String {
        let mut line = format!("Migrating to version {}", self.palette.cyan(target));
        if !current.is_empty() {
            line.push_str(&format!(" from {}", self.palette.cyan(current)));
        }
        line + &format!(" ({files} migrations in total):")
    }

    fn file(self, output: &mut dyn Write, version: &str) -> fmt::Result {
        let dashes = self.palette.yellow("--");
        writeln!(
            output,
            "\n  {dashes} migrating version {}",
            self.palette.cyan(version)
        )
    }

    fn check(self, output: &mut dyn Write, version: &str) -> fmt::Result {
        let dashes = self.palette.yellow("--");
        writeln!(
            output,
            "\n  {dashes} checks before migrating version {}",
            self.palette.cyan(version)
        )
    }

    fn statement(self, output: &mut dyn Write, text: &str) -> fmt::Result {
        write!(output, "    {} ", self.palette.cyan("->"))?;
        let mut lines = text.split_inclusive('\n');
        output.write_str(lines.next().unwrap_or_default())?;
        for line in lines {
            output.write_str("       ")?;
            output.write_str(line)?;
        }
        if text.ends_with('\n') {
            output.write_str("       ")?;
        }
        output.write_str("\n")
    }

    fn file_ok(self, output: &mut dyn Write, elapsed: GoDuration) -> fmt::Result {
        let dashes = self.palette.yellow("--");
        writeln!(
            output,
            "  {dashes} ok ({})",
            self.palette.yellow(&elapsed.to_string())
        )
    }

    fn error(self, output: &mut dyn Write, error: &str) -> fmt::Result {
        writeln!(output, "    {}", self.palette.white_on_red(error))
    }

    fn run_error(self, output: &mut dyn Write, error: &str) -> fmt::Result {
        output.write_str("\n")?;
        self.error(output, error)
    }

    fn footer(self, output: &mut dyn Write, elapsed: GoDuration, counts: &Counts) -> fmt::Result {
        writeln!(output, "\n  {}", self.palette.cyan(RULE))?;
        for line in self.summary(elapsed, counts) {
            writeln!(output, "  {line}")?;
        }
        Ok(())
    }

    fn summary(self, elapsed: GoDuration, counts: &Counts) -> Vec<String> {
        let dashes = self.palette.yellow("--");
        let files = tally("migration", counts.files_ok, counts.files_failed);
        let statements = tally(
            "sql statement",
            counts.statements_ok,
            counts.statements_failed,
        );
        let checks = checks_tally(counts.checks_ok, counts.checks_failed);
        std::iter::once(elapsed.to_string())
            .chain([files, checks, statements].into_iter().flatten())
            .map(|line| format!("{dashes} {line}"))
            .collect()
    }
}

/// `2 migrations`, `1 migration with errors`, `1 migration ok, 1 with errors`.
fn tally(noun: &str, ok: usize, failed: usize) -> Option<String> {
    let plural = |count: usize| if count > 1 { "s" } else { "" };
    match (ok, failed) {
        (0, 0) => None,
        (ok, 0) => Some(format!("{ok} {noun}{}", plural(ok))),
        (0, failed) => Some(format!("{failed} {noun}{} with errors", plural(failed))),
        (ok, failed) => Some(format!(
            "{ok} {noun}{} ok, {failed} with errors",
            plural(ok)
        )),
    }
}

/// `2 checks`, `1 check error`, `2 checks ok, 2 failures`.
fn checks_tally(ok: usize, failed: usize) -> Option<String> {
    let plural = |count: usize| if count > 1 { "s" } else { "" };
    match (ok, failed) {
        (0, 0) => None,
        (ok, 0) => Some(format!("{ok} check{}", plural(ok))),
        (0, failed) => Some(format!("{failed} check error{}", plural(failed))),
        (ok, failed) => Some(format!(
            "{ok} check{} ok, {failed} failure{}",
            plural(ok),
            plural(failed)
        )),
    }
}

/// Writes what was asked before a file; whether it holds.
fn checks(
    text: Lines,
    f: &mut fmt::Formatter<'_>,
    file: &AppliedFile<'_>,
) -> Result<bool, fmt::Error> {
    for check in &file.checks {
        text.check(f, file.version)?;
        for assertion in &check.assertions {
            text.statement(f, assertion.stmt)?;
        }
        if let Some(error) = &check.error {
            text.error(f, &error.text)?;
            return Ok(false);
        }
        text.file_ok(f, elapsed(check.start, check.end))?;
    }
    Ok(true)
}

fn elapsed(start: GoTime, end: GoTime) -> GoDuration {
    match (start.timestamp(), end.timestamp()) {
        (Some(start), Some(end)) => GoDuration::between(start, end),
        _ => GoDuration::default(),
    }
}

//! One run of `apply` on one database.

use std::sync::Arc;

use jiff::Timestamp;
use shipgate_database::{Database, LockEvent};
use shipgate_migrate::apply::{ApplyError, ApplyEvent, ApplyOptions, ApplySink, apply};
use shipgate_migrate::directory::Directory;
use shipgate_migrate::history::HistoryError;
use shipgate_migrate::report::ApplyTextWriter;

use super::progress::{Form, Progress};
use crate::cli::App;
use crate::commands::migrate::format::Format;
use crate::commands::migrate::repeated::Repeated;
use crate::commands::migrate::screen::Screen;
use crate::error::{CliError, Exit};
use crate::report::short;
use crate::wiring::notice::waiting;

/// One run: what, where, how, and the form of its report.
pub(in crate::commands::migrate) struct Job {
    /// The migrations, whose checksums hold.
    pub(in crate::commands::migrate) directory: Directory,
    pub(in crate::commands::migrate) database: Arc<dyn Database>,
    pub(in crate::commands::migrate) options: ApplyOptions,
    pub(in crate::commands::migrate) format: Format,
    /// The flags that a command repeats which goes on after it.
    pub(in crate::commands::migrate) repeated: Repeated,
}

impl Job {
    /// Runs it, and tells it: text as it happens, any other form at the end.
    pub(in crate::commands::migrate) async fn run(
        &self,
        app: &App,
        screen: &mut Screen,
    ) -> Result<Exit, CliError> {
        let mut console = Console {
            app,
            writer: ApplyTextWriter::new(screen.palette(), Timestamp::now()),
            text: String::new(),
            screen: self.format.is_text().then_some(&mut *screen),
            unwritten: None,
            progress: Progress::told_by(
                Arc::clone(&app.printer),
                match self.format {
                    Format::JsonLine => Form::Json,
                    _ => Form::Line,
                },
            ),
        };
        let database = self.database.as_ref();
        let result = apply(database, &self.directory, &self.options, &mut console).await;
        console.waits();
        if let Some(error) = console.unwritten {
            return Err(error);
        }
        let (report, error) = match result {
            Ok(report) => (Some(Box::new(report)), None),
            Err(failure) => (failure.report, Some(failure.error)),
        };
        let written = match &report {
            Some(report) => self
                .format
                .written(report, || report.value(screen.palette())),
            None => Ok(None),
        };
        let written = match written {
            Ok(written) => written,
            Err(bad) => return screen.fail("format", &bad.0, &[]),
        };
        if let Some(text) = &written {
            screen.write(text)?;
        }
        match error {
            None => Ok(Exit::Done),
            // A report in the form that was asked for carries its error itself.
            Some(error) if written.is_some() => Ok(exit_of(&error)),
            Some(error) => fail(&error, &self.repeated, screen),
        }
    }
}

fn fail(error: &ApplyError, repeated: &Repeated, screen: &mut Screen) -> Result<Exit, CliError> {
    if let ApplyError::Checksum(checksum) = error {
        return screen.fail_checksum(checksum, &repeated.directory_flags());
    }
    if let ApplyError::History(HistoryError::Ambiguous) = error {
        return screen.fail_ambiguous();
    }
    let mut hints = error.hints_with(&repeated.flags());
    if let ApplyError::Unknown(_) = error {
        hints.extend(repeated.hint());
    }
    screen.fail("migration-failed", &error.to_string(), &hints)?;
    Ok(exit_of(error))
}

fn exit_of(error: &ApplyError) -> Exit {
    match error {
        ApplyError::Cancelled(_) => Exit::Interrupted,
        _ => Exit::Failed,
    }
}

/// Shows a run as it happens.
struct Console<'c> {
    app: &'c App,
    writer: ApplyTextWriter,
    text: String,
    /// Where the report is written; none if it is told in another form.
    screen: Option<&'c mut Screen>,
    unwritten: Option<CliError>,
    progress: Progress,
}

impl ApplySink for Console<'_> {
    fn event(&mut self, event: &ApplyEvent<'_>) {
        self.progress.see(event);
        self.app.printer.clear();
        tell(event, self.app);
        if self.unwritten.is_some() {
            return;
        }
        if let Some(screen) = &mut self.screen {
            self.text.clear();
            let written = match self.writer.write(event, &mut self.text) {
                Ok(()) => screen.add(&self.text),
                Err(error) => Err(CliError::new("output", error.to_string())),
            };
            self.unwritten = written.err();
        }
    }

    fn waits(&mut self) {
        if let (Some(screen), None) = (&mut self.screen, &self.unwritten) {
            self.unwritten = screen.show().err();
        }
    }
}

fn lock_warning(event: &LockEvent) -> String {
    match event {
        LockEvent::LeaseUnusable { message } => format!(
            "who holds the migration lock cannot be written down, and behind a connection pooler \
             it may not hold: {message}"
        ),
        LockEvent::AtlasLockUnusable { file, message } => format!(
            "Atlas's lock file {} cannot be used, and Atlas is not kept out: {message}",
            file.display()
        ),
        LockEvent::Waiting { holder, .. } => format!("the migration lock is held by {holder}"),
        LockEvent::LetGo => "the migration lock was given back".to_owned(),
    }
}

/// Says on stderr what is no part of the report.
fn tell(event: &ApplyEvent<'_>, app: &App) {
    let printer = &app.printer;
    match event {
        ApplyEvent::WaitingForLock { holder, remaining } => printer.say(&format!(
            "waiting for the migration lock, held by {holder}; {} left",
            short(*remaining)
        )),
        ApplyEvent::WaitingForDatabase { reason, limit } => {
            printer.say(&waiting(reason, *limit));
        }
        ApplyEvent::LockIsWeak { event } => printer.warn(&lock_warning(event)),
        ApplyEvent::WaitingForEnd { session, statement } => printer.say(&format!(
            "the server still executes a statement of a run that is gone, in session {session}; \
             waiting for its end: {statement}"
        )),
        ApplyEvent::OutcomeTold {
            file,
            statement,
            applied,
        } => printer.say(&format!(
            "{}: a run was broken off in a statement; the catalog says that it {}: {statement}",
            file.name(),
            if *applied {
                "took effect"
            } else {
                "took no effect, so it is executed again"
            }
        )),
        ApplyEvent::LeftoverRemoved { statement } => {
            printer.say(&format!("removing what was left behind: {statement}"));
        }
        ApplyEvent::Retrying {
            attempt,
            most,
            pause,
            reason,
            blockers,
        } => {
            printer.say(&format!(
                "{reason}; rolled back, trying again in {} ({attempt} of {most})",
                short(*pause)
            ));
            for blocker in *blockers {
                printer.say(&format!("in the way: {blocker}"));
            }
        }
        ApplyEvent::DirectiveIgnored { file, warning } => {
            printer.warn(&format!("{}: {warning}", file.name()));
        }
        ApplyEvent::CommitsAtRisk { text } | ApplyEvent::HistoryDiffers { text } => {
            printer.warn(text);
        }
        ApplyEvent::SessionRestored { statement } => {
            printer.detail(&format!("set again in this session: {statement}"));
        }
        ApplyEvent::StatementDone {
            number,
            elapsed,
            rows,
            notices,
        } => {
            for notice in *notices {
                printer.say(notice);
            }
            let elapsed = elapsed.map_or_else(String::new, |elapsed| format!("{elapsed}, "));
            printer.detail(&format!("statement {number}: {elapsed}{rows} rows"));
        }
        _ => {}
    }
}

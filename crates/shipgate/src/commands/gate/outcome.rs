//! How a gate ended: what the history says of it, in words and exit code.

use std::path::PathBuf;
use std::time::Duration;

use shipgate_database::{ConnectOptions, Database, OpenError};
use shipgate_release::machine::ExitCause;
use shipgate_tools::{Aftermath, Entry, Goal, Status};

use super::command::GateCommand;
use super::passage::Why;
use super::told::{Told, newly_applied};
use crate::error::{CliError, Exit};
use crate::report::short;
use crate::wiring::access::open_failure;
use crate::wiring::tooling::Tooling;

/// How the command ended.
pub(super) struct Ended {
    pub(super) cause: ExitCause,
    pub(super) ran: Duration,
    /// Why it was stopped, if it was.
    pub(super) why: Option<Why>,
    /// How long it might run.
    pub(super) limit: Option<Duration>,
    /// The kernel killed something for its memory meanwhile.
    pub(super) was_out_of_memory: bool,
    pub(super) log: PathBuf,
    /// Its last lines, for a reader who did not see them.
    pub(super) tail: Vec<String>,
}

/// Everything that decides whether the gate is passed.
pub(super) struct Outcome<'a> {
    pub(super) command: &'a GateCommand,
    pub(super) title: &'static str,
    pub(super) before: Option<&'a Status>,
    pub(super) after: Result<Option<Status>, CliError>,
    /// `None`: nobody can tell.
    pub(super) schema_changed: Option<bool>,
    pub(super) aftermath: Option<Aftermath>,
    pub(super) ended: &'a Ended,
    pub(super) goal: &'a Goal,
}

impl Outcome<'_> {
    /// Passed, or why not.
    pub(super) fn judge(self) -> Result<Told, CliError> {
        let ended = self.ended;
        let after = match &self.after {
            Ok(after) => after.clone(),
            Err(error) if ended.cause.success() => {
                return Err(error
                    .clone()
                    .with_report([
                        format!(
                            "`{}` exited with 0, and the history cannot be read afterwards",
                            self.command.shown()
                        ),
                        self.log_line(),
                    ])
                    .exiting(Exit::Halfway));
            }
            Err(_) => None,
        };
        if !ended.cause.success() {
            return Err(self.failed(after.as_ref()));
        }
        if let Some(after) = &after {
            verify(after, self.goal, self.title).map_err(|error| {
                let changed = self.is_changed(Some(after));
                let mut error = error
                    .with_report([self.log_line()])
                    .exiting(exit_of(changed));
                error.message = format!(
                    "`{}` exited with 0, but {}",
                    self.command.shown(),
                    error.message
                );
                error
            })?;
        }
        Ok(Told::run(self.command, ended.ran, self.before, after))
    }

    /// The command did not succeed.
    fn failed(&self, after: Option<&Status>) -> CliError {
        let ended = self.ended;
        let shown = self.command.shown();
        let changed = self.is_changed(after);
        let is_oom = ended.cause == ExitCause::OutOfMemory
            || (ended.was_out_of_memory && ended.cause == ExitCause::Signal(9));
        let error = match (&ended.cause, &ended.why) {
            (ExitCause::Timeout, _) => CliError::new(
                "gate-timeout",
                format!(
                    "`{shown}` ran longer than {} and was stopped",
                    short(ended.limit.unwrap_or(ended.ran))
                ),
            )
            .exiting(late(changed)),
            (ExitCause::Stopped, Some(Why::Asked(exit))) => {
                CliError::new("cancelled", format!("`{shown}` was stopped as asked")).exiting(*exit)
            }
            (ExitCause::Stopped, Some(Why::Lost(error))) => {
                CliError::new("migration-lock", format!("`{shown}` was stopped: {error}"))
                    .exiting(late(changed))
            }
            (cause, _) => {
                let cause = if is_oom {
                    "out of memory: the kernel killed it".to_owned()
                } else {
                    cause.to_string()
                };
                CliError::new("gate-command", format!("`{shown}`: {cause}"))
                    .exiting(exit_of(changed))
            }
        };
        let mut report = ended.tail.clone();
        report.push(self.what_changed(after, changed));
        if let Some(after) = after {
            report.extend(after.failed().map(Entry::line));
        }
        report.push(self.log_line());
        let mut hints = after.map(|after| after.hints.clone()).unwrap_or_default();
        if changed != Some(false) {
            hints.extend(
                self.aftermath
                    .and_then(Aftermath::advice)
                    .map(str::to_owned),
            );
        }
        hints.extend(cause_hint(ended.cause, is_oom));
        with_hints(error.with_report(report), hints)
    }

    fn is_changed(&self, after: Option<&Status>) -> Option<bool> {
        let applied = !newly_applied(self.before, after).is_empty();
        if applied {
            return Some(true);
        }
        self.schema_changed
    }

    fn what_changed(&self, after: Option<&Status>, changed: Option<bool>) -> String {
        let applied = newly_applied(self.before, after);
        match (applied.as_slice(), changed) {
            ([], Some(false)) => "the schema and the history are as they were before".to_owned(),
            ([], Some(true)) => {
                "no migration was recorded, but the schema is not as it was before".to_owned()
            }
            ([], None) => "what it changed cannot be told: the database is not readable".to_owned(),
            (applied, _) => format!("applied before that: {}", applied.join(", ")),
        }
    }

    fn log_line(&self) -> String {
        format!("the whole log: {}", self.ended.log.display())
    }
}

/// 1 if nothing changed, else 5.
fn exit_of(changed: Option<bool>) -> Exit {
    match changed {
        Some(false) => Exit::Failed,
        Some(true) | None => Exit::Halfway,
    }
}

/// 4 if nothing changed, else 5.
fn late(changed: Option<bool>) -> Exit {
    match changed {
        Some(false) => Exit::Deadline,
        Some(true) | None => Exit::Halfway,
    }
}

fn cause_hint(cause: ExitCause, is_oom: bool) -> Option<String> {
    match cause {
        _ if is_oom => Some("give the container or machine more memory".to_owned()),
        ExitCause::Timeout => Some("`--timeout` says how long it may run".to_owned()),
        ExitCause::Code(127) => {
            Some("127 means that a program was not found; is it in the image?".to_owned())
        }
        _ => None,
    }
}

/// The first hint where hints are shown, the others with it.
fn with_hints(mut error: CliError, hints: Vec<String>) -> CliError {
    let mut hints = hints.into_iter();
    error.hint = hints.next();
    error.report.extend(hints);
    error
}

/// What the history must hold.
pub(super) fn verify(status: &Status, goal: &Goal, title: &str) -> Result<(), CliError> {
    let shortfalls = status
        .shortfalls(goal)
        .map_err(|error| CliError::usage("flag", format!("--verify: {error}")))?;
    if shortfalls.is_empty() {
        return Ok(());
    }
    let error = CliError::new(
        "not-verified",
        format!("{title}'s history is short of the goal `{goal}`"),
    )
    .with_report(shortfalls.iter().map(ToString::to_string));
    Err(with_hints(error, status.hints.clone()))
}

/// A migration that failed before keeps its tool from doing anything.
pub(super) fn refuse_failed(title: &str, status: &Status) -> Result<(), CliError> {
    let failed: Vec<String> = status.failed().map(Entry::line).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let error = CliError::new(
        "failed-migration",
        format!("an earlier run failed halfway, and {title} goes no further until that is settled"),
    )
    .with_report(failed);
    Err(with_hints(error, status.hints.clone()))
}

/// Stopped while it waited: nothing was done.
pub(super) fn stopped_before(exit: Exit) -> CliError {
    CliError::new(
        "cancelled",
        "stopped as asked, before the command was started",
    )
    .exiting(exit)
}

/// A database that is not there yet is no error: the tool may make it.
pub(super) fn unless_missing(error: OpenError) -> Result<(), CliError> {
    match error {
        OpenError::Missing { .. } | OpenError::NoDirectory { .. } => Ok(()),
        error => Err(open_failure(&error).into()),
    }
}

/// The schema without the tool's history, as names and digests.
pub(super) async fn objects(
    database: &dyn Database,
    tooling: Option<&Tooling>,
    reading: &ConnectOptions,
) -> Result<Vec<(String, String)>, CliError> {
    let mut session = match database.connect(reading).await {
        Ok(session) => session,
        Err(error) => return unless_missing(error).map(|()| Vec::new()),
    };
    let wanted = tooling.map(|tooling| tooling.migrations.wanted(database.dialect()));
    let names: Vec<String> = wanted
        .unwrap_or_default()
        .into_iter()
        .map(|wanted| wanted.name.name)
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let catalog = session.catalog(&names).await;
    session.close().await;
    let catalog = catalog.map_err(|error| CliError::new("catalog", error.to_string()))?;
    Ok(catalog
        .objects()
        .map(|object| (object.label(), object.digest()))
        .collect())
}

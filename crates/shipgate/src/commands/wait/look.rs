//! One look at the history, and what is still to be waited for.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shipgate_database::{
    ConnectOptions, LeasePlace, LockError, LockName, LockOwner, LockRequest, OpenError,
};
use shipgate_migrate::history;
use shipgate_tools::{Entry, State, Status};

use crate::commands::history_flags::Reach;
use crate::error::CliError;
use crate::report::number_of_migrations;
use crate::wiring::access::open_failure;
use crate::wiring::engine::host;
use crate::wiring::tooling::{Tooling, reading};

/// How many migrations a line names.
const NAMED: usize = 3;

/// What a look showed.
pub(super) enum Seen {
    /// Everything is there; in words.
    Right(String),
    /// Something is not there yet.
    Missing(Look),
}

/// What is not there yet.
pub(super) enum Look {
    /// The database.
    Database(OpenError),
    /// Migrations.
    Migrations {
        missing: Vec<Entry>,
        expected: usize,
        place: String,
    },
    /// The end of a run: one migration is half done, and somebody migrates.
    Run { by: LockOwner },
}

impl Look {
    /// In a line.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Database(error) => format!("the database: {error}"),
            Self::Migrations {
                missing,
                expected,
                place,
            } => {
                let names: Vec<String> = missing.iter().take(NAMED).map(name).collect();
                let more = match missing.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!(
                    "{} of {expected} migrations in {place}: {}{more}",
                    missing.len(),
                    names.join(", ")
                )
            }
            Self::Run { by } => format!("the end of a run by {by}"),
        }
    }

    /// All of it, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        match self {
            Self::Migrations { missing, .. } => missing.iter().map(Entry::line).collect(),
            Self::Database(_) | Self::Run { .. } => Vec::new(),
        }
    }
}

fn name(entry: &Entry) -> String {
    if entry.name.is_empty() {
        entry.version.clone()
    } else {
        format!("{} {}", entry.version, entry.name)
    }
}

/// Looks once.
pub(super) async fn look(tooling: &Tooling, reach: &Reach) -> Result<Seen, CliError> {
    let once = ConnectOptions {
        connect_timeout: Duration::ZERO,
        busy_timeout: Duration::from_secs(1),
        ..reading()
    };
    match reach.database.connect(&once).await {
        Ok(session) => session.close().await,
        Err(error) if may_come(&error) => return Ok(Seen::Missing(Look::Database(error))),
        Err(error) => return Err(open_failure(&error).into()),
    }
    let status = tooling.status(reach.database.as_ref(), &once).await?;
    if status.failed().next().is_some() {
        return match holder(tooling, reach).await {
            Some(by) => Ok(Seen::Missing(Look::Run { by })),
            None => Err(failed(tooling, &status)),
        };
    }
    let never: Vec<String> = in_states(&status, &[State::Unreachable])
        .map(Entry::line)
        .collect();
    if !never.is_empty() {
        let error = CliError::new(
            "not-verified",
            format!("{} never applies what is expected", tooling.tool.title()),
        );
        return Err(hinted(error.with_report(never), &status));
    }
    let missing: Vec<Entry> = status.outstanding().cloned().collect();
    if missing.is_empty() {
        return Ok(Seen::Right(right(tooling, &status)));
    }
    Ok(Seen::Missing(Look::Migrations {
        missing,
        expected: expected(&status),
        place: status.history,
    }))
}

/// Whether a database that cannot be opened may well be in a moment.
fn may_come(error: &OpenError) -> bool {
    matches!(
        error,
        OpenError::Missing { .. }
            | OpenError::NoDirectory { .. }
            | OpenError::Unreachable { .. }
            | OpenError::NoSuchDatabase { .. }
            | OpenError::Locked { .. }
    )
}

fn in_states<'s>(status: &'s Status, states: &'s [State]) -> impl Iterator<Item = &'s Entry> {
    status
        .migrations
        .iter()
        .filter(|entry| states.contains(&entry.state))
}

/// How many migrations the files, or the manifest, hold.
fn expected(status: &Status) -> usize {
    status.migrations.len() - status.without_file().count()
}

/// `knex_migrations holds all that is expected: 3 migrations; it is newer by 1: 4 tags`.
fn right(tooling: &Tooling, status: &Status) -> String {
    let newer: Vec<String> = status.without_file().map(name).collect();
    let title = tooling.tool.title();
    let history = &status.history;
    // Of a graph only the latest revision is in the history, and if no file
    // holds that one, it comes from a newer build.
    let mut words = if in_states(status, &[State::NotCheckable]).next().is_some() {
        format!("{title}: {history} stands at revisions that only a newer build knows")
    } else {
        format!(
            "{title}: {history} holds all that is expected: {}",
            number_of_migrations(expected(status))
        )
    };
    if !newer.is_empty() {
        words.push_str(&format!(
            "; it is newer than this build by {}: {}",
            newer.len(),
            newer.join(", ")
        ));
    }
    for entry in in_states(status, &[State::Edited]) {
        words.push_str(&format!("; {}", entry.line()));
    }
    words
}

fn failed(tooling: &Tooling, status: &Status) -> CliError {
    let lines: Vec<String> = status.failed().map(Entry::line).collect();
    let error = CliError::new(
        "failed-migration",
        format!(
            "a migration of {} has failed, and nobody goes on with it",
            tooling.tool.title()
        ),
    );
    hinted(error.with_report(lines), status)
}

fn hinted(mut error: CliError, status: &Status) -> CliError {
    let mut hints = status.hints.iter().cloned();
    error.hint = hints.next();
    error.with_report(hints)
}

/// Who holds the migration lock: a migration that runs looks like one that failed.
async fn holder(tooling: &Tooling, reach: &Reach) -> Option<LockOwner> {
    // Shipgate's own engine locks the schema that holds its history.
    let own = || {
        let connected = reach.database.url().schema();
        connected.unwrap_or_else(|| history::TABLE.to_owned())
    };
    let request = LockRequest {
        name: LockName::default(),
        pid: std::process::id(),
        host: host(),
        purpose: "shipgate wait".to_owned(),
        timeout: Duration::ZERO,
        schema: tooling.is_own().then(own),
        // Nothing is written.
        lease: LeasePlace::Nowhere,
        connect_timeout: Duration::ZERO,
        clock: Arc::new(Timestamp::now),
        temporary_directory: None,
        on_event: None,
    };
    match reach.database.lock(request).await {
        Ok(lock) => {
            // It was free, and is so again.
            let _ = lock.release().await;
            None
        }
        Err(LockError::Held { holder, .. }) => Some(holder),
        Err(_) => None,
    }
}

//! What became of each migration: one model for every tool.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use shipgate_database::Session;

use crate::compare::Comparison;
use crate::history::{HistoryError, Tables, read};
use crate::project::Project;
use crate::tool::{Migrations, Place, Tool};

/// What became of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The database has it.
    Applied,
    /// The tool would apply it.
    Pending,
    /// It began and did not end well.
    Failed,
    /// It is applied, and its file says something else now.
    Edited,
    /// The database has it, and no file holds it.
    MissingFile,
    /// It is not applied, and a later one is.
    OutOfOrder,
    /// It is not applied, and the tool never will.
    Unreachable,
    /// It is not applied, and need not be: another runs in its place.
    Superseded,
    /// It cannot be known.
    NotCheckable,
}

impl State {
    /// Every state, in the order of a summary.
    pub const ALL: [Self; 9] = [
        Self::Applied,
        Self::Pending,
        Self::Failed,
        Self::Edited,
        Self::MissingFile,
        Self::OutOfOrder,
        Self::Unreachable,
        Self::Superseded,
        Self::NotCheckable,
    ];
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Edited => "edited",
            Self::MissingFile => "missing file",
            Self::OutOfOrder => "out of order",
            Self::Unreachable => "unreachable",
            Self::Superseded => "superseded",
            Self::NotCheckable => "not checkable",
        })
    }
}

/// A migration and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its version.
    pub version: String,
    /// Its name without the version.
    pub name: String,
    /// What the history calls it.
    pub id: String,
    /// The file or directory that holds it.
    pub file: Option<String>,
    /// What became of it.
    pub state: State,
    /// Why that is its state, where the state alone does not say.
    pub why: Option<String>,
    /// When it was applied or failed, as the history says.
    pub at: Option<Timestamp>,
    /// In which run, by whom or by what version it was applied, as far as the history says.
    pub by: Option<String>,
}

/// The state of a project's migrations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The tool's name.
    pub tool: &'static str,
    /// The migration directories.
    pub directories: Vec<String>,
    /// The history table or file.
    pub history: String,
    /// Whether the history was there; `None` without a database.
    pub history_exists: Option<bool>,
    /// The migrations in the order of execution; those without file where they were.
    pub migrations: Vec<Entry>,
    /// How many are in which state.
    pub summary: Summary,
    /// The latest revisions of a graph.
    pub heads: Vec<String>,
    /// Rows of the history that are not this project's.
    pub foreign: Vec<String>,
    /// What is wrong beside the states of single migrations.
    pub warnings: Vec<String>,
    /// The tool's own way out.
    pub hints: Vec<String>,
    /// What could not be read and was taken to be as usual.
    pub notes: Vec<String>,
    /// The tool's command that applies what is pending.
    pub command: Vec<String>,
}

impl Status {
    /// Whether everything is applied and nothing is wrong.
    pub fn is_well(&self) -> bool {
        let right = self.summary.applied + self.summary.superseded;
        self.warnings.is_empty() && right == self.migrations.len()
    }
}

/// How many migrations are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// [`State::Applied`].
    pub applied: usize,
    /// [`State::Pending`].
    pub pending: usize,
    /// [`State::Failed`].
    pub failed: usize,
    /// [`State::Edited`].
    pub edited: usize,
    /// [`State::MissingFile`].
    pub missing_file: usize,
    /// [`State::OutOfOrder`].
    pub out_of_order: usize,
    /// [`State::Unreachable`].
    pub unreachable: usize,
    /// [`State::Superseded`].
    pub superseded: usize,
    /// [`State::NotCheckable`].
    pub not_checkable: usize,
}

impl Summary {
    fn of(entries: &[Entry]) -> Self {
        let mut summary = Self::default();
        for entry in entries {
            *summary.slot(entry.state) += 1;
        }
        summary
    }

    fn slot(&mut self, state: State) -> &mut usize {
        match state {
            State::Applied => &mut self.applied,
            State::Pending => &mut self.pending,
            State::Failed => &mut self.failed,
            State::Edited => &mut self.edited,
            State::MissingFile => &mut self.missing_file,
            State::OutOfOrder => &mut self.out_of_order,
            State::Unreachable => &mut self.unreachable,
            State::Superseded => &mut self.superseded,
            State::NotCheckable => &mut self.not_checkable,
        }
    }

    /// How many are in this state.
    pub fn count(mut self, state: State) -> usize {
        *self.slot(state)
    }
}

impl fmt::Display for Summary {
    /// `2 applied, 1 pending`; `no migrations`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted: Vec<String> = State::ALL
            .into_iter()
            .map(|state| (state, self.count(state)))
            .filter(|(_, count)| *count > 0)
            .map(|(state, count)| format!("{count} {state}"))
            .collect();
        if counted.is_empty() {
            f.write_str("no migrations")
        } else {
            f.write_str(&counted.join(", "))
        }
    }
}

/// Why the state cannot be told.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum StatusError {
    /// The history cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
}

/// Reads the history and compares it with the files.
///
/// # Errors
/// [`StatusError`].
pub async fn status(
    tool: &'static dyn Tool,
    project: &Project,
    migrations: &dyn Migrations,
    session: &mut dyn Session,
) -> Result<Status, StatusError> {
    let wanted = migrations.wanted(session.dialect());
    let mut tables = read(session, tool.title(), &wanted).await?;
    let exists = wanted.is_empty() || tables.get(0).is_some();
    let mut comparison = migrations.compare(&tables)?;
    comparison.warnings.append(&mut tables.warnings);
    Ok(build(tool, project, migrations, comparison, Some(exists)))
}

/// The state if there is no history, because there is no database yet.
///
/// # Errors
/// [`StatusError`].
pub fn status_of_nothing(
    tool: &'static dyn Tool,
    project: &Project,
    migrations: &dyn Migrations,
) -> Result<Status, StatusError> {
    let comparison = migrations.compare(&Tables::default())?;
    Ok(build(tool, project, migrations, comparison, Some(false)))
}

/// What the files hold, without a database to compare them with.
pub fn status_of_files(
    tool: &'static dyn Tool,
    project: &Project,
    migrations: &dyn Migrations,
) -> Status {
    let entries = migrations
        .listed()
        .into_iter()
        .map(|migration| {
            let mut entry = Entry::of(migration, State::NotCheckable);
            entry.why = Some("no database".to_owned());
            entry
        })
        .collect();
    let comparison = Comparison {
        entries,
        ..Comparison::default()
    };
    build(tool, project, migrations, comparison, None)
}

fn build(
    tool: &'static dyn Tool,
    project: &Project,
    migrations: &dyn Migrations,
    comparison: Comparison,
    history_exists: Option<bool>,
) -> Status {
    let Place {
        directories,
        history,
        notes,
        parts: _,
    } = migrations.place().clone();
    Status {
        tool: tool.name(),
        directories,
        history,
        history_exists,
        summary: Summary::of(&comparison.entries),
        migrations: comparison.entries,
        heads: migrations.heads(),
        foreign: comparison.foreign,
        warnings: comparison.warnings,
        hints: comparison.hints,
        notes,
        command: tool.command(project),
    }
}

//! What a gate that was passed tells.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::json;
use shipgate_tools::{State, Status};

use super::command::GateCommand;
use crate::report::{number_of_migrations, short};

/// Version of the result's form; readers ignore fields they do not know.
const SCHEMA: u32 = 1;

/// A gate that was passed.
pub(super) struct Told {
    command: String,
    ran: Option<Duration>,
    applied: Vec<String>,
    after: Option<Status>,
}

impl Told {
    /// There was nothing to do.
    pub(super) fn not_run(command: &GateCommand, status: &Status) -> Self {
        Self {
            command: command.shown().to_owned(),
            ran: None,
            applied: Vec::new(),
            after: Some(status.clone()),
        }
    }

    /// The command ran, and did what was to be done.
    pub(super) fn run(
        command: &GateCommand,
        ran: Duration,
        before: Option<&Status>,
        after: Option<Status>,
    ) -> Self {
        Self {
            command: command.shown().to_owned(),
            ran: Some(ran),
            applied: newly_applied(before, after.as_ref()),
            after,
        }
    }

    /// One line about the run.
    pub(super) fn summary(&self) -> String {
        match self.ran {
            Some(ran) => format!("{} in {}", self.counted(), short(ran)),
            None => self.counted(),
        }
    }

    /// `2 migrations applied and verified`.
    fn counted(&self) -> String {
        let Some(after) = &self.after else {
            return "the command succeeded; its history is not verified".to_owned();
        };
        match self.applied.len() {
            0 => format!("nothing more was applied; verified: {}", after.summary),
            more => format!(
                "{} applied; verified: {}",
                number_of_migrations(more),
                after.summary
            ),
        }
    }

    /// The result as one line.
    pub(super) fn json(&self) -> String {
        json!({
            "type": "gate",
            "schema": SCHEMA,
            "command": self.command,
            "started": self.ran.is_some(),
            "seconds": self.ran.map(|ran| ran.as_secs_f64()),
            "tool": self.after.as_ref().map(|after| after.tool),
            "history": self.after.as_ref().map(|after| &after.history),
            "applied": self.applied,
            "summary": self.after.as_ref().map(|after| after.summary),
        })
        .to_string()
    }
}

/// The history's names of what is applied now and was not before.
pub(super) fn newly_applied(before: Option<&Status>, after: Option<&Status>) -> Vec<String> {
    let is_applied = |state| matches!(state, State::Applied | State::Edited);
    let had: HashSet<&str> = before
        .into_iter()
        .flat_map(|before| &before.migrations)
        .filter(|entry| is_applied(entry.state))
        .map(|entry| entry.id.as_str())
        .collect();
    after
        .iter()
        .flat_map(|after| &after.migrations)
        .filter(|entry| is_applied(entry.state) && !had.contains(entry.id.as_str()))
        .map(|entry| entry.id.clone())
        .collect()
}

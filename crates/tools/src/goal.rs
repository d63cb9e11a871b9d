//! What must hold of a history, and what is short of it.

use std::fmt;
use std::str::FromStr;

use crate::status::{Entry, State, Status};

/// What is asked of a history after a run, or before an app starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Goal {
    /// Nothing.
    None,
    /// Everything the files hold is applied, and nothing failed.
    #[default]
    All,
    /// The same, and nothing is edited, without file, or warned of.
    Strict,
    /// Everything up to this version is applied, and nothing failed.
    UpTo(String),
}

/// A text that names no goal.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is none of `all`, `strict`, `none` and `to=VERSION`")]
pub struct BadGoal(String);

impl FromStr for Goal {
    type Err = BadGoal;

    fn from_str(text: &str) -> Result<Self, BadGoal> {
        match text {
            "none" => Ok(Self::None),
            "all" => Ok(Self::All),
            "strict" => Ok(Self::Strict),
            _ => match text.strip_prefix("to=") {
                Some(version) if !version.is_empty() => Ok(Self::UpTo(version.to_owned())),
                _ => Err(BadGoal(text.to_owned())),
            },
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::All => f.write_str("all"),
            Self::Strict => f.write_str("strict"),
            Self::UpTo(version) => write!(f, "to={version}"),
        }
    }
}

/// A goal names a version that no file holds.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("no migration has the version {version}; the latest is {}", latest.as_deref().unwrap_or("none"))]
pub struct NoSuchVersion {
    /// The version.
    pub version: String,
    /// That of the last migration.
    pub latest: Option<String>,
}

/// Something that is short of a goal, as a line: `2 posts: pending`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall(pub String);

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Entry {
    /// `2 posts: pending`, and why.
    pub fn line(&self) -> String {
        let mut line = self.version.clone();
        if !self.name.is_empty() {
            line.push(' ');
            line.push_str(&self.name);
        }
        line.push_str(&format!(": {}", self.state));
        if let Some(why) = &self.why {
            line.push_str(&format!(", {why}"));
        }
        line
    }

    /// Not applied, and the tool's command would apply it, or refuse to.
    pub fn is_outstanding(&self) -> bool {
        matches!(self.state, State::Pending | State::OutOfOrder)
    }
}

impl Status {
    /// Migrations that are not applied and wait for the tool's command.
    pub fn outstanding(&self) -> impl Iterator<Item = &Entry> {
        self.migrations
            .iter()
            .filter(|entry| entry.is_outstanding())
    }

    /// Migrations that began and did not end well.
    pub fn failed(&self) -> impl Iterator<Item = &Entry> {
        self.in_state(State::Failed)
    }

    /// Rows that no file holds: of a newer version of the app, or of deleted files.
    pub fn without_file(&self) -> impl Iterator<Item = &Entry> {
        self.in_state(State::MissingFile)
    }

    fn in_state(&self, state: State) -> impl Iterator<Item = &Entry> {
        self.migrations
            .iter()
            .filter(move |entry| entry.state == state)
    }

    /// What is short of a goal; nothing if it is reached.
    ///
    /// # Errors
    /// The goal names a version that there is not.
    pub fn shortfalls(&self, goal: &Goal) -> Result<Vec<Shortfall>, NoSuchVersion> {
        let end = match goal {
            Goal::None => return Ok(Vec::new()),
            Goal::All | Goal::Strict => self.migrations.len(),
            Goal::UpTo(version) => self.place(version)? + 1,
        };
        let strict = *goal == Goal::Strict;
        let mut shortfalls: Vec<Shortfall> = self
            .migrations
            .iter()
            .enumerate()
            .filter(|(at, entry)| match entry.state {
                State::Applied | State::Superseded => false,
                State::Failed => true,
                State::Edited | State::MissingFile => strict,
                State::Pending | State::OutOfOrder | State::Unreachable | State::NotCheckable => {
                    *at < end
                }
            })
            .map(|(_, entry)| Shortfall(entry.line()))
            .collect();
        if strict {
            shortfalls.extend(self.warnings.iter().cloned().map(Shortfall));
        }
        Ok(shortfalls)
    }

    /// Where the migration of a version is, by the version or the history's own name.
    fn place(&self, version: &str) -> Result<usize, NoSuchVersion> {
        let is_it = |entry: &Entry| entry.version == version || entry.id == version;
        self.migrations
            .iter()
            .rposition(is_it)
            .ok_or_else(|| NoSuchVersion {
                version: version.to_owned(),
                latest: self.migrations.last().map(|entry| entry.version.clone()),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Summary;

    fn status(states: &[State]) -> Status {
        let migrations = (1..).zip(states).map(|(number, state)| Entry {
            version: number.to_string(),
            name: String::new(),
            id: format!("{number}.js"),
            file: None,
            state: *state,
            why: None,
            at: None,
            by: None,
        });
        Status {
            tool: "knex",
            directories: Vec::new(),
            history: String::new(),
            history_exists: Some(true),
            migrations: migrations.collect(),
            summary: Summary::default(),
            heads: Vec::new(),
            foreign: Vec::new(),
            warnings: vec!["odd".to_owned()],
            hints: Vec::new(),
            notes: Vec::new(),
            command: Vec::new(),
        }
    }

    fn short(status: &Status, goal: &str) -> Vec<String> {
        let goal: Goal = goal.parse().unwrap();
        let shortfalls = status.shortfalls(&goal).unwrap();
        shortfalls.iter().map(Shortfall::to_string).collect()
    }

    #[test]
    fn a_goal_is_read_as_it_is_written() {
        for text in ["none", "all", "strict", "to=20261101"] {
            assert_eq!(text.parse::<Goal>().unwrap().to_string(), text);
        }
        for text in ["", "heads", "to=", "ALL"] {
            assert!(text.parse::<Goal>().is_err(), "{text}");
        }
    }

    #[test]
    fn each_goal_asks_for_more_than_the_one_before() {
        let found = status(&[
            State::Applied,
            State::Superseded,
            State::Edited,
            State::MissingFile,
            State::Unreachable,
            State::Pending,
        ]);
        assert_eq!(short(&found, "none"), [""; 0]);
        assert_eq!(short(&found, "to=3"), [""; 0]);
        assert_eq!(short(&found, "to=5.js"), ["5: unreachable"]);
        assert_eq!(short(&found, "all"), ["5: unreachable", "6: pending"]);
        assert_eq!(
            short(&found, "strict"),
            [
                "3: edited",
                "4: missing file",
                "5: unreachable",
                "6: pending",
                "odd"
            ]
        );
    }

    #[test]
    fn what_failed_is_short_of_every_goal_wherever_it_is() {
        let found = status(&[State::Applied, State::Failed]);
        assert_eq!(short(&found, "to=1"), ["2: failed"]);
    }

    #[test]
    fn a_version_that_is_not_there_is_an_error() {
        let error = status(&[State::Applied])
            .shortfalls(&Goal::UpTo("7".to_owned()))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "no migration has the version 7; the latest is 1"
        );
    }
}

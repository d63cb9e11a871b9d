//! A migration tool's history, as a release asks for it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use shipgate_database::{ConnectOptions, Database};
use shipgate_project::Project;
use shipgate_release::Failure;
use shipgate_release::ports::{Applied, Standing};
use shipgate_tools::{Entry, Goal, State, Status};

use super::tooling::{Tooling, named_in};

/// What a project's tool says of a database.
pub(crate) struct ToolHistory {
    /// The migrations of the project's own directory.
    source: Box<Tooling>,
    project: Project,
    /// The release's build, which the command sees.
    build: PathBuf,
    aim: Aim,
}

/// How far the command migrates.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Aim {
    /// To the newest migration.
    Newest,
    /// To this one: later ones are taken back. `None`: all are.
    Exactly(Option<String>),
}

impl Aim {
    /// What the command's environment says, where the tool looks there.
    fn of(tool: &str, environment: &BTreeMap<String, String>) -> Self {
        let version = environment
            .get("VERSION")
            .filter(|version| tool == "rails" && !version.is_empty());
        match version {
            None => Self::Newest,
            Some(version) => {
                let digits = version.replace('_', "");
                let number = digits.trim_start_matches('0');
                Self::Exactly((!number.is_empty()).then(|| number.to_owned()))
            }
        }
    }
}

impl ToolHistory {
    /// `environment` is that of the command.
    pub(crate) fn new(
        source: Box<Tooling>,
        project: &Project,
        build: PathBuf,
        environment: &BTreeMap<String, String>,
    ) -> Self {
        Self {
            aim: Aim::of(source.tool.name(), environment),
            source,
            project: project.clone(),
            build,
        }
    }

    /// The tool's name in sentences.
    pub(crate) fn title(&self) -> &'static str {
        self.source.tool.title()
    }

    /// The tool.
    pub(crate) fn tool(&self) -> &'static dyn shipgate_tools::Tool {
        self.source.tool
    }

    /// Where a database stands.
    pub(crate) async fn position(
        &self,
        database: &dyn Database,
        connect: &ConnectOptions,
    ) -> Result<Position, Failure> {
        let build = self.of_build();
        let tooling = build.as_ref().unwrap_or(&self.source);
        let status = tooling.status(database, connect).await?;
        Ok(Position {
            title: self.title(),
            end: self.end(&status)?,
            status,
        })
    }

    /// The migrations as the build has them, where it keeps them in the same
    /// place: what a release applies does not change under it.
    fn of_build(&self) -> Option<Tooling> {
        if !self.build.is_dir() {
            return None;
        }
        let said = named_in(&self.project, self.source.tool);
        let build =
            Tooling::read(self.source.tool, &self.build, &said, Some(&self.project)).ok()?;
        let of = |tooling: &Tooling| tooling.migrations.place().clone();
        (of(&build).directories == of(&self.source).directories
            && of(&build).history == of(&self.source).history)
            .then_some(build)
    }

    /// How many of the migrations are to be applied in the end.
    fn end(&self, status: &Status) -> Result<usize, Failure> {
        let version = match &self.aim {
            Aim::Newest => return Ok(status.migrations.len()),
            Aim::Exactly(None) => return Ok(0),
            Aim::Exactly(Some(version)) => version,
        };
        let place = status
            .migrations
            .iter()
            .rposition(|entry| entry.id == *version || entry.version == *version);
        place.map(|place| place + 1).ok_or_else(|| {
            Failure::new(
                "migration-plan",
                format!(
                    "VERSION is {version}, and {} has no migration of that version",
                    self.title()
                ),
            )
            .with_hint(
                "`shipgate status` lists the versions; without VERSION everything is applied",
            )
        })
    }
}

/// Where a database stands, against where the command is to bring it.
pub(crate) struct Position {
    title: &'static str,
    status: Status,
    /// Migrations from here on are not to be applied.
    end: usize,
}

impl Position {
    /// Whether the tool has begun its history there.
    pub(crate) fn has_history(&self) -> bool {
        self.status.history_exists == Some(true)
    }

    /// What the command would apply.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &Entry> {
        self.status.migrations[..self.end]
            .iter()
            .filter(|entry| entry.is_outstanding())
    }

    /// What the command would take back.
    pub(crate) fn beyond(&self) -> impl Iterator<Item = &Entry> {
        self.status.migrations[self.end..]
            .iter()
            .filter(|entry| entry.state == State::Applied)
    }

    /// Whether the command would find nothing to do.
    pub(crate) fn is_reached(&self) -> bool {
        self.unfinished().is_empty()
    }

    /// What the command cannot settle: a release would be in vain.
    pub(crate) fn obstacles(&self) -> Vec<String> {
        self.short()
            .filter(|entry| !entry.is_outstanding())
            .map(Entry::line)
            .collect()
    }

    /// What is still to be applied or taken back, failed, or cannot be known.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        let taken_back = self
            .beyond()
            .map(|entry| format!("{}, and is to be taken back", entry.line()));
        self.short().map(Entry::line).chain(taken_back).collect()
    }

    fn short(&self) -> impl Iterator<Item = &Entry> {
        // Without a version as its end, the goal names none that is not there.
        let all = self.status.shortfalls(&Goal::All).unwrap_or_default();
        let lines: Vec<String> = all.iter().map(ToString::to_string).collect();
        self.status
            .migrations
            .iter()
            .enumerate()
            .filter(|(at, entry)| *at < self.end || entry.state == State::Failed)
            .map(|(_, entry)| entry)
            .filter(move |entry| lines.contains(&entry.line()))
    }

    /// The tool's own ways out.
    pub(crate) fn hints(&self) -> Vec<String> {
        self.status.hints.clone()
    }

    /// What is wrong beside single migrations, and what stands beside the plan.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let odd = self
            .status
            .migrations
            .iter()
            .filter(|entry| matches!(entry.state, State::Edited | State::MissingFile));
        odd.map(Entry::line)
            .chain(self.status.warnings.iter().cloned())
            .collect()
    }

    /// `at version 3`, `no version yet`.
    pub(crate) fn at(&self) -> String {
        match self.version() {
            Some(version) => format!("at version {version}"),
            None => "no version yet".to_owned(),
        }
    }

    fn version(&self) -> Option<String> {
        let applied = |entry: &&Entry| entry.state == State::Applied;
        let last = self.status.migrations.iter().rfind(applied)?;
        Some(last.version.clone())
    }

    /// Which migrations a run applied that began at `before`.
    pub(crate) fn since(&self, before: &Self) -> Applied {
        Applied {
            tool: Some(self.title.to_owned()),
            migrations: gained(before, self),
            taken_back: gained(self, before),
        }
    }

    /// Whether the history says the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let states = |of: &Self| -> Vec<(String, State)> {
            let entries = of.status.migrations.iter();
            entries
                .map(|entry| (entry.id.clone(), entry.state))
                .collect()
        };
        self.status.history_exists == other.status.history_exists && states(self) == states(other)
    }

    /// As a release records it.
    pub(crate) fn standing(&self, objects: BTreeMap<String, String>) -> Standing {
        Standing {
            version: self.version(),
            unfinished: self.unfinished(),
            hints: self.hints(),
            objects,
        }
    }
}

/// `20261101 create users`, for what is applied in `after` and not in `before`.
fn gained(before: &Position, after: &Position) -> Vec<String> {
    let applied = |position: &Position| -> Vec<String> {
        let entries = position.status.migrations.iter();
        entries
            .filter(|entry| entry.state == State::Applied)
            .map(|entry| entry.id.clone())
            .collect()
    };
    let known = applied(before);
    let known: std::collections::HashSet<&String> = known.iter().collect();
    after
        .status
        .migrations
        .iter()
        .filter(|entry| entry.state == State::Applied && !known.contains(&entry.id))
        .map(title)
        .collect()
}

/// Version and name.
pub(crate) fn title(entry: &Entry) -> String {
    if entry.name.is_empty() {
        entry.version.clone()
    } else {
        format!("{} {}", entry.version, entry.name)
    }
}

#[cfg(test)]
mod tests {
    use super::Aim;

    #[test]
    fn version_is_read_as_rails_reads_it() {
        let aim = |tool: &str, version: &str| {
            let environment = [("VERSION".to_owned(), version.to_owned())].into();
            Aim::of(tool, &environment)
        };
        let exactly = |version: &str| Aim::Exactly(Some(version.to_owned()));
        assert_eq!(aim("rails", "20261101100000"), exactly("20261101100000"));
        assert_eq!(aim("rails", "2026_11_01_100000"), exactly("20261101100000"));
        assert_eq!(aim("rails", "007"), exactly("7"));
        assert_eq!(aim("rails", "0"), Aim::Exactly(None));
        assert_eq!(aim("rails", ""), Aim::Newest);
        assert_eq!(aim("knex", "1.2.3"), Aim::Newest);
    }
}

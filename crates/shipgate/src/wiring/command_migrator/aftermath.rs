//! What a command that failed left of the database.

use shipgate_project::Project;
use shipgate_release::machine::{ExitCause, MachineId};
use shipgate_release::ports::{Standing, Target};
use shipgate_release::{Effect, Failure, FailureKind};
use shipgate_server::report_line;

use super::{CommandMigrator, Reader};
use crate::report::short;
use crate::wiring::tool_history::Position;
use crate::wiring::witness::{Witness, Written};

/// Lines of a failed command that the report shows.
const TAIL: usize = 20;

/// The database as it was before the command.
pub(super) struct Before {
    pub(super) schema: Standing,
    pub(super) position: Option<Position>,
    witness: Witness,
}

/// What a command that failed left of the database.
struct Left {
    effect: Effect,
    words: &'static str,
    /// Migrations that it applied, and what stands half-done in the history.
    lines: Vec<String>,
    /// The tool's own ways out.
    hints: Vec<String>,
}

impl Left {
    fn new(effect: Effect, words: &'static str) -> Self {
        Self {
            effect,
            words,
            lines: Vec::new(),
            hints: Vec::new(),
        }
    }

    fn unseen() -> Self {
        Self::new(
            Effect::Unknown,
            "nobody saw how it was before the command: look at the database before you go on",
        )
    }
}

impl Before {
    pub(super) async fn of(
        migrator: &CommandMigrator,
        target: Target<'_>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            schema: migrator.schema(target).await?,
            position: migrator.position(target).await?,
            witness: Witness::of(&migrator.opened(target)?, &migrator.reading()).await?,
        })
    }

    /// What a command that failed did to the database.
    async fn compare(&self, migrator: &CommandMigrator, target: Target<'_>) -> Left {
        let written = self.witness.written().await;
        let position = migrator.position(target).await.ok().flatten();
        let moved = match (&self.position, &position) {
            (Some(before), Some(after)) => !after.is_same(before),
            _ => false,
        };
        let mut left = match migrator.schema(target).await {
            Err(_) => Left::unseen(),
            Ok(after) if after.objects != self.schema.objects => Left::new(
                Effect::Part,
                "the schema is not as it was before the command",
            ),
            Ok(_) if moved => Left::new(
                Effect::Part,
                "the history is not as it was before the command",
            ),
            Ok(_) => match written {
                Written::No => Left::new(
                    Effect::Nothing,
                    "the database is as it was before the command",
                ),
                Written::BySomebody => Left::new(
                    Effect::Unknown,
                    "the schema is as it was, but rows were written while the command ran; by whom cannot be told",
                ),
                Written::CannotTell => Left::new(
                    Effect::Unknown,
                    "the schema is as it was; whether rows were written cannot be told",
                ),
            },
        };
        if let Some(after) = &position {
            if let Some(before) = &self.position {
                let applied = after.since(before).migrations;
                left.lines = applied
                    .iter()
                    .map(|migration| format!("applied: {migration}"))
                    .collect();
            }
            left.lines.extend(after.obstacles());
            left.hints = after.hints();
        }
        if let (Effect::Part | Effect::Unknown, Reader::Tool(history)) =
            (left.effect, &migrator.history)
        {
            let advice = history
                .tool()
                .aftermath(migrator.database.dialect())
                .advice();
            left.hints.extend(advice.map(str::to_owned));
        }
        left
    }
}

impl CommandMigrator {
    pub(super) async fn failed(
        &self,
        tag: &MachineId,
        cause: ExitCause,
        target: Target<'_>,
        before: Option<&Before>,
    ) -> Failure {
        let lines = self
            .machines
            .log(tag)
            .tail(TAIL)
            .map(|(lines, _)| lines)
            .unwrap_or_default();
        let left = match before {
            Some(before) if cause != ExitCause::Lost => before.compare(self, target).await,
            _ => Left::unseen(),
        };
        let schema = match target {
            Target::Copy(_) => "it ran on a copy; the database itself was not touched",
            Target::Live => left.words,
        };
        let failure = if cause == ExitCause::Stopped {
            Failure::cancelled()
        } else {
            Failure::new(
                "release-command-failed",
                format!("release command `{}`: {cause}", self.command.as_written()),
            )
            .with_hints(left.hints)
            .with_hints([hint(cause, &self.project)])
        };
        failure
            .with_report(lines.iter().map(report_line))
            .with_report(left.lines)
            .with_report([
                schema.to_owned(),
                format!("the whole log: `shipgate logs {tag}`"),
            ])
            .with_effect(left.effect)
            .of_kind(match cause {
                ExitCause::Timeout => FailureKind::Deadline,
                ExitCause::Stopped => FailureKind::Cancelled,
                _ => FailureKind::Refused,
            })
    }
}

fn hint(cause: ExitCause, project: &Project) -> String {
    match cause {
        ExitCause::Timeout => format!(
            "it was stopped after {}; `[deploy] release_command_timeout` says how long it may run",
            short(project.deploy.release_command_timeout.value)
        ),
        ExitCause::OutOfMemory => {
            "give it more with `[deploy.release_command_vm] memory = \"1gb\"`".to_owned()
        }
        ExitCause::Lost => {
            "look at the database before you go on; nothing is repeated blindly".to_owned()
        }
        _ => "mend what the command says and deploy again".to_owned(),
    }
}

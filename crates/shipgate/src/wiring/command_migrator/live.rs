//! The live database, while a rehearsal runs on its copy.

use shipgate_release::Failure;
use shipgate_release::ports::{Standing, Target};
use shipgate_release::steps::rehearse;

use super::CommandMigrator;
use crate::wiring::tool_history::Position;

/// How it is at one moment.
pub(super) struct Live {
    schema: Standing,
    position: Option<Position>,
}

impl Live {
    pub(super) fn differs_from(&self, before: &Self) -> bool {
        self.schema.objects != before.schema.objects
            || match (&self.position, &before.position) {
                (Some(now), Some(before)) => !now.is_same(before),
                _ => false,
            }
    }
}

impl CommandMigrator {
    pub(super) async fn look_at_live(&self) -> Result<Live, Failure> {
        Ok(Live {
            schema: self.schema(Target::Live).await?,
            position: self.position(Target::Live).await?,
        })
    }

    /// The rehearsal changed the database itself.
    pub(super) fn escaped(&self, failure: Option<Failure>) -> Failure {
        let report = failure.map_or_else(Vec::new, |failure| {
            [vec![failure.message], failure.report].concat()
        });
        rehearse::escaped(format!(
            "while `{}` was rehearsed on a copy, the database itself was changed",
            self.command.as_written()
        ))
        .with_report(report)
        .with_hint(
            "let the tool take the database from DATABASE_URL; one that cannot is released without the step `rehearse`",
        )
    }
}

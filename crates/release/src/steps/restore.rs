//! restore: an earlier backup takes the database's place (rollback only).

use async_trait::async_trait;

use super::{Step, backup};
use crate::context::Context;
use crate::failure::{Effect, Failure};
use crate::flow::StepName;
use crate::journal::{Outcome, ReleaseKind};

/// The step's name.
pub const NAME: StepName = StepName::new("restore");

/// See the module.
pub(crate) struct Restore;

#[async_trait]
impl Step for Restore {
    fn name(&self) -> StepName {
        NAME
    }

    fn needs(&self) -> &'static [StepName] {
        &[backup::NAME]
    }

    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, Failure> {
        let ReleaseKind::Rollback {
            restore: Some(name),
            ..
        } = &cx.head().kind
        else {
            return Ok(Outcome::skipped("no backup was named"));
        };
        let Some(backup) = &cx.ports.backup else {
            return Err(Failure::new(
                "no-database",
                "there is no database to restore",
            ));
        };
        cx.ports
            .traffic
            .pause(cx.ports.policy.drain_timeout)
            .await?;
        let restored = backup.restore(name).await;
        cx.ports.traffic.resume().await?;
        let summary = restored.map_err(|failure| failure.with_effect(Effect::Nothing))?;
        Ok(Outcome {
            summary,
            schema_changed: true,
            ..Outcome::default()
        })
    }
}

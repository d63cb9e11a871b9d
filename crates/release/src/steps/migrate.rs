//! migrate: the pending migrations on the live database, under its lock.

use async_trait::async_trait;

use super::{Step, backup, build, check, rehearse};
use crate::context::{Context, to_value};
use crate::failure::{Effect, Failure};
use crate::flow::StepName;
use crate::journal::Outcome;
use crate::machine::MachineId;
use crate::ports::{Applied, Migrated, Migrator, OnFailure, Target, Watch};
use crate::state::State;

/// The step's name.
pub const NAME: StepName = StepName::new("migrate");

/// See the module.
pub(crate) struct Migrate;

/// The migrations that a release applied; `None` if it applied none, or
/// nobody knows which.
pub fn applied_by(state: &State) -> Option<Applied> {
    applied_in(state.outcome(NAME)?)
}

/// The same of the step's outcome.
pub fn applied_in(outcome: &Outcome) -> Option<Applied> {
    let applied: Applied = serde_json::from_value(outcome.facts.clone()).ok()?;
    let any = !applied.migrations.is_empty() || !applied.taken_back.is_empty();
    any.then_some(applied)
}

#[async_trait]
impl Step for Migrate {
    fn name(&self) -> StepName {
        NAME
    }

    fn after(&self) -> &'static [StepName] {
        &[check::NAME, build::NAME, backup::NAME, rehearse::NAME]
    }

    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, Failure> {
        let Some(migrator) = &cx.ports.migrator else {
            return Ok(Outcome::skipped("no database to migrate"));
        };
        let pending = cx.facts::<check::Facts>(check::NAME).unwrap_or_default();
        if pending.nothing_pending() {
            return Ok(Outcome::skipped("nothing pending"));
        }
        let result = match cx.ports.policy.pause_during_migrate {
            Some(longest) => {
                cx.ports.traffic.pause(longest).await?;
                cx.line("requests wait at the front door");
                let result = migrate(cx, migrator.as_ref()).await;
                cx.ports.traffic.resume().await?;
                result
            }
            None => migrate(cx, migrator.as_ref()).await,
        };
        let migrated = match result {
            Ok(migrated) => migrated,
            Err(failure) => return Err(after_failure(cx, failure).await),
        };
        Ok(Outcome {
            summary: migrated.summary,
            details: migrated.details,
            facts: to_value(&migrated.applied),
            schema_changed: migrated.changed,
            ..Outcome::default()
        })
    }
}

async fn migrate(cx: &Context<'_>, migrator: &dyn Migrator) -> Result<Migrated, Failure> {
    let tag = MachineId::new(cx.release(), "migrate", 1);
    migrator.migrate(Target::Live, &tag, cx, cx.cancel).await
}

/// With `on_failure = "restore"`, a half-done migration is put back from the
/// release's backup, but only if no write would be lost by it.
async fn after_failure(cx: &Context<'_>, failure: Failure) -> Failure {
    let wanted = cx.ports.policy.on_failure == OnFailure::Restore;
    let (true, Effect::Part, Some(backup)) = (wanted, failure.effect, &cx.ports.backup) else {
        return failure;
    };
    let name = backup::name_of(cx.release());
    match restore(backup.as_ref(), &name).await {
        Ok(line) => failure.with_report([line]).with_effect(Effect::Nothing),
        Err(why) => failure.with_report(
            std::iter::once(format!("backup {name} was not restored: {}", why.message))
                .chain(why.report),
        ),
    }
}

async fn restore(backup: &dyn crate::ports::Backup, name: &str) -> Result<String, Failure> {
    let losses = backup.others_losses(name).await?;
    if !losses.is_empty() {
        return Err(Failure::new(
            "restore-loses-writes",
            "writes made since the backup would be lost",
        )
        .with_report(losses));
    }
    backup.restore(name).await
}

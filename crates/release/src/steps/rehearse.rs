//! rehearse: the same migrations on a copy of the backup, and the running
//! version on the migrated copy.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Step, backup, check};
use crate::context::{Context, to_value};
use crate::failure::{Effect, Failure};
use crate::flow::StepName;
use crate::journal::Outcome;
use crate::machine::{MachineId, MachineSpec};
use crate::ports::{Backup, Migrator, Standing, Target};
use crate::state::Attempt;

/// The step's name.
pub const NAME: StepName = StepName::new("rehearse");

/// A rehearsal that changed the live database: the command went there, and not
/// to the copy.
pub fn escaped(message: String) -> Failure {
    Failure::new("rehearsal-escaped", message).with_effect(Effect::Part)
}

/// See the module.
pub(crate) struct Rehearse;

/// What later steps need to know.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// Where the copy stood after the rehearsal.
    pub(crate) standing: Standing,
}

#[async_trait]
impl Step for Rehearse {
    fn name(&self) -> StepName {
        NAME
    }

    fn needs(&self) -> &'static [StepName] {
        &[backup::NAME]
    }

    fn after(&self) -> &'static [StepName] {
        &[check::NAME]
    }

    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, Failure> {
        let (Some(migrator), Some(copies)) = (&cx.ports.migrator, &cx.ports.backup) else {
            return Ok(Outcome::skipped("no database to rehearse on"));
        };
        let pending = cx.facts::<check::Facts>(check::NAME).unwrap_or_default();
        if pending.nothing_pending() {
            return Ok(Outcome::skipped("nothing pending"));
        }
        let name = backup::name_of(cx.release());
        let trial = match cx.head().previous {
            Some(serving) => cx.ports.builder.trial(cx.release(), serving).await?,
            None => Vec::new(),
        };
        let result = rehearse(cx, migrator.as_ref(), copies.as_ref(), &name, &trial).await;
        let cleared = clear(cx, copies.as_ref(), &name, &trial).await;
        let outcome = result?;
        cleared?;
        Ok(outcome)
    }
}

async fn rehearse(
    cx: &Context<'_>,
    migrator: &dyn Migrator,
    copies: &dyn Backup,
    name: &str,
    trial: &[MachineSpec],
) -> Result<Outcome, Failure> {
    if cx.attempt == Attempt::Adopt {
        clear(cx, copies, name, trial).await?;
    }
    copies.copy(name).await?;
    let tag = MachineId::new(cx.release(), "rehearse", 1);
    let rehearsed = migrator
        .migrate(Target::Copy(name), &tag, cx, cx.cancel)
        .await
        .map_err(on_a_copy)?;
    cx.check_cancel()?;
    let standing = migrator.standing(Target::Copy(name)).await?;
    if !standing.unfinished.is_empty() {
        return Err(Failure::new(
            "rehearsal-unfinished",
            "the migration ended well on the copy, but left something unfinished",
        )
        .with_report(standing.unfinished)
        .with_hints(standing.hints));
    }
    let mut summary = format!("{} on a copy", rehearsed.summary);
    if !trial.is_empty() {
        survive(cx, trial).await?;
        summary.push_str("; the running version is healthy on it");
    }
    Ok(Outcome {
        summary,
        details: rehearsed.details,
        facts: to_value(&Facts { standing }),
        ..Outcome::default()
    })
}

/// Does the running version survive the new schema?
async fn survive(cx: &Context<'_>, trial: &[MachineSpec]) -> Result<(), Failure> {
    let ids = ids(trial);
    let runtime = &cx.ports.runtime;
    runtime.start(trial).await?;
    let healthy = tokio::select! {
        healthy = runtime.healthy(&ids, cx.ports.policy.wait_timeout) => healthy,
        () = cx.cancel.wait() => Err(Failure::cancelled()),
    };
    healthy.map_err(|failure| {
        if failure.code == "cancelled" {
            return failure;
        }
        Failure::new(
            "old-version-breaks",
            "the running version is not healthy on the migrated copy: while the new schema is there and the new machines are not, users would see this",
        )
        .with_report(std::iter::once(failure.message).chain(failure.report))
        .with_hint("split the change: first add what the new version needs, release, and remove what the old one needs in a later release")
    })
}

async fn clear(
    cx: &Context<'_>,
    copies: &dyn Backup,
    name: &str,
    trial: &[MachineSpec],
) -> Result<(), Failure> {
    let ids = ids(trial);
    cx.ports.runtime.stop(&ids).await?;
    cx.ports.runtime.remove(&ids).await?;
    copies.discard_copy(name).await
}

fn ids(specs: &[MachineSpec]) -> Vec<MachineId> {
    specs.iter().map(|spec| spec.id.clone()).collect()
}

/// A failure on the copy did nothing to the live database.
fn on_a_copy(mut failure: Failure) -> Failure {
    if failure.code == "rehearsal-escaped" {
        return failure;
    }
    failure.effect = Effect::Nothing;
    if failure.code != "cancelled" {
        failure.message = format!("{} (on a copy of the database)", failure.message);
    }
    failure
}

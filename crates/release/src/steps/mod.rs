//! The step kinds: one file each, and their list.

pub mod backup;
pub mod build;
pub mod check;
pub mod migrate;
pub mod promote;
pub mod rehearse;
pub mod restore;
pub mod verify;

use async_trait::async_trait;

use crate::context::Context;
use crate::failure::Failure;
use crate::flow::StepName;
use crate::journal::Outcome;

/// Every step kind.
pub(crate) const ALL: &[&dyn Step] = &[
    &check::Check,
    &build::Build,
    &backup::TakeBackup,
    &rehearse::Rehearse,
    &migrate::Migrate,
    &verify::Verify,
    &promote::Promote,
    &restore::Restore,
];

/// A step kind.
#[async_trait]
pub(crate) trait Step: Sync {
    /// Its name in project files and journals.
    fn name(&self) -> StepName;

    /// Steps that must be in the flow, before this one.
    fn needs(&self) -> &'static [StepName] {
        &[]
    }

    /// Steps that must stand before this one if they are in the flow.
    fn after(&self) -> &'static [StepName] {
        &[]
    }

    /// Does the work. When the step had been begun by a process that died,
    /// it is called again and must find what was done (`cx.attempt()`).
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, Failure>;

    /// Whether a failure leaves something to put back.
    fn puts_back(&self) -> bool {
        false
    }

    /// Puts back what a failed run changed; says what serves now.
    async fn put_back(&self, _cx: &Context<'_>) -> Result<String, Failure> {
        Ok(String::new())
    }
}

/// The step kind of this name.
pub(crate) fn of(name: StepName) -> &'static dyn Step {
    ALL.iter()
        .find(|step| step.name() == name)
        .copied()
        .expect("a step name exists only for a known step")
}

//! The Migrator of a project whose way to migrate cannot be told.

use async_trait::async_trait;
use shipgate_release::machine::MachineId;
use shipgate_release::ports::{Migrated, Migrator, Standing, Survey, Target, Watch};
use shipgate_release::{Cancel, Failure};

/// Says why, whenever it is asked. A rollback, which migrates nothing, is not
/// stopped by it.
pub(crate) struct Unfit(pub(crate) Failure);

#[async_trait]
impl Migrator for Unfit {
    async fn survey(&self) -> Result<Survey, Failure> {
        Err(self.0.clone())
    }

    async fn migrate(
        &self,
        _target: Target<'_>,
        _tag: &MachineId,
        _watch: &dyn Watch,
        _cancel: &Cancel,
    ) -> Result<Migrated, Failure> {
        Err(self.0.clone())
    }

    async fn standing(&self, _target: Target<'_>) -> Result<Standing, Failure> {
        Err(self.0.clone())
    }
}

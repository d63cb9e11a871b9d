//! The migration lock around a command.

use std::time::Duration;

use shipgate_database::LeasePlace;
use shipgate_release::machine::MachineId;
use shipgate_release::ports::{Migrated, Target, Watch};
use shipgate_release::{Cancel, Failure, FailureKind};

use super::{CommandMigrator, Reader};
use crate::wiring::held_lock;
use crate::wiring::lock_keeper::{KeptLock, Order};
use crate::wiring::way::runs_shipgate;

impl CommandMigrator {
    pub(super) async fn behind_lock(
        &self,
        target: Target<'_>,
        tag: &MachineId,
        watch: &dyn Watch,
        cancel: &Cancel,
    ) -> Result<Migrated, Failure> {
        let lock = tokio::select! {
            lock = self.lock(target, tag) => lock?,
            () = cancel.wait() => return Err(Failure::cancelled()),
        };
        let Some(mut lock) = lock else {
            return self.run(target, tag, watch, cancel.wait()).await;
        };
        // Without the lock nobody may migrate: the command is stopped.
        let mut lost = None;
        let stop = async {
            tokio::select! {
                how = lock.lost() => lost = Some(how),
                () = cancel.wait() => {}
            }
        };
        let result = self.run(target, tag, watch, stop).await;
        lock.release().await;
        match (lost, result) {
            (Some(how), Err(failure)) => Err(Failure {
                code: "migration-lock".to_owned(),
                message: format!("the command was stopped: {how}"),
                kind: FailureKind::Deadline,
                ..failure
            }),
            (_, result) => result,
        }
    }

    /// Keeps others from migrating meanwhile. A copy is nobody else's, and
    /// Shipgate and Atlas take the lock themselves.
    async fn lock(&self, target: Target<'_>, tag: &MachineId) -> Result<Option<KeptLock>, Failure> {
        if target != Target::Live || runs_shipgate(&self.command) {
            return Ok(None);
        }
        if let Some(parent) = self.database.file().and_then(std::path::Path::parent) {
            std::fs::create_dir_all(parent).map_err(|error| {
                Failure::new(
                    "database-directory",
                    format!("cannot make {}: {error}", parent.display()),
                )
            })?;
        }
        let runs = self.machines.state(tag).is_ok_and(|state| state.is_live());
        let order = Order {
            database: self.database.absolute().expose().to_owned(),
            purpose: format!("shipgate deploy, release {}", self.release),
            has_lease: self.lease().await? == LeasePlace::BesideHistory,
            timeout: match runs {
                true => Duration::ZERO,
                false => self.project.release.lock_timeout.value,
            },
            machines: self.machines.root().to_owned(),
            machine: tag.clone(),
        };
        match KeptLock::take(&order, &self.notice).await {
            Ok(lock) => Ok(Some(lock)),
            // The command of a release that was killed runs, and its lock is
            // kept until it has ended.
            Err(refused) if runs && refused.is_held => Ok(None),
            Err(refused) => Err(refused.into()),
        }
    }

    /// Where the lease is written.
    async fn lease(&self) -> Result<LeasePlace, Failure> {
        let Reader::Tool(history) = &self.history else {
            return Ok(LeasePlace::default());
        };
        let now = self.position(Target::Live).await?;
        let has_history = now.is_some_and(|now| now.has_history());
        Ok(held_lock::lease(history.tool(), has_history))
    }
}

//! The migration lock around a command.

use std::sync::Arc;

use shipgate_database::{LeasePlace, LockError, LockName, LockRequest, MigrationLock};
use shipgate_release::machine::MachineId;
use shipgate_release::ports::{Migrated, Target, Watch};
use shipgate_release::{Cancel, Failure, FailureKind};

use super::{CommandMigrator, Reader};
use crate::wiring::engine::host;
use crate::wiring::held_lock;
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
            lock = self.lock(target) => lock?,
            () = cancel.wait() => return Err(Failure::cancelled()),
        };
        let Some(lock) = lock else {
            return self.run(target, tag, watch, cancel.wait()).await;
        };
        // Without the lock nobody may migrate: the command is stopped.
        let mut lost = None;
        let stop = async {
            tokio::select! {
                error = held_lock::lost(lock.as_ref()) => lost = Some(error),
                () = cancel.wait() => {}
            }
        };
        let result = self.run(target, tag, watch, stop).await;
        // What went wrong with it was told where it mattered.
        let _ = lock.release().await;
        match (lost, result) {
            (Some(error), Err(failure)) => Err(Failure {
                code: "migration-lock".to_owned(),
                message: format!("the command was stopped: {error}"),
                kind: FailureKind::Deadline,
                ..failure
            }),
            (_, result) => result,
        }
    }

    /// Keeps others from migrating meanwhile. A copy is nobody else's, and
    /// Shipgate and Atlas take the lock themselves.
    async fn lock(&self, target: Target<'_>) -> Result<Option<Box<dyn MigrationLock>>, Failure> {
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
        let notice = self.notice.clone();
        let request = LockRequest {
            name: LockName::default(),
            pid: std::process::id(),
            host: host(),
            purpose: format!("shipgate deploy, release {}", self.release),
            timeout: self.project.release.lock_timeout.value,
            schema: None,
            lease: self.lease().await?,
            connect_timeout: std::time::Duration::from_secs(30),
            clock: Arc::new(jiff::Timestamp::now),
            temporary_directory: Some(std::env::temp_dir()),
            on_event: Some(Arc::new(move |event| {
                notice.say(&held_lock::in_words(event));
            })),
        };
        let lock = self.opened(target)?.lock(request).await;
        lock.map(Some).map_err(|error| lock_failure(&error))
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

/// A lock that was not had, as the user reads it.
fn lock_failure(error: &LockError) -> Failure {
    let failure = Failure::new("migration-lock", error.to_string());
    match error {
        LockError::Held { .. } => failure
            .with_hint("wait for it; `[release] lock_timeout` says how long a release waits")
            .of_kind(FailureKind::Deadline),
        _ => failure,
    }
}

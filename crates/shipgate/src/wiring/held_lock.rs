//! The migration lock while a command runs behind it.

use std::time::Duration;

use shipgate_database::{LockError, MigrationLock};

/// How often it is looked whether the lock is still held.
const LOOK: Duration = Duration::from_millis(500);

/// Returns when the lock is not held any more, with how that came.
pub(crate) async fn lost(lock: &dyn MigrationLock) -> LockError {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Err(error) = lock.check().await {
            return error;
        }
    }
}

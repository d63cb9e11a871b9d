//! The migration lock.

use super::settings::Settings;
use crate::{LockError, LockRequest, MigrationLock};

pub(super) async fn acquire(
    _settings: &Settings,
    _request: LockRequest,
) -> Result<Box<dyn MigrationLock>, LockError> {
    Err(LockError::NotPossible {
        message: "MySQL and MariaDB are not locked by this version".to_owned(),
    })
}

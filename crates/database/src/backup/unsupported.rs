//! The engine of databases that this version does not back up.

use std::path::Path;

use async_trait::async_trait;
use shipgate_sql::Dialect;

use super::{BackupError, BackupOptions, Contents, Engine, LostWrites, Restored};
use crate::DatabaseUrl;

/// Refuses everything, and says what to do instead.
pub(crate) struct Unsupported {
    url: DatabaseUrl,
}

impl Unsupported {
    pub(crate) fn new(url: DatabaseUrl) -> Self {
        Self { url }
    }

    fn refusal(&self) -> BackupError {
        BackupError::NotSupported {
            dialect: self.url.dialect(),
        }
    }
}

#[async_trait]
impl Engine for Unsupported {
    fn source(&self) -> String {
        self.url.to_string()
    }

    fn data_name(&self) -> &'static str {
        match self.url.dialect() {
            Dialect::Sqlite => "data.db",
            _ => "data.sql",
        }
    }

    async fn take(&self, _: &Path, _: &BackupOptions) -> Result<Contents, BackupError> {
        Err(self.refusal())
    }

    async fn check(&self, _: &Path, _: &BackupOptions) -> Result<Contents, BackupError> {
        Err(self.refusal())
    }

    async fn restore(
        &self,
        _: &Path,
        _: &Contents,
        _: &BackupOptions,
    ) -> Result<Restored, BackupError> {
        Err(self.refusal())
    }

    async fn lost_writes(
        &self,
        _: &Path,
        _: &[&str],
        _: &BackupOptions,
    ) -> Result<Vec<LostWrites>, BackupError> {
        Err(self.refusal())
    }
}

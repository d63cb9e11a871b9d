//! A MySQL or MariaDB database behind its URL.

use std::sync::Arc;

use async_trait::async_trait;

use super::connect::connect;
use super::session::MysqlSession;
use super::settings::Settings;
use crate::backup::{Engine, Unsupported};
use crate::{
    ClientSettings, ConnectOptions, Database, DatabaseUrl, LockError, LockRequest, MigrationLock,
    OpenError, Question, Session,
};

/// A database on a MySQL or MariaDB server.
pub struct MysqlDatabase {
    url: DatabaseUrl,
    settings: Settings,
}

impl MysqlDatabase {
    /// The database behind a MySQL URL; what the URL leaves out is taken from
    /// the surroundings: option files, then the environment.
    ///
    /// # Errors
    /// [`OpenError::Setting`] names what is wrong there.
    pub fn new(url: DatabaseUrl, client: &ClientSettings) -> Result<Self, OpenError> {
        let settings = Settings::read(&url, client)?;
        Ok(Self { url, settings })
    }

    /// As [`Database::connect`], with its own type.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn session(&self, options: &ConnectOptions) -> Result<MysqlSession, OpenError> {
        let (link, made_with) = connect(&self.settings, options).await?;
        Ok(MysqlSession::new(link, made_with, options.access))
    }
}

#[async_trait]
impl Database for MysqlDatabase {
    fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    async fn connect(&self, options: &ConnectOptions) -> Result<Box<dyn Session>, OpenError> {
        Ok(Box::new(self.session(options).await?))
    }

    async fn lock(&self, request: LockRequest) -> Result<Box<dyn MigrationLock>, LockError> {
        super::lock::acquire(&self.settings, request).await
    }

    fn lock_question(&self, request: &LockRequest) -> Option<Question> {
        super::lock::question(request)
    }

    fn backups(&self) -> Arc<dyn Engine> {
        Arc::new(Unsupported::new(self.url.clone()))
    }
}

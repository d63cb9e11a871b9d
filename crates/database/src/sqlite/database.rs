//! A SQLite database behind its URL.

use std::sync::Arc;

use async_trait::async_trait;

use super::connection::{self, Opening};
use super::limits::Clocked;
use super::session::SqliteSession;
use super::worker::Worker;
use crate::backup::Engine;
use crate::{
    Access, ConnectOptions, Create, Database, DatabaseUrl, LockError, LockRequest, MigrationLock,
    Mode, OpenError, Session,
};

/// A SQLite database: one file, or one in memory per session.
pub struct SqliteDatabase {
    url: DatabaseUrl,
}

impl SqliteDatabase {
    /// The database behind a SQLite URL.
    pub fn new(url: DatabaseUrl) -> Self {
        Self { url }
    }

    /// As [`Database::connect`], with its own type.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn session(&self, options: &ConnectOptions) -> Result<SqliteSession, OpenError> {
        let mode = self.url.mode();
        let access = match mode {
            Some(Mode::ReadOnly) => Access::ReadOnly,
            _ => options.access,
        };
        let create = match mode {
            Some(Mode::ReadOnly | Mode::ReadWrite) => Create::Never,
            _ => options.create,
        };
        let foreign_keys = self.url.foreign_keys().unwrap_or(false);
        let file = self.url.file().map(ToOwned::to_owned);
        let options = options.clone();
        let clocked = Clocked::default();
        let of_worker = clocked.clone();
        let worker = Worker::start(move |state| {
            let opening = Opening {
                access,
                create,
                foreign_keys,
                busy_timeout: options.busy_timeout,
                on_wait: options.on_wait,
                clocked: of_worker,
                cancelled: Arc::new(move || state.is_cancelled()),
            };
            match file {
                Some(file) => connection::open(&file, &opening),
                None => connection::open_in_memory(&opening),
            }
        })
        .await?;
        Ok(SqliteSession::new(worker, access, clocked))
    }
}

#[async_trait]
impl Database for SqliteDatabase {
    fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    async fn connect(&self, options: &ConnectOptions) -> Result<Box<dyn Session>, OpenError> {
        Ok(Box::new(self.session(options).await?))
    }

    async fn lock(&self, request: LockRequest) -> Result<Box<dyn MigrationLock>, LockError> {
        super::lock::acquire(&self.url, request).await
    }

    fn backups(&self) -> Arc<dyn Engine> {
        Arc::new(super::backup::SqliteBackups::new(self.url.clone()))
    }
}

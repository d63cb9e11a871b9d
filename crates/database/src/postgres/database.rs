//! A PostgreSQL database behind its URL.

use std::sync::Arc;

use async_trait::async_trait;

use super::connect::connect;
use super::lock;
use super::session::PostgresSession;
use super::settings::{Settings, Sources};
use crate::backup::{Engine, Unsupported};
use crate::url::schema::of_parameters;
use crate::{
    ClientSettings, ConnectOptions, Database, DatabaseUrl, LockError, LockRequest, MigrationLock,
    OpenError, Question, Session,
};

/// A database of a PostgreSQL server, reached directly or through a pooler.
///
/// Parameters mean what they mean to libpq, with these differences: `sslmode`
/// is `prefer` unless it is given, as there, where Go's `lib/pq` (and so
/// Atlas) has `require`; `verify-ca` and `verify-full` without `sslrootcert`
/// and without `~/.postgresql/root.crt` trust the system's certificates, as
/// other drivers do; and without a host the local server's socket is looked
/// for in `/var/run/postgresql` and `/tmp`, then `localhost` is tried.
pub struct PostgresDatabase {
    url: DatabaseUrl,
    settings: Arc<Settings>,
}

impl PostgresDatabase {
    /// The database behind a URL; what the URL leaves out is taken from
    /// `client` as libpq does: service file, environment, password file.
    ///
    /// # Errors
    /// [`OpenError::Setting`] for a value that is not possible.
    pub fn new(url: DatabaseUrl, client: &ClientSettings) -> Result<Self, OpenError> {
        let settings = Sources {
            url: url.postgres_parameters(),
            client,
        }
        .settings()?;
        let schema = of_parameters(&settings.run_time);
        Ok(Self {
            url: url.with_schema(schema),
            settings: Arc::new(settings),
        })
    }

    /// As [`Database::connect`], with its own type.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn session(&self, options: &ConnectOptions) -> Result<PostgresSession, OpenError> {
        connect(&self.settings, options).await
    }
}

#[async_trait]
impl Database for PostgresDatabase {
    fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    async fn connect(&self, options: &ConnectOptions) -> Result<Box<dyn Session>, OpenError> {
        Ok(Box::new(self.session(options).await?))
    }

    async fn lock(&self, request: LockRequest) -> Result<Box<dyn MigrationLock>, LockError> {
        lock::acquire(&self.settings, &request).await
    }

    fn lock_question(&self, request: &LockRequest) -> Option<Question> {
        lock::question(request)
    }

    fn backups(&self) -> Arc<dyn Engine> {
        Arc::new(Unsupported::new(self.url.clone()))
    }
}

//! A database behind its URL, whichever it is.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use shipgate_sql::Dialect;

use crate::backup::Engine;
use crate::mysql::MysqlDatabase;
use crate::postgres::PostgresDatabase;
use crate::sqlite::SqliteDatabase;
use crate::{
    ClientSettings, DatabaseUrl, LockError, LockRequest, MigrationLock, Question, Session,
};

/// One database: how to get a session on it, lock it and back it up.
#[async_trait]
pub trait Database: Send + Sync {
    /// Its URL.
    fn url(&self) -> &DatabaseUrl;

    /// What it speaks.
    fn dialect(&self) -> Dialect {
        self.url().dialect()
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`OpenError`], which says what would be right.
    async fn connect(&self, options: &ConnectOptions) -> Result<Box<dyn Session>, OpenError>;

    /// Takes the lock that at most one migrator of this database holds, and
    /// waits for it up to the request's limit.
    ///
    /// # Errors
    /// [`LockError::Held`] names who holds it.
    async fn lock(&self, request: LockRequest) -> Result<Box<dyn MigrationLock>, LockError>;

    /// What a session may ask to know whether another one has that lock right
    /// now: it has if the answer is the one that is expected. A hint, no more.
    /// `None`: there is nothing to ask.
    fn lock_question(&self, request: &LockRequest) -> Option<Question> {
        let _ = request;
        None
    }

    /// What backs it up and restores it.
    fn backups(&self) -> Arc<dyn Engine>;
}

/// The database behind `url`. Nothing is opened yet.
///
/// # Errors
/// [`OpenError::Setting`] for what is wrong beside the URL.
pub fn open(url: &DatabaseUrl, settings: &ClientSettings) -> Result<Arc<dyn Database>, OpenError> {
    match url.dialect() {
        Dialect::Sqlite => Ok(Arc::new(SqliteDatabase::new(url.clone()))),
        Dialect::Postgres => Ok(Arc::new(PostgresDatabase::new(url.clone(), settings)?)),
        Dialect::MySql | Dialect::MariaDb => {
            Ok(Arc::new(MysqlDatabase::new(url.clone(), settings)?))
        }
    }
}

/// How to open a session.
#[derive(Clone)]
pub struct ConnectOptions {
    /// Whether it may write.
    pub access: Access,
    /// What happens if the database is not there.
    pub create: Create,
    /// How long to try to reach a server that is starting, failing over, or
    /// not yet known by name; zero: once.
    pub connect_timeout: Duration,
    /// How long a statement of a SQLite session waits for another session's
    /// lock; a server's are set by [`Session::limit`].
    pub busy_timeout: Duration,
    /// Told once at the start of each wait for either.
    pub on_wait: Option<WaitHook>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            access: Access::ReadWrite,
            create: Create::Never,
            connect_timeout: Duration::from_secs(30),
            busy_timeout: Duration::from_secs(10),
            on_wait: None,
        }
    }
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("access", &self.access)
            .field("create", &self.create)
            .field("connect_timeout", &self.connect_timeout)
            .field("busy_timeout", &self.busy_timeout)
            .finish_non_exhaustive()
    }
}

/// Whether a session may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It may.
    ReadWrite,
    /// It may not.
    ReadOnly,
}

/// What happens if the database is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Create {
    /// Opening it fails.
    Never,
    /// An empty one is made (SQLite: the file, not its directory).
    IfMissing,
}

/// Called with each wait for another session. Must not block.
pub type WaitHook = Arc<dyn Fn(&Wait) + Send + Sync>;

/// A wait for another session, or for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// What is waited for, as words: `database is locked by another process`.
    pub reason: String,
    /// For how long at most.
    pub limit: Duration,
}

/// Why a database could not be opened.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpenError {
    /// No such file.
    #[error("no database at {}", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// The file's directory is not there.
    #[error("no directory {} for the database file; make it first", directory.display())]
    NoDirectory {
        /// The directory.
        directory: PathBuf,
    },
    /// A directory, a socket or a device.
    #[error("{} is {what}, not a database file; name the file itself", file.display())]
    NotAFile {
        /// The path.
        file: PathBuf,
        /// What it is: `a directory`.
        what: &'static str,
    },
    /// The file is something else.
    #[error("{} is not a SQLite database", file.display())]
    NotADatabase {
        /// The file.
        file: PathBuf,
    },
    /// The file was a database.
    #[error("{} is damaged: {message}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// SQLite's own message.
        message: String,
    },
    /// This user may not read it.
    #[error("no permission to read {}", path.display())]
    NotReadable {
        /// The file or directory.
        path: PathBuf,
    },
    /// This user may not write it.
    #[error("no permission to write {}; SQLite writes the database file and, beside it, its journal", path.display())]
    NotWritable {
        /// The file or directory.
        path: PathBuf,
    },
    /// Another process kept it locked.
    #[error("{} is locked by another process{}", file.display(), crate::lock::after(*waited))]
    Locked {
        /// The file.
        file: PathBuf,
        /// How long.
        waited: Duration,
    },
    /// The disk is full.
    #[error("the disk of {} is full", file.display())]
    DiskFull {
        /// The file.
        file: PathBuf,
    },
    /// A server was not reached in time.
    #[error("cannot reach {target}: {message}{}", crate::lock::after(*waited))]
    Unreachable {
        /// The redacted URL, or the host.
        target: String,
        /// What the last attempt ended with.
        message: String,
        /// For how long it was tried; zero: once.
        waited: Duration,
    },
    /// The server does not let this user in.
    #[error("{target} does not let this user in: {message}")]
    Denied {
        /// The redacted URL, or the host.
        target: String,
        /// The server's own message.
        message: String,
    },
    /// The server has no database of this name.
    #[error("{target} has no database `{name}`: {message}")]
    NoSuchDatabase {
        /// The redacted URL, or the host.
        target: String,
        /// The database.
        name: String,
        /// The server's own message.
        message: String,
    },
    /// The connection could not be encrypted as asked, or the server could
    /// not prove who it is.
    #[error("no safe connection to {target}: {message}")]
    Tls {
        /// The redacted URL, or the host.
        target: String,
        /// What was wrong.
        message: String,
    },
    /// A setting beside the URL (environment, option or service file), or one
    /// that the server refused.
    #[error("{message}")]
    Setting {
        /// What is wrong with it, and where it was read.
        message: String,
    },
    /// Anything else.
    #[error("cannot open {target}: {message}")]
    Other {
        /// File or redacted URL.
        target: String,
        /// The system's or database's own message.
        message: String,
    },
}

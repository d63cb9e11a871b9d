//! The migration lock: one migrator per database.

mod left;
mod waiting;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Dialect, Session, Value};
pub(crate) use left::ABANDONED;
pub use left::LeftSession;
pub(crate) use waiting::Waiting;

/// The table, in the schema that holds the history, in which servers write
/// down who holds the migration lock. It is Shipgate's own: catalogs leave it
/// out, and a database is clean with it.
pub const LEASE_TABLE: &str = "shipgate_lease";

/// Tells the time of day.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Told what goes on while waiting. Must not block.
pub type LockHook = Arc<dyn Fn(&LockEvent) + Send + Sync>;

/// What a migration lock is called. Locks of other names do not exclude each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockName(Box<str>);

/// A text that cannot name a lock.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{0:?} cannot name a lock; a name has 1 to 64 letters, digits, `_`, `-` or `.` and begins with none of the last two"
)]
pub struct BadLockName(String);

impl LockName {
    /// The longest name, in bytes.
    const LONGEST: usize = 64;

    /// Reads a name. It becomes part of file names.
    ///
    /// # Errors
    /// The text is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self, BadLockName> {
        let is_right = (1..=Self::LONGEST).contains(&text.len())
            && !text.starts_with(['-', '.'])
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if is_right {
            Ok(Self(text.into()))
        } else {
            Err(BadLockName(text.to_owned()))
        }
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is Atlas's name for `apply`, which everybody takes who is
    /// not told another one.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for LockName {
    fn default() -> Self {
        Self("atlas_migrate_execute".into())
    }
}

impl fmt::Display for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What taking the lock needs to know.
#[derive(Clone)]
pub struct LockRequest {
    /// Which lock.
    pub name: LockName,
    /// Process that asks.
    pub pid: u32,
    /// Its machine's host name.
    pub host: String,
    /// What it wants to do: `shipgate migrate apply`, `release 12`.
    pub purpose: String,
    /// How long to wait for another holder; zero: not at all.
    pub timeout: Duration,
    /// Schema that holds the history, and so the lease that says who has the
    /// lock; `None`: the connection's own. SQLite has no use for it.
    pub schema: Option<String>,
    /// Where the lease is written.
    pub lease: LeasePlace,
    /// How long to try to reach a server, as
    /// [`ConnectOptions::connect_timeout`](crate::ConnectOptions::connect_timeout).
    pub connect_timeout: Duration,
    /// Tells the time.
    pub clock: Clock,
    /// Directory of temporary files (`$TMPDIR`, else `/tmp`), where Atlas
    /// keeps its lock for SQLite; `None`: Atlas is not looked out for.
    pub temporary_directory: Option<PathBuf>,
    /// Told while waiting, when the holder is known and when it changes.
    pub on_event: Option<LockHook>,
}

/// Where a server's lease is written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeasePlace {
    /// In [`LEASE_TABLE`], in the schema that holds the history.
    #[default]
    BesideHistory,
    /// Nowhere, where a program that runs under the lock takes any table for
    /// a sign that the schema is in use. Only the server's own locks hold then, and
    /// whoever waits is told less.
    Nowhere,
}

impl fmt::Debug for LockRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockRequest")
            .field("pid", &self.pid)
            .field("purpose", &self.purpose)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockOwner {
    /// Its process; `None` if it did not tell (Atlas does not).
    pub pid: Option<u32>,
    /// Its host.
    pub host: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// What it does.
    pub purpose: String,
    /// It is gone, and this is what it left behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Box<LeftSession>>,
}

impl fmt::Display for LockOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.purpose)?;
        let mut details = Vec::new();
        if let Some(pid) = self.pid {
            details.push(format!("process {pid}"));
        }
        if let Some(host) = &self.host {
            details.push(format!("on {host}"));
        }
        if let Some(since) = self.since {
            details.push(format!("since {since:.0}"));
        }
        if !details.is_empty() {
            write!(f, " ({})", details.join(" "))?;
        }
        match &self.left {
            Some(left) => write!(f, ", which is gone: its {left}"),
            None => Ok(()),
        }
    }
}

/// Something that happened while waiting for a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockEvent {
    /// Another one holds it; waiting goes on for up to this long.
    Waiting {
        /// Who.
        holder: LockOwner,
        /// Time left.
        remaining: Duration,
    },
    /// The holder that was waited for has let go, and the lock is about to be
    /// ours: who looks now whether it is still needed may spare it.
    LetGo,
    /// This user may not write the lease down: whoever waits cannot be told who
    /// holds the lock, and through a connection pooler it may not hold.
    LeaseUnusable {
        /// The server's own message.
        message: String,
    },
    /// Atlas's lock file can be neither read nor written (it is another
    /// user's): Atlas is not kept out.
    AtlasLockUnusable {
        /// The file.
        file: PathBuf,
        /// The system's own message.
        message: String,
    },
}

/// A lock that is held. Dropping it gives it back.
#[async_trait]
pub trait MigrationLock: Send + Sync {
    /// A number that grows with every holder of this lock, so that what an
    /// earlier holder still does can be told and refused.
    fn token(&self) -> u64;

    /// Whether it is still held, as far as its heartbeat knows. Asks no server,
    /// so it may be called often.
    ///
    /// # Errors
    /// [`LockError::Lost`] if it is not.
    async fn check(&self) -> Result<(), LockError>;

    /// Makes sure, in the session's open transaction if there is one, that the
    /// lock is still this holder's, and stays so until the transaction ends:
    /// what is committed with it is fenced against whoever holds it next.
    ///
    /// # Errors
    /// [`LockError::Lost`] if another one has taken it, or nobody can tell.
    async fn fence(&self, session: &mut dyn Session) -> Result<(), LockError> {
        let _ = session;
        Ok(())
    }

    /// What a session may ask instead of [`fence`](Self::fence), right after it
    /// has opened a transaction and together with other calls: if each answer
    /// is the one that is expected the transaction is fenced. If one is not,
    /// `fence` tells why; without any questions to ask (`None`) it has to be
    /// called.
    fn questions(&self) -> Option<Vec<Question>> {
        None
    }

    /// Gives the lock back.
    ///
    /// # Errors
    /// [`LockError::Lost`] if it was not held any more.
    async fn release(self: Box<Self>) -> Result<(), LockError>;
}

/// A query, and the first value of its only row if all is well.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The query.
    pub text: String,
    /// The value.
    pub answer: Value,
    /// A query that fails unless that is the value, where the database has a
    /// way to say it.
    pub demand: Option<String>,
}

impl Question {
    /// Whether these rows are the answer that was expected.
    #[must_use]
    pub fn is_answered_by(&self, rows: &[Vec<Value>]) -> bool {
        matches!(rows, [row] if row.first() == Some(&self.answer))
    }
}

/// Why a lock was not taken.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum LockError {
    /// Another one held it all the time.
    #[error("the migration lock is held by {holder}{}", after(*waited))]
    Held {
        /// Which lock.
        name: LockName,
        /// Of which kind of database.
        dialect: Dialect,
        /// Who.
        holder: LockOwner,
        /// How long it was waited for.
        waited: Duration,
    },
    /// It was held and then was not.
    #[error("the migration lock was lost: {message}")]
    Lost {
        /// How that could be.
        message: String,
    },
    /// The lock file could not be used.
    #[error("cannot use the lock file {}: {message}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The system's own message.
        message: String,
    },
    /// The server could not be reached or refused.
    #[error("cannot take the migration lock: {message}")]
    Server {
        /// Its own message, or how it was not reached.
        message: String,
    },
    /// The database's kind has no lock here (one in memory).
    #[error("{message}")]
    NotPossible {
        /// Why.
        message: String,
    },
}

/// `; waited 10s`, or nothing if it was not waited.
pub(crate) fn after(waited: Duration) -> String {
    if waited.is_zero() {
        String::new()
    } else {
        format!("; waited {waited:?}")
    }
}

//! The notes in their SQLite file.
//!
//! Every statement names its columns, so a schema that is already ahead of
//! this version (a column more) does not disturb it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Row};
use serde::Serialize;
use tokio::sync::Semaphore;

/// Longest note, in characters.
pub const LONGEST: usize = 65_536;

/// How long a statement waits for a lock another process holds.
const BUSY: Duration = Duration::from_secs(10);

/// Connections open at the same time.
const CONNECTIONS: usize = 8;

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Its number.
    pub id: i64,
    /// Its text.
    pub body: String,
    /// When it was written, in UTC: `2026-11-20T09:00:00Z`.
    pub created_at: String,
}

/// What SQLite said.
pub type Result<T> = rusqlite::Result<T>;

/// The notes.
#[derive(Clone)]
pub struct Store {
    uri: String,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Store {
    /// The notes in the file of a SQLite URI's path and query. Nothing is
    /// opened yet, and a missing file is never created.
    pub fn new(database: &str) -> Self {
        Self {
            uri: format!("file:{database}"),
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(CONNECTIONS)),
        }
    }

    /// The latest `limit` notes, latest first.
    ///
    /// # Errors
    /// What SQLite said.
    pub async fn latest(&self, limit: u32) -> Result<Vec<Note>> {
        self.with(move |connection| {
            let sql = "SELECT id, body, created_at FROM notes ORDER BY id DESC LIMIT ?1";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map([limit], note)?.collect()
        })
        .await
    }

    /// Adds a note.
    ///
    /// # Errors
    /// What SQLite said.
    pub async fn add(&self, body: String) -> Result<Note> {
        self.with(move |connection| {
            let sql = "INSERT INTO notes (body) VALUES (?1) RETURNING id, body, created_at";
            connection.prepare_cached(sql)?.query_row([body], note)
        })
        .await
    }

    /// How many notes there are.
    ///
    /// # Errors
    /// What SQLite said.
    pub async fn count(&self) -> Result<u64> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached("SELECT count(*) FROM notes")?;
            statement.query_row([], |row| row.get::<_, i64>(0).map(i64::unsigned_abs))
        })
        .await
    }

    /// Asks the database for every column this version needs.
    ///
    /// # Errors
    /// What SQLite said: no file, no table, no column.
    pub async fn check(&self) -> Result<()> {
        self.with(|connection| {
            let sql = "SELECT id, body, created_at FROM notes LIMIT 1";
            let mut statement = connection.prepare(sql)?;
            statement.query([])?.next()?;
            Ok(())
        })
        .await
    }

    /// Runs `work` with a connection, away from the threads that serve.
    async fn with<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let _permit = self.permits.acquire().await.expect("it is never closed");
        let store = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let taken = store.lock().pop();
            let connection = match taken {
                Some(connection) => connection,
                None => store.open()?,
            };
            let done = work(&connection)?;
            store.lock().push(connection);
            Ok(done)
        });
        match task.await {
            Ok(done) => done,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.uri, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.pragma_update(None, "foreign_keys", "on")?;
        Ok(connection)
    }
}

fn note(row: &Row<'_>) -> Result<Note> {
    Ok(Note {
        id: row.get(0)?,
        body: row.get(1)?,
        created_at: row.get(2)?,
    })
}

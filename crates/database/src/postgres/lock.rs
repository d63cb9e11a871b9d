//! The migration lock of a PostgreSQL database.
//!
//! Three things make it, all on connections of its own:
//! - Atlas's advisory lock, taken *shared*: Atlas takes it exclusively, so
//!   Atlas and Shipgate exclude each other, while Shipgates that migrate
//!   different schemas of one database do not.
//! - An advisory lock of Shipgate's own for name and schema, taken exclusively.
//! - A lease: a row in `shipgate_lease` beside the history that tells who
//!   holds the lock, since when, and with which token. Its holder renews it by
//!   the server's clock; it is taken over when its holder has ended, or has
//!   not renewed it for [`EXPIRY`] although the advisory lock is free. The
//!   table is dropped with its last row, so that a database without
//!   migrations is as clean for Atlas as it was.
//!
//! A pooler that gives a connection to others between transactions would
//! lose locks of a session. Behind one, the advisory locks are those of a
//! transaction that stays open and does nothing: it pins its connection, and
//! in READ COMMITTED holds no snapshot that `CREATE INDEX CONCURRENTLY` would
//! wait for.
//!
//! What a holder that lost the lock without knowing still does is fenced: see
//! [`MigrationLock::fence`].

mod advisory;
mod holder;
mod lease;
mod process;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::settings::Settings;
use crate::{
    ErrorKind, LockError, LockRequest, MigrationLock, Question, Session, StatementError, Value,
};
use advisory::Keys;
use holder::Holder;

/// A lease that was not renewed for this long is its holder's no more, once
/// the advisory lock is free.
pub const EXPIRY: Duration = Duration::from_secs(15);

/// How often a lease is renewed.
const BEAT: Duration = Duration::from_secs(3);

/// A lock that is held.
struct PostgresLock {
    token: u64,
    /// See [`MigrationLock::questions`].
    questions: Option<Vec<Question>>,
    /// `None`: given back.
    holder: Option<Arc<Mutex<Holder>>>,
    heart: JoinHandle<()>,
}

/// Takes the lock.
pub(super) async fn acquire(
    settings: &Arc<Settings>,
    request: &LockRequest,
) -> Result<Box<dyn MigrationLock>, LockError> {
    let holder = Holder::acquire(settings, request).await?;
    let token = holder.token();
    let questions = holder.questions();
    let holder = Arc::new(Mutex::new(holder));
    let beating = holder.clone();
    let heart = tokio::spawn(async move {
        loop {
            tokio::time::sleep(BEAT).await;
            if beating.lock().await.renew().await.is_err() {
                // It stays lost, and whoever asks is told.
                return;
            }
        }
    });
    Ok(Box::new(PostgresLock {
        token,
        questions,
        holder: Some(holder),
        heart,
    }))
}

/// Asks whether somebody has the lock of the request's schema.
pub(super) fn question(request: &LockRequest) -> Option<Question> {
    let keys = Keys::of(&request.name, request.schema.as_deref()?);
    Some(Question {
        text: format!("SELECT EXISTS ({})", advisory::granted(keys.own)),
        answer: Value::Integer(1),
        demand: None,
    })
}

#[async_trait]
impl MigrationLock for PostgresLock {
    fn token(&self) -> u64 {
        self.token
    }

    async fn check(&self) -> Result<(), LockError> {
        match &self.holder {
            None => Err(lost("it was given back")),
            Some(holder) => holder.lock().await.check().map_err(lost),
        }
    }

    /// A successor waits until the transaction has ended, and outside of one
    /// until the session has (behind a pooler it does not know).
    async fn fence(&self, session: &mut dyn Session) -> Result<(), LockError> {
        let Some(holder) = &self.holder else {
            return Err(lost("it was given back"));
        };
        let mut holder = holder.lock().await;
        if let Some(statement) = holder.fencing(session.in_transaction()) {
            let rows = session
                .query(&statement, &[])
                .await
                .map_err(|error| lost(format!("the session cannot be fenced: {error}")))?;
            if !matches!(&rows[..], [row] if row.first() == Some(&Value::Integer(1))) {
                return Err(lost("another one is taking it over"));
            }
        }
        // From here on nobody can take it over; is it still ours?
        holder.renew().await.map_err(lost)
    }

    /// The row tells as much as renewing it would: whoever takes it over needs
    /// the lock that the first question takes.
    fn questions(&self) -> Option<Vec<Question>> {
        let is_lost = match self.holder.as_ref()?.try_lock() {
            Ok(holder) => holder.check().is_err(),
            // It is being renewed right now.
            Err(_) => false,
        };
        if is_lost {
            None
        } else {
            self.questions.clone()
        }
    }

    async fn release(mut self: Box<Self>) -> Result<(), LockError> {
        self.heart.abort();
        match self.holder.take() {
            None => Ok(()),
            Some(holder) => holder.lock().await.release().await.map_err(lost),
        }
    }
}

impl Drop for PostgresLock {
    fn drop(&mut self) {
        self.heart.abort();
        if let Some(holder) = self.holder.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                // Nobody is left who could be told that it was lost before.
                let _ = holder.lock().await.release().await;
            });
        }
    }
}

fn lost(message: impl Into<String>) -> LockError {
    LockError::Lost {
        message: message.into(),
    }
}

/// The server refused something while the lock was being taken.
fn refused(error: &StatementError) -> LockError {
    LockError::Server {
        message: match error.kind {
            ErrorKind::SessionLost => error.message.clone(),
            _ => format!("the server refuses: {}", error.message),
        },
    }
}

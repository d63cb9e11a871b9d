//! The migration lock of a MySQL or MariaDB database: four things on one
//! connection of its own.
//!
//! - The *own* lock, `GET_LOCK` of a name made of the lock's name and the
//!   schema: one migrator per schema, and the next is woken the moment the
//!   connection ends, however that happens.
//! - *Atlas's* lock, `GET_LOCK` of its name alone, so that Atlas and Shipgate
//!   exclude each other: see [`atlas`].
//! - The *lease*, a row beside the history that says who holds the lock, with
//!   a heartbeat and a token that only grows: see [`lease`]. It holds where
//!   `GET_LOCK` does not: behind a pooler that spreads one client's statements over
//!   several connections, and after a failover.
//! - The *run* lock, `GET_LOCK` of the token, taken by the session that
//!   migrates when it is first fenced: while that connection lives, and be it for an
//!   `ALTER TABLE` that its killed client left behind, nobody takes the lease over.
//!
//! A server without `GET_LOCK` (Galera in strict mode) is locked by the lease
//! alone; a user who may not make the lease's table by `GET_LOCK` alone, and there
//! the run lock is waited for by whoever has the own one.

mod atlas;
mod heartbeat;
mod lease;
mod names;
mod server;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use self::atlas::AtlasHold;
use self::heartbeat::Keeper;
use self::lease::{Lease, Taken};
use self::names::Names;
use super::connect::connect;
use super::session::MysqlSession;
use super::settings::Settings;
use crate::lock::Waiting;
use crate::{
    ConnectOptions, Dialect, LeasePlace, LockError, LockEvent, LockOwner, LockRequest,
    MigrationLock, Question, Session, StatementError, Value,
};

/// After how long without a heartbeat the server ends a connection of the
/// lock: its client's machine may be gone without a word.
const IDLE: Duration = Duration::from_secs(30);

/// The token of a run lock without a lease.
const WITHOUT_LEASE: u64 = 0;

/// Everything that is held, on its connection.
struct Locks {
    session: MysqlSession,
    names: Names,
    /// Whether the server has `GET_LOCK`.
    on_server: bool,
    atlas: AtlasHold,
    lease: Option<Lease>,
    token: u64,
}

/// The lock, as its holder has it.
struct MysqlLock {
    names: Names,
    lease: Option<Lease>,
    token: u64,
    lost: Lost,
    keeper: Keeper,
}

/// How the lock was lost, once it was.
#[derive(Clone, Default)]
struct Lost(Arc<Mutex<Option<String>>>);

impl Lost {
    fn set(&self, how: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(how);
    }

    fn check(&self) -> Result<(), LockError> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(how) => Err(lost(how)),
            None => Ok(()),
        }
    }
}

/// Takes the lock.
pub(super) async fn acquire(
    settings: &Settings,
    request: LockRequest,
) -> Result<Box<dyn MigrationLock>, LockError> {
    let mut wait = Waiting::new(&request, Dialect::MySql);
    let mut session = open(settings, &request).await?;
    let schema = match &request.schema {
        Some(schema) => Some(schema.clone()),
        None => current_database(&mut session).await?,
    };
    let names = Names::new(&request.name, schema.as_deref());
    let mut lease = schema
        .filter(|_| request.lease == LeasePlace::BesideHistory)
        .map(|schema| Lease::new(&schema, &names, &request));
    let on_server = take_own(&mut session, &names, lease.as_ref(), &mut wait).await?;
    let atlas = if on_server {
        atlas::take(settings, &request, &mut session, &names, &mut wait).await?
    } else {
        AtlasHold::none()
    };
    let token = match take_lease(&mut session, lease.as_ref(), on_server, &mut wait).await? {
        Some(token) => token,
        None => {
            lease = None;
            if !on_server {
                return Err(LockError::NotPossible {
                    message: "the server has no GET_LOCK, and the table that would do instead \
                              cannot be made"
                        .to_owned(),
                });
            }
            outlast(&mut session, &names, &mut wait).await?;
            now(&mut session).await?
        }
    };
    let lost = Lost::default();
    let held = Locks {
        session,
        names: names.clone(),
        on_server,
        atlas,
        lease: lease.clone(),
        token,
    };
    Ok(Box::new(MysqlLock {
        names,
        lease,
        token,
        lost: lost.clone(),
        keeper: Keeper::start(held, settings.clone(), lost),
    }))
}

/// Asks whether somebody has the lock of the request's schema.
pub(super) fn question(request: &LockRequest) -> Option<Question> {
    let names = Names::new(&request.name, Some(request.schema.as_deref()?));
    Some(Question {
        text: format!("SELECT IS_USED_LOCK('{}') IS NOT NULL", names.own()),
        answer: Value::Integer(1),
        demand: None,
    })
}

/// A connection for locks: its own statements never wait for long.
async fn open(settings: &Settings, request: &LockRequest) -> Result<MysqlSession, LockError> {
    let options = ConnectOptions {
        connect_timeout: request.connect_timeout,
        ..ConnectOptions::default()
    };
    let (link, made_with) =
        connect(settings, &options)
            .await
            .map_err(|error| LockError::Server {
                message: error.to_string(),
            })?;
    let mut session = MysqlSession::new(link, made_with, options.access);
    session
        .execute(&format!(
            "SET SESSION autocommit = 1, lock_wait_timeout = 5, innodb_lock_wait_timeout = 2, \
                 wait_timeout = {}",
            IDLE.as_secs()
        ))
        .await
        .map_err(server_error)?;
    Ok(session)
}

async fn current_database(session: &mut MysqlSession) -> Result<Option<String>, LockError> {
    let rows = session
        .query("SELECT DATABASE()", &[])
        .await
        .map_err(server_error)?;
    Ok(match rows.into_iter().flatten().next() {
        Some(Value::Text(name)) => Some(name),
        _ => None,
    })
}

/// Takes the lock of this schema; false if the server has no such locks.
async fn take_own(
    session: &mut MysqlSession,
    names: &Names,
    lease: Option<&Lease>,
    wait: &mut Waiting<'_>,
) -> Result<bool, LockError> {
    let mut patience = 0;
    loop {
        match server::get(session, names.own(), patience).await {
            Ok(true) => {
                wait.is_free().await;
                return Ok(true);
            }
            Ok(false) => {}
            Err(error) if server::is_unknown(&error) => return Ok(false),
            Err(error) => return Err(server_error(error)),
        }
        let mut holder = None;
        if let Some(lease) = lease {
            holder = lease.owner(session).await;
        }
        let holder = match holder {
            Some(holder) => holder,
            None => server::holder(session, names.own(), "another Shipgate").await,
        };
        patience = server::wait_for(wait, holder).await?;
    }
}

/// Takes the lease and returns its token; `None` if it cannot be used.
async fn take_lease(
    session: &mut MysqlSession,
    lease: Option<&Lease>,
    has_own: bool,
    wait: &mut Waiting<'_>,
) -> Result<Option<u64>, LockError> {
    let Some(lease) = lease else {
        return Ok(None);
    };
    loop {
        match lease.take(session, has_own).await {
            Ok(Taken::Ours(token)) => return Ok(Some(token)),
            Ok(Taken::Held(holder)) => wait.pause(*holder).await?,
            Err(error) if lease::is_refusal(&error) => {
                wait.tell(&LockEvent::LeaseUnusable {
                    message: error.message,
                });
                return Ok(None);
            }
            Err(error) => return Err(server_error(error)),
        }
    }
}

/// Waits for the session of a holder that had no lease and is gone.
async fn outlast(
    session: &mut MysqlSession,
    names: &Names,
    wait: &mut Waiting<'_>,
) -> Result<(), LockError> {
    let run = names.run(WITHOUT_LEASE);
    while let Some(left) = server::left(session, &run).await.map_err(server_error)? {
        left.end_if_abandoned(session).await;
        wait.pause(LockOwner {
            left: Some(Box::new(left.told())),
            ..unknown_owner("another Shipgate".to_owned())
        })
        .await?;
    }
    Ok(())
}

/// The server's time in microseconds, which grows as tokens have to.
async fn now(session: &mut MysqlSession) -> Result<u64, LockError> {
    let rows = session
        .query(&format!("SELECT {}", lease::NOW), &[])
        .await
        .map_err(server_error)?;
    match rows.into_iter().flatten().next() {
        Some(Value::Integer(micros)) => Ok(micros.unsigned_abs()),
        _ => Ok(0),
    }
}

#[async_trait]
impl MigrationLock for MysqlLock {
    fn token(&self) -> u64 {
        self.token
    }

    async fn check(&self) -> Result<(), LockError> {
        self.lost.check()
    }

    /// The first time in a session it also takes the run lock on it.
    async fn fence(&self, session: &mut dyn Session) -> Result<(), LockError> {
        self.lost.check()?;
        let Some(lease) = &self.lease else {
            return server::get(session, &self.names.run(WITHOUT_LEASE), 0)
                .await
                .map(drop)
                .map_err(server_error);
        };
        let run = self.names.run(self.token);
        match lease.check(session, &run, self.token).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(lost("another one has taken it over")),
            // Among `LOCK TABLES` no other table can be read, and no
            // transaction is open that could be fenced.
            Err(error) if error.code.as_deref() == Some("1100") => Ok(()),
            Err(error) => Err(lost(&format!(
                "whether it is still held could not be asked: {error}"
            ))),
        }
    }

    fn questions(&self) -> Option<Vec<Question>> {
        self.lost.check().ok()?;
        let Some(lease) = &self.lease else {
            let run = self.names.run(WITHOUT_LEASE);
            return Some(vec![Question {
                text: format!("SELECT GET_LOCK('{run}', 0) IS NOT NULL"),
                answer: Value::Integer(1),
                demand: None,
            }]);
        };
        Some(vec![Question {
            text: lease.question(&self.names.run(self.token)),
            answer: Value::Integer(i64::try_from(self.token).ok()?),
            demand: None,
        }])
    }

    async fn release(mut self: Box<Self>) -> Result<(), LockError> {
        self.keeper.release().await?;
        self.lost.check()
    }
}

/// Somebody who is not known.
fn unknown_owner(purpose: String) -> LockOwner {
    LockOwner {
        pid: None,
        host: None,
        since: None,
        purpose,
        left: None,
    }
}

fn server_error(error: StatementError) -> LockError {
    LockError::Server {
        message: error.message,
    }
}

fn lost(how: &str) -> LockError {
    LockError::Lost {
        message: how.to_owned(),
    }
}

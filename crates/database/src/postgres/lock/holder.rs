//! Who has the lock: its connections, and what keeps it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::advisory::{self, Attempt, Keys, Scope};
use super::lease::{Claim, Lease};
use super::{EXPIRY, refused};
use crate::lock::Waiting;
use crate::postgres::connect::connect;
use crate::postgres::session::PostgresSession;
use crate::postgres::settings::Settings;
use crate::{
    ConnectOptions, Dialect, ErrorKind, LeasePlace, LockError, LockEvent, LockOwner, LockRequest,
    Question, Session, StatementError, Value,
};

/// A lock, from its taking to its release.
pub(super) struct Holder {
    settings: Arc<Settings>,
    keys: Keys,
    connections: Connections,
    /// `None`: this user may not write it.
    lease: Option<Lease>,
    token: i64,
    lost: Option<String>,
}

/// The connections of a lock.
struct Connections {
    scope: Scope,
    /// Holds the advisory locks.
    locks: PostgresSession,
    /// For the lease, where the other one is in a transaction.
    other: Option<PostgresSession>,
}

/// How long one renewal may take before its connection counts as lost.
const PATIENCE: Duration = Duration::from_secs(4);

/// A statement that is answered and takes no snapshot: a `CREATE INDEX
/// CONCURRENTLY` that begins meanwhile must not find one in the transaction
/// that holds the locks, or it would wait for that transaction's end.
const NOTHING: &str = "";

impl Connections {
    async fn open(settings: &Arc<Settings>, limit: Duration) -> Result<Self, String> {
        let options = ConnectOptions {
            connect_timeout: limit,
            ..ConnectOptions::default()
        };
        let mut locks = connect(settings, &options)
            .await
            .map_err(|error| error.to_string())?;
        let is_pooled = locks.is_pooled().await.map_err(|error| error.message)?;
        if is_pooled {
            let other = connect(settings, &options)
                .await
                .map_err(|error| error.to_string())?;
            return Ok(Self {
                scope: Scope::Transaction,
                locks,
                other: Some(other),
            });
        }
        // The server is to notice in good time that this machine is gone.
        // It has no say where the connection is a local socket.
        let keep_alive = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; \
                          SET tcp_keepalives_count = 3; SET statement_timeout = 0; \
                          SET lock_timeout = 0";
        locks
            .execute(keep_alive)
            .await
            .map_err(|error| error.message)?;
        Ok(Self {
            scope: Scope::Session,
            locks,
            other: None,
        })
    }

    fn writer(&mut self) -> &mut PostgresSession {
        self.other.as_mut().unwrap_or(&mut self.locks)
    }

    async fn attempt(&mut self, keys: Keys) -> Result<Attempt, StatementError> {
        advisory::attempt(&mut self.locks, keys, self.scope).await
    }

    async fn close(self) {
        Box::new(self.locks).close().await;
        if let Some(other) = self.other {
            Box::new(other).close().await;
        }
    }
}

impl Holder {
    pub(super) async fn acquire(
        settings: &Arc<Settings>,
        request: &LockRequest,
    ) -> Result<Self, LockError> {
        let mut waiting = Waiting::new(request, Dialect::Postgres);
        let mut connections = Connections::open(settings, request.connect_timeout)
            .await
            .map_err(|message| LockError::Server { message })?;
        let taken = take(&mut connections, request, &mut waiting).await;
        match taken {
            Ok((keys, lease, token)) => Ok(Self {
                settings: settings.clone(),
                keys,
                connections,
                lease,
                token,
                lost: None,
            }),
            Err(error) => {
                connections.close().await;
                Err(error)
            }
        }
    }

    pub(super) fn token(&self) -> u64 {
        u64::try_from(self.token).unwrap_or_default()
    }

    /// What a session runs so that no successor begins before it is done.
    pub(super) fn fencing(&self, in_transaction: bool) -> Option<String> {
        let run = self.keys.run;
        match self.connections.scope {
            // The pooler would give the lock away with the connection.
            Scope::Transaction if !in_transaction => None,
            Scope::Session | Scope::Transaction => Some(advisory::fencing(run, in_transaction)),
        }
    }

    /// Whether the lock was held at the last renewal.
    ///
    /// # Errors
    /// It was not; in words.
    pub(super) fn check(&self) -> Result<(), String> {
        self.lost.clone().map_or(Ok(()), Err)
    }

    /// The same, and whether the lease is still ours, for a session in a
    /// transaction. In one that saw the table before it got the lock the
    /// second answer is not to be trusted: there it is never the right one.
    pub(super) fn questions(&self) -> Option<Vec<Question>> {
        let lease = self.lease.as_ref()?;
        let run = self.keys.run;
        Some(vec![
            Question {
                text: self.fencing(true)?,
                answer: Value::Integer(1),
                demand: Some(format!(
                    "SELECT 1 / pg_catalog.pg_try_advisory_xact_lock_shared({run})::int"
                )),
            },
            Question {
                text: lease.question(),
                answer: Value::Integer(self.token),
                demand: Some(lease.demand(self.token)),
            },
        ])
    }

    /// Renews the lease and makes sure of the advisory locks.
    ///
    /// # Errors
    /// The lock is lost, and stays so; in words.
    pub(super) async fn renew(&mut self) -> Result<(), String> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let result = match timeout(PATIENCE, self.beat()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("another one has taken it over".to_owned()),
            Ok(Err(error)) => self.reconnect(&error.message).await,
            Err(_) => self.reconnect("the server does not answer").await,
        };
        self.lost = result.as_ref().err().cloned();
        result
    }

    /// Whether the lock is still this holder's.
    async fn beat(&mut self) -> Result<bool, StatementError> {
        let connections = &mut self.connections;
        match &self.lease {
            Some(lease) => {
                if connections.other.is_some() {
                    connections.locks.execute(NOTHING).await?;
                }
                lease.renew(connections.writer(), self.token).await
            }
            None => connections.locks.execute(NOTHING).await.map(|_| true),
        }
    }

    /// The connections are gone, and the advisory locks with them. The lease
    /// is still there to tell whether anybody else came in between.
    async fn reconnect(&mut self, why: &str) -> Result<(), String> {
        let why = format!("its connection was lost: {why}");
        let Some(lease) = self.lease.clone() else {
            return Err(why);
        };
        let deadline = Instant::now() + EXPIRY;
        let token = self.token;
        let attempt = async {
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                let mut connections = Connections::open(&self.settings, left).await?;
                // The old connection's end may not have reached the server yet.
                if connections.attempt(self.keys).await.ok() == Some(Attempt::Taken) {
                    return Ok(connections);
                }
                let is_ours = lease.renew(connections.writer(), token).await;
                connections.close().await;
                if is_ours.is_ok_and(|is_ours| !is_ours) {
                    return Err("another one has taken it over".to_owned());
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let mut connections = match timeout(EXPIRY, attempt).await {
            Ok(Ok(connections)) => connections,
            Ok(Err(error)) => return Err(format!("{why}; {error}")),
            Err(_) => return Err(format!("{why}; it could not be taken again")),
        };
        let is_ours = lease.renew(connections.writer(), self.token).await;
        self.connections = connections;
        match is_ours {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("{why}; another one has taken it over")),
            Err(error) => Err(format!("{why}; {error}")),
        }
    }

    /// Gives lease and locks back.
    ///
    /// # Errors
    /// It was not held any more; in words.
    pub(super) async fn release(&mut self) -> Result<(), String> {
        let renewed = self.renew().await;
        let connections = &mut self.connections;
        let lease = match &self.lease {
            Some(lease) => lease.release(connections.writer(), self.token).await,
            None => Ok(true),
        };
        let locks = advisory::release(&mut connections.locks, self.keys, connections.scope).await;
        if let Some(other) = &mut connections.other {
            other.end().await;
        }
        connections.locks.end().await;
        self.lost = Some("it was given back".to_owned());
        renewed?;
        match (lease, locks) {
            (Ok(true), Ok(true)) => Ok(()),
            (Ok(_), Ok(_)) => Err("another one has taken it over".to_owned()),
            (Err(error), _) | (_, Err(error)) => Err(error.message),
        }
    }
}

type Taken = (Keys, Option<Lease>, i64);

async fn take(
    connections: &mut Connections,
    request: &LockRequest,
    waiting: &mut Waiting<'_>,
) -> Result<Taken, LockError> {
    let (schema, nonce, now) = ask(connections.writer(), request)
        .await
        .map_err(|error| refused(&error))?;
    let keys = Keys::of(&request.name, schema.as_deref().unwrap_or_default());
    let has_schema = schema.is_some();
    let lease = schema
        .filter(|_| request.lease == LeasePlace::BesideHistory)
        .map(|schema| Lease::new(request, &schema, &nonce));
    loop {
        let attempt = connections.attempt(keys).await;
        let writer = connections.writer();
        let holder = match attempt.map_err(|error| refused(&error))? {
            Attempt::Taken => break,
            Attempt::HeldByAtlas => {
                advisory::holder(writer, keys.atlas, "Atlas or another program").await
            }
            Attempt::Held => {
                let owner = match &lease {
                    Some(lease) => lease.owner(writer).await,
                    None => Ok(None),
                };
                match owner {
                    Ok(Some(owner)) => Ok(owner),
                    Ok(None) => advisory::holder(writer, keys.own, "another Shipgate").await,
                    Err(error) => Err(error),
                }
            }
        };
        waiting
            .pause(holder.map_err(|error| refused(&error))?)
            .await?;
    }
    waiting.is_free().await;
    let Some(lease) = lease else {
        if !has_schema {
            waiting.tell(&LockEvent::LeaseUnusable {
                message: "the connection has no schema".to_owned(),
            });
        }
        outlast(connections.writer(), keys, waiting).await?;
        return Ok((keys, None, now));
    };
    loop {
        let claim = lease.claim(connections.writer(), request, keys.run).await;
        match claim.map_err(|error| refused(&error))? {
            Claim::Taken(token) => return Ok((keys, Some(lease), token)),
            Claim::Held(owner) => waiting.pause(owner).await?,
            Claim::Unusable(message) => {
                waiting.tell(&LockEvent::LeaseUnusable { message });
                outlast(connections.writer(), keys, waiting).await?;
                return Ok((keys, None, now));
            }
        }
    }
}

/// Waits for the session of a holder that had no lease and is gone.
async fn outlast(
    session: &mut PostgresSession,
    keys: Keys,
    waiting: &mut Waiting<'_>,
) -> Result<(), LockError> {
    // It ends with the statement.
    let question = format!("SELECT pg_catalog.pg_try_advisory_xact_lock({})", keys.run);
    loop {
        let is_over = advisory::is_true(session, &question).await;
        if is_over.map_err(|error| refused(&error))? {
            return Ok(());
        }
        let left = advisory::left(session, keys.run).await;
        let owner = LockOwner {
            pid: None,
            host: None,
            since: None,
            purpose: "another Shipgate".to_owned(),
            left: left.map_err(|error| refused(&error))?.map(Box::new),
        };
        waiting.pause(owner).await?;
    }
}

/// The schema that holds the lease; a name for this holder that no other one
/// has; and the server's time, for a token where there is no lease.
async fn ask(
    session: &mut PostgresSession,
    request: &LockRequest,
) -> Result<(Option<String>, String, i64), StatementError> {
    let rows = session
        .query(
            "SELECT pg_catalog.current_schema()::text, \
             pg_catalog.md5(pg_catalog.random()::text || pg_catalog.clock_timestamp()::text \
             || pg_catalog.pg_backend_pid()::text), \
             (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint",
            &[],
        )
        .await?;
    match rows.first().map(Vec::as_slice) {
        Some([schema, Value::Text(nonce), Value::Integer(now)]) => {
            let connected = match schema {
                Value::Text(schema) => Some(schema.clone()),
                _ => None,
            };
            Ok((request.schema.clone().or(connected), nonce.clone(), *now))
        }
        _ => Err(StatementError::new(
            ErrorKind::Refused,
            "the server does not tell its time",
        )),
    }
}

//! The lease: two rows in [`LEASE_TABLE`] that say who holds the lock.
//!
//! The row `lease` has the owner and a heartbeat by the server's clock; who
//! finds it without one, or with one that is older than [`EXPIRY`], may take it. The
//! row `fence` has the token alone: whoever commits something under the lock
//! share-locks it, and whoever takes the lock writes it, so the two wait for
//! each other; the heartbeat goes on meanwhile. The table is made by who needs
//! it and removed by the last; a token is never less than the server's time, so
//! it grows also from one table to the next.

use std::time::Duration;

use jiff::Timestamp;

use super::names::Names;
use super::{server, unknown_owner};
use crate::mysql::names::quoted;
use crate::mysql::session::MysqlSession;
use crate::{ErrorKind, LEASE_TABLE, LockOwner, LockRequest, Session, StatementError, Value};

/// A heartbeat older than this is that of a dead owner.
pub(super) const EXPIRY: Duration = Duration::from_secs(15);

/// How often the table is made anew when others remove it at the same time.
const CREATIONS: usize = 5;

/// The server's time in microseconds since 1970.
pub(super) const NOW: &str = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))";

/// What tells one server from another.
const SERVER: &str = "LEFT(CONCAT(@@hostname, ':', @@port), 255)";

/// A lease, by its place and by who asks for it.
#[derive(Clone)]
pub(super) struct Lease {
    names: Names,
    table: String,
    name: String,
    pid: u32,
    host: String,
    purpose: String,
}

/// What came of trying to take it.
pub(super) enum Taken {
    /// It is ours, with this token.
    Ours(u64),
    /// It is another one's who is alive.
    Held(Box<LockOwner>),
}

/// What the row says.
struct Row {
    token: u64,
    /// The token of who takes it now.
    next: i64,
    owner: LockOwner,
    /// Since the last heartbeat; `None`: given back.
    age: Option<Duration>,
    /// Whether the owner's connection was seen to have ended.
    is_gone: bool,
}

impl Lease {
    pub(super) fn new(schema: &str, names: &Names, request: &LockRequest) -> Self {
        Self {
            names: names.clone(),
            table: format!("{}.{}", quoted(schema), quoted(LEASE_TABLE)),
            name: request.name.as_str().to_owned(),
            pid: request.pid,
            host: shortened(&request.host),
            purpose: shortened(&request.purpose),
        }
    }

    /// Takes it if nobody has it, or one who is dead. Who holds the schema's
    /// own server lock (`has_own`) need not wait for the heartbeat to grow
    /// old when the owner's connection has ended.
    pub(super) async fn take(
        &self,
        session: &mut MysqlSession,
        has_own: bool,
    ) -> Result<Taken, StatementError> {
        let mut taken = self.try_take(session, has_own).await;
        for _ in 0..CREATIONS {
            if !taken.as_ref().is_err_and(is_missing) {
                break;
            }
            self.create(session).await?;
            taken = self.try_take(session, has_own).await;
        }
        match taken {
            // Somebody fences or looks at the row this very moment.
            Err(error) if error.kind == ErrorKind::Locked => {
                let owner = self.owner(session).await;
                let owner = owner.unwrap_or_else(|| unknown_owner("another Shipgate".to_owned()));
                Ok(Taken::Held(Box::new(owner)))
            }
            other => other,
        }
    }

    /// Who holds it, if that can be read.
    pub(super) async fn owner(&self, session: &mut MysqlSession) -> Option<LockOwner> {
        let row = self.read(session, "").await.ok().flatten()?;
        row.age.is_some().then_some(row.owner)
    }

    /// Says that the owner of `token` is alive; false if that is not the owner any more.
    pub(super) async fn beat(
        &self,
        session: &mut MysqlSession,
        token: u64,
    ) -> Result<bool, StatementError> {
        let beat = format!(
            "UPDATE {} SET heartbeat = UTC_TIMESTAMP(6), connection = CONNECTION_ID() \
             WHERE name = '{}' AND part = 'lease' AND token = {token} AND heartbeat IS NOT NULL",
            self.table, self.name
        );
        Ok(session.execute(&beat).await?.rows == 1)
    }

    /// Gives it back; false if it was not `token`'s any more.
    pub(super) async fn release(
        &self,
        session: &mut MysqlSession,
        token: u64,
    ) -> Result<bool, StatementError> {
        let release = format!(
            "UPDATE {} SET heartbeat = NULL, pid = NULL, host = NULL, purpose = NULL, \
             connection = NULL WHERE name = '{}' AND part = 'lease' AND token = {token} \
             AND heartbeat IS NOT NULL",
            self.table, self.name
        );
        Ok(session.execute(&release).await?.rows == 1)
    }

    /// Removes the table, unless somebody has a lease or waits for one. It is
    /// a courtesy: what does not work is left to the next one.
    pub(super) async fn tidy(&self, session: &mut MysqlSession) {
        let _ = self.remove_unused(session).await;
        let _ = session.execute("UNLOCK TABLES").await;
    }

    async fn remove_unused(&self, session: &mut MysqlSession) -> Result<(), StatementError> {
        if server::somebody_waits(session, self.names.own()).await? {
            return Ok(());
        }
        session.execute("SET SESSION lock_wait_timeout = 1").await?;
        session
            .execute(&format!("LOCK TABLES {} WRITE", self.table))
            .await?;
        let used = format!("SELECT COUNT(heartbeat) FROM {}", self.table);
        let rows = session.query(&used, &[]).await?;
        if rows.iter().flatten().next().and_then(number) == Some(0) {
            session
                .execute(&format!("DROP TABLE {}", self.table))
                .await?;
        }
        Ok(())
    }

    /// Whether `token` is still the last one, and until the session's
    /// transaction ends; and takes the lock `run` on the session.
    pub(super) async fn check(
        &self,
        session: &mut dyn Session,
        run: &str,
        token: u64,
    ) -> Result<bool, StatementError> {
        let rows = session.query(&self.question(run), &[]).await?;
        Ok(rows.iter().flatten().next().and_then(number) == i64::try_from(token).ok())
    }

    /// Asks for the last token, and takes the lock `run`, as
    /// [`check`](Self::check) does.
    pub(super) fn question(&self, run: &str) -> String {
        format!(
            "SELECT token, GET_LOCK('{run}', 0) FROM {} \
             WHERE name = '{}' AND part = 'fence' LOCK IN SHARE MODE",
            self.table, self.name
        )
    }

    async fn try_take(
        &self,
        session: &mut MysqlSession,
        has_own: bool,
    ) -> Result<Taken, StatementError> {
        session.begin().await?;
        let taken = self.take_in_transaction(session, has_own).await;
        match &taken {
            Ok(Taken::Ours(_)) => session.commit().await?,
            _ => session.rollback().await?,
        }
        taken
    }

    async fn take_in_transaction(
        &self,
        session: &mut MysqlSession,
        has_own: bool,
    ) -> Result<Taken, StatementError> {
        let row = match self.read(session, "FOR UPDATE").await? {
            Some(row) => row,
            None => {
                let insert = format!(
                    "INSERT IGNORE INTO {} (name, part, token) \
                     VALUES ('{1}', 'lease', 0), ('{1}', 'fence', 0)",
                    self.table, self.name
                );
                session.execute(&insert).await?;
                match self.read(session, "FOR UPDATE").await? {
                    Some(row) => row,
                    None => return Ok(Taken::Held(Box::new(unknown_owner("nobody".to_owned())))),
                }
            }
        };
        let is_free = match row.age {
            None => true,
            Some(age) => age > EXPIRY || (has_own && row.is_gone),
        };
        if !is_free {
            return Ok(Taken::Held(Box::new(row.owner)));
        }
        if let Some(age) = row.age
            && let Some(left) = server::left(session, &self.names.run(row.token)).await?
        {
            if age > EXPIRY {
                left.end_if_abandoned(session).await;
            }
            let is_dead = age > EXPIRY / 2;
            return Ok(Taken::Held(Box::new(LockOwner {
                left: is_dead.then(|| Box::new(left.told())),
                ..row.owner
            })));
        }
        let fence = format!(
            "UPDATE {} SET token = {} WHERE name = '{}' AND part = 'fence'",
            self.table, row.next, self.name
        );
        session.execute(&fence).await?;
        let lease = format!(
            "UPDATE {} SET token = ?, pid = ?, host = ?, purpose = ?, connection = CONNECTION_ID(), \
             user = LEFT(CURRENT_USER(), 255), server = {SERVER}, since = UTC_TIMESTAMP(6), \
             heartbeat = UTC_TIMESTAMP(6) WHERE name = ? AND part = 'lease'",
            self.table
        );
        let values = [
            Value::Integer(row.next),
            Value::Integer(i64::from(self.pid)),
            Value::Text(self.host.clone()),
            Value::Text(self.purpose.clone()),
            Value::Text(self.name.clone()),
        ];
        session.query(&lease, &values).await?;
        Ok(Taken::Ours(row.next.unsigned_abs()))
    }

    async fn read(
        &self,
        session: &mut MysqlSession,
        lock: &str,
    ) -> Result<Option<Row>, StatementError> {
        let ask = format!(
            "SELECT token, GREATEST(token + 1, {NOW}), pid, host, purpose, \
             TIMESTAMPDIFF(MICROSECOND, '1970-01-01', since), \
             TIMESTAMPDIFF(MICROSECOND, heartbeat, UTC_TIMESTAMP(6)), \
             server = {SERVER} AND user = LEFT(CURRENT_USER(), 255) AND connection NOT IN \
             (SELECT ID FROM information_schema.PROCESSLIST) \
             FROM {} WHERE name = '{}' AND part = 'lease' {lock}",
            self.table, self.name
        );
        let rows = session.query(&ask, &[]).await?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(None);
        };
        let mut columns = row.into_iter();
        let mut next = || columns.next().unwrap_or(Value::Null);
        let token = number(&next()).unwrap_or_default().unsigned_abs();
        let following = number(&next()).unwrap_or_default();
        let owner = LockOwner {
            pid: number(&next()).and_then(|pid| u32::try_from(pid).ok()),
            host: text(next()),
            purpose: text(next()).unwrap_or_else(|| "another Shipgate".to_owned()),
            since: number(&next()).and_then(|micros| Timestamp::from_microsecond(micros).ok()),
            left: None,
        };
        Ok(Some(Row {
            token,
            next: following,
            owner,
            age: number(&next()).map(|micros| Duration::from_micros(micros.unsigned_abs())),
            is_gone: number(&next()) == Some(1),
        }))
    }

    async fn create(&self, session: &mut MysqlSession) -> Result<(), StatementError> {
        let create = format!(
            "CREATE TABLE IF NOT EXISTS {} (\n\
             name varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,\n\
             part varchar(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,\n\
             token bigint NOT NULL,\n\
             pid bigint NULL,\n\
             host varchar(255) NULL,\n\
             purpose varchar(255) NULL,\n\
             connection bigint NULL,\n\
             user varchar(255) NULL,\n\
             server varchar(255) NULL,\n\
             since datetime(6) NULL,\n\
             heartbeat datetime(6) NULL,\n\
             PRIMARY KEY (name, part)\n\
             ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 \
             COMMENT='Who holds the migration lock of Shipgate; times in UTC'",
            self.table
        );
        session.execute(&create).await.map(|_| ())
    }
}

fn is_missing(error: &StatementError) -> bool {
    error.code.as_deref() == Some("1146")
}

/// Whether this user, or this database, can have no lease at all.
pub(super) fn is_refusal(error: &StatementError) -> bool {
    // No such database, no InnoDB.
    error.kind == ErrorKind::NotAllowed
        || matches!(error.code.as_deref(), Some("1049" | "1286" | "1289"))
}

fn shortened(text: &str) -> String {
    text.chars().take(255).collect()
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        _ => None,
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

//! The lease: the row that tells who holds the lock.

use jiff::Timestamp;
use postgres_protocol::escape::{escape_identifier, escape_literal};

use super::{EXPIRY, advisory, process};
use crate::postgres::session::PostgresSession;
use crate::{ErrorKind, LEASE_TABLE, LockOwner, LockRequest, Session, StatementError, Value};

/// The lease of one lock.
#[derive(Clone)]
pub(super) struct Lease {
    /// Quoted, with its schema.
    table: String,
    /// Made if it is missing and was asked for by name.
    schema: Option<String>,
    /// The row's key.
    name: String,
    /// Tells this holder from every other.
    holder: String,
}

/// What became of trying to get the lease.
pub(super) enum Claim {
    /// With its token.
    Taken(i64),
    /// Somebody else has it, or still does something under it.
    Held(LockOwner),
    /// This user may not have it, says the server.
    Unusable(String),
}

/// Another one's row.
struct Row {
    token: i64,
    owner: LockOwner,
    /// See [`process`].
    process: Option<String>,
}

/// `undefined_table`, `invalid_schema_name`, and what two that make the same
/// table at once see.
const NOT_THERE: [&str; 2] = ["42P01", "3F000"];
const MADE_MEANWHILE: [&str; 2] = ["23505", "42P07"];

fn has_code(error: &StatementError, codes: &[&str]) -> bool {
    error
        .code
        .as_deref()
        .is_some_and(|code| codes.contains(&code))
}

impl Lease {
    pub(super) fn new(request: &LockRequest, schema: &str, nonce: &str) -> Self {
        Self {
            table: format!("{}.{LEASE_TABLE}", escape_identifier(schema)),
            schema: request.schema.clone(),
            name: request.name.to_string(),
            holder: nonce.to_owned(),
        }
    }

    /// Tries to get the lease, with the advisory lock in hand. `run` is the
    /// lock that everything done under the old lease holds shared.
    pub(super) async fn claim(
        &self,
        session: &mut PostgresSession,
        request: &LockRequest,
        run: i64,
    ) -> Result<Claim, StatementError> {
        // Others may make the table, and drop it, meanwhile.
        let mut attempts = 0..10;
        loop {
            let error = match self.try_claim(session, request, run).await {
                Ok(claim) => return Ok(claim),
                Err(error) => error,
            };
            session.rollback().await?;
            let error = if has_code(&error, &NOT_THERE) && attempts.next().is_some() {
                match self.make(session).await {
                    Ok(()) => continue,
                    Err(error) if has_code(&error, &MADE_MEANWHILE) => continue,
                    Err(error) => error,
                }
            } else {
                error
            };
            let is_refused = match error.kind {
                ErrorKind::NotAllowed => true,
                // No schema to make it in; or a table of another layout.
                _ => has_code(&error, &["3F000", "42703", "42P01", "42809", "42P10"]),
            };
            return if is_refused {
                Ok(Claim::Unusable(error.message))
            } else {
                Err(error)
            };
        }
    }

    async fn try_claim(
        &self,
        session: &mut PostgresSession,
        request: &LockRequest,
        run: i64,
    ) -> Result<Claim, StatementError> {
        session.begin().await?;
        let found = self.find(session, "FOR UPDATE NOWAIT").await;
        let found = match found {
            Err(error) if error.kind == ErrorKind::Locked => {
                session.rollback().await?;
                let row = self.find(session, "").await?;
                return Ok(Claim::Held(row.map_or_else(unknown, |(row, _)| row.owner)));
            }
            other => other?,
        };
        if let Some((row, is_expired)) = found {
            let is_over = is_expired || row.process.as_deref().is_some_and(process::has_ended);
            let question = format!("SELECT pg_catalog.pg_try_advisory_xact_lock({run})");
            if !is_over {
                session.rollback().await?;
                return Ok(Claim::Held(row.owner));
            }
            if !advisory::is_true(session, &question).await? {
                let left = advisory::left(session, run).await?;
                session.rollback().await?;
                return Ok(Claim::Held(LockOwner {
                    left: left.map(Box::new),
                    ..row.owner
                }));
            }
            let token = self.write(session, request, row.token).await?;
            session.commit().await?;
            return Ok(Claim::Taken(token));
        }
        let token = self.write(session, request, 0).await?;
        session.commit().await?;
        Ok(Claim::Taken(token))
    }

    /// The row as somebody else left it, and whether it has expired.
    async fn find(
        &self,
        session: &mut PostgresSession,
        locking: &str,
    ) -> Result<Option<(Row, bool)>, StatementError> {
        let question = format!(
            "SELECT token, pid, host, purpose, process, \
             (extract(epoch FROM since) * 1000)::bigint, \
             heartbeat < pg_catalog.clock_timestamp() - interval '{} s' \
             FROM {} WHERE name = $1 {locking}",
            EXPIRY.as_secs(),
            self.table
        );
        let rows = session
            .query(&question, &[Value::Text(self.name.clone())])
            .await?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(None);
        };
        let text = |value: &Value| match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        };
        let number = |value: &Value| match value {
            Value::Integer(number) => Some(*number),
            _ => None,
        };
        let [token, pid, host, purpose, process, since, is_expired] = row.as_slice() else {
            return Ok(None);
        };
        let row = Row {
            token: number(token).unwrap_or_default(),
            owner: LockOwner {
                pid: number(pid).and_then(|pid| u32::try_from(pid).ok()),
                host: text(host),
                since: number(since).and_then(|millis| Timestamp::from_millisecond(millis).ok()),
                purpose: text(purpose).unwrap_or_default(),
                left: None,
            },
            process: text(process),
        };
        Ok(Some((row, number(is_expired) == Some(1))))
    }

    /// Writes this holder's row. Its token is later than the server's clock
    /// was for every earlier holder, also if their rows are gone.
    async fn write(
        &self,
        session: &mut PostgresSession,
        request: &LockRequest,
        before: i64,
    ) -> Result<i64, StatementError> {
        let statement = format!(
            "INSERT INTO {} AS l (name, token, holder, pid, host, purpose, process, since, heartbeat) \
             VALUES ($1, greatest({before} + 1, \
             (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint), \
             $2, $3, $4, $5, $6, pg_catalog.clock_timestamp(), pg_catalog.clock_timestamp()) \
             ON CONFLICT (name) DO UPDATE SET (token, holder, pid, host, purpose, process, since, heartbeat) = \
             (excluded.token, excluded.holder, excluded.pid, excluded.host, excluded.purpose, \
             excluded.process, excluded.since, excluded.heartbeat) \
             RETURNING token",
            self.table
        );
        let values = [
            Value::Text(self.name.clone()),
            Value::Text(self.holder.clone()),
            Value::Integer(i64::from(request.pid)),
            Value::Text(request.host.clone()),
            Value::Text(request.purpose.clone()),
            process::this().map_or(Value::Null, Value::Text),
        ];
        let rows = session.query(&statement, &values).await?;
        match rows.first().map(Vec::as_slice) {
            Some([Value::Integer(token)]) => Ok(*token),
            _ => Err(StatementError::new(
                ErrorKind::Refused,
                "the lease was not written",
            )),
        }
    }

    async fn make(&self, session: &mut PostgresSession) -> Result<(), StatementError> {
        if let Some(schema) = &self.schema {
            // `IF NOT EXISTS` asks for the right to create even if it does.
            let is_there = session
                .query(
                    "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1",
                    &[Value::Text(schema.clone())],
                )
                .await?;
            if is_there.is_empty() {
                let schema = escape_identifier(schema);
                session
                    .execute(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))
                    .await?;
            }
        }
        session
            .execute(&format!(
                "CREATE TABLE IF NOT EXISTS {} (\
                 name text PRIMARY KEY, token bigint NOT NULL, holder text NOT NULL, \
                 pid bigint, host text, purpose text NOT NULL, process text, \
                 since timestamptz NOT NULL, heartbeat timestamptz NOT NULL)",
                self.table
            ))
            .await
            .map(drop)
    }

    /// Who holds it, if that is written down.
    pub(super) async fn owner(
        &self,
        session: &mut PostgresSession,
    ) -> Result<Option<LockOwner>, StatementError> {
        match self.find(session, "").await {
            Ok(found) => Ok(found.map(|(row, _)| row.owner)),
            Err(error) if error.kind == ErrorKind::SessionLost => Err(error),
            // Not there, or not for this user.
            Err(_) => Ok(None),
        }
    }

    /// Asks for the token of this holder's row, as it is now: NULL where the
    /// transaction shows what was before it.
    pub(super) fn question(&self) -> String {
        format!(
            "SELECT CASE WHEN pg_catalog.current_setting('transaction_isolation') = 'read committed' \
             THEN token END FROM {} WHERE name = {} AND holder = {}",
            self.table,
            escape_literal(&self.name),
            escape_literal(&self.holder)
        )
    }

    /// The same as a query that fails (`division_by_zero`) if it is not this token.
    pub(super) fn demand(&self, token: i64) -> String {
        format!(
            "SELECT 1 / pg_catalog.count(*) FROM {} WHERE name = {} AND holder = {} AND token = {token} \
             AND pg_catalog.current_setting('transaction_isolation') = 'read committed'",
            self.table,
            escape_literal(&self.name),
            escape_literal(&self.holder)
        )
    }

    /// Renews it; whether it was still this holder's.
    pub(super) async fn renew(
        &self,
        session: &mut PostgresSession,
        token: i64,
    ) -> Result<bool, StatementError> {
        let statement = format!(
            "UPDATE {} SET heartbeat = pg_catalog.clock_timestamp() \
             WHERE name = $1 AND token = $2 AND holder = $3 RETURNING 1",
            self.table
        );
        match session.query(&statement, &self.key(token)).await {
            Ok(rows) => Ok(!rows.is_empty()),
            // Somebody dropped it: it is nobody's.
            Err(error) if has_code(&error, &NOT_THERE) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives it back, and drops the table with its last row; whether it was
    /// still this holder's.
    pub(super) async fn release(
        &self,
        session: &mut PostgresSession,
        token: i64,
    ) -> Result<bool, StatementError> {
        let delete = format!(
            "DELETE FROM {} WHERE name = $1 AND token = $2 AND holder = $3 RETURNING 1",
            self.table
        );
        let was_ours = match session.query(&delete, &self.key(token)).await {
            Ok(rows) => !rows.is_empty(),
            Err(error) if has_code(&error, &NOT_THERE) => false,
            Err(error) => return Err(error),
        };
        // Only if nobody uses it right now; the next one who gives it back
        // tries again.
        if session.begin().await.is_ok() {
            let _ = self.drop_empty(session).await;
            session.rollback().await?;
        }
        Ok(was_ours)
    }

    async fn drop_empty(&self, session: &mut PostgresSession) -> Result<(), StatementError> {
        let table = &self.table;
        session
            .execute(&format!(
                "LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE NOWAIT"
            ))
            .await?;
        let others = session
            .query(&format!("SELECT 1 FROM {table} LIMIT 1"), &[])
            .await?;
        if others.is_empty() {
            session.execute(&format!("DROP TABLE {table}")).await?;
            session.commit().await?;
        }
        Ok(())
    }

    fn key(&self, token: i64) -> [Value; 3] {
        [
            Value::Text(self.name.clone()),
            Value::Integer(token),
            Value::Text(self.holder.clone()),
        ]
    }
}

fn unknown() -> LockOwner {
    LockOwner {
        pid: None,
        host: None,
        since: None,
        purpose: "another Shipgate".to_owned(),
        left: None,
    }
}

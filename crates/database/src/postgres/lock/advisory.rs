//! The advisory locks: Atlas's, shared, and Shipgate's own.

use sha2::{Digest, Sha256};

use crate::lock::ABANDONED;
use crate::postgres::session::PostgresSession;
use crate::{ErrorKind, LeftSession, LockName, LockOwner, Session, StatementError, Value};

/// Numbers of the locks of one name and schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    /// Atlas's: FNV-1 in 32 bits of the name, whatever the schema.
    pub(super) atlas: i64,
    /// Held by whoever has the lock.
    pub(super) own: i64,
    /// Held, shared, by what must end before a successor begins.
    pub(super) run: i64,
}

/// What became of trying to take the locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    Taken,
    /// Somebody has Atlas's.
    HeldByAtlas,
    /// Somebody has Shipgate's own.
    Held,
}

/// How long the locks are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Session,
    /// Behind a pooler: as long as a transaction is open.
    Transaction,
}

impl Keys {
    pub(super) fn of(name: &LockName, schema: &str) -> Self {
        let own = |what: &str| {
            let mut hash = Sha256::new();
            for part in ["shipgate", what, name.as_str(), schema] {
                hash.update(part);
                hash.update([0]);
            }
            let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(hash.finalize());
            i64::from_be_bytes([a, b, c, d, e, f, g, h])
        };
        Self {
            atlas: i64::from(fnv1(name.as_str())),
            own: own("lock"),
            run: own("run"),
        }
    }
}

/// FNV-1 in 32 bits, as Go's `hash/fnv` has it.
fn fnv1(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash: u32, byte| {
        hash.wrapping_mul(0x0100_0193) ^ u32::from(byte)
    })
}

/// Tries to take both locks, and takes none if it cannot have both. Never
/// waits in the server: a waiting statement holds a snapshot, and the holder's
/// `CREATE INDEX CONCURRENTLY` would wait for it in turn.
pub(super) async fn attempt(
    session: &mut PostgresSession,
    keys: Keys,
    scope: Scope,
) -> Result<Attempt, StatementError> {
    let xact = match scope {
        Scope::Session => "",
        Scope::Transaction => {
            session
                .execute("BEGIN ISOLATION LEVEL READ COMMITTED")
                .await?;
            // It will be open and idle for as long as the lock is held.
            session
                .execute(
                    "SELECT set_config(name, '0', true) FROM pg_catalog.pg_settings WHERE name IN \
                     ('idle_in_transaction_session_timeout', 'transaction_timeout')",
                )
                .await?;
            "_xact"
        }
    };
    let mut take = async |kind: &str, key: i64| {
        let question = format!("SELECT pg_catalog.pg_try_advisory{xact}_lock{kind}({key})");
        is_true(session, &question).await
    };
    let attempt = if !take("_shared", keys.atlas).await? {
        Attempt::HeldByAtlas
    } else if !take("", keys.own).await? {
        Attempt::Held
    } else {
        Attempt::Taken
    };
    match (attempt, scope) {
        (Attempt::Taken, _) => {}
        (_, Scope::Transaction) => session.rollback().await?,
        (Attempt::Held, Scope::Session) => unlock_atlas(session, keys).await.map(drop)?,
        (Attempt::HeldByAtlas, Scope::Session) => {}
    }
    Ok(attempt)
}

/// Gives both back; whether they were held.
pub(super) async fn release(
    session: &mut PostgresSession,
    keys: Keys,
    scope: Scope,
) -> Result<bool, StatementError> {
    match scope {
        Scope::Transaction => {
            let was_held = session.in_transaction();
            session.rollback().await?;
            Ok(was_held)
        }
        Scope::Session => {
            let question = format!("SELECT pg_catalog.pg_advisory_unlock({})", keys.own);
            let was_held = is_true(session, &question).await?;
            Ok(unlock_atlas(session, keys).await? && was_held)
        }
    }
}

async fn unlock_atlas(session: &mut PostgresSession, keys: Keys) -> Result<bool, StatementError> {
    let question = format!(
        "SELECT pg_catalog.pg_advisory_unlock_shared({})",
        keys.atlas
    );
    is_true(session, &question).await
}

pub(super) async fn is_true(
    session: &mut PostgresSession,
    question: &str,
) -> Result<bool, StatementError> {
    Ok(session.query(question, &[]).await? == [[Value::Integer(1)]])
}

/// Selects the `pid` of who holds a lock exclusively.
pub(super) fn granted(key: i64) -> String {
    holding(key, "ExclusiveLock")
}

fn holding(key: i64, mode: &str) -> String {
    let [high, low] = [key >> 32, key].map(|part| part & 0xffff_ffff);
    format!(
        "SELECT pid FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted \
         AND objsubid = 1 AND database = (SELECT oid FROM pg_catalog.pg_database \
                                          WHERE datname = pg_catalog.current_database()) \
         AND classid::bigint = {high} AND objid::bigint = {low} AND mode = '{mode}'"
    )
}

/// How soon the server notices that the client of a statement is gone.
const NOTICED_AFTER: &str = "5s";

/// Takes the lock `run` shared, with the transaction that is open or with the
/// session; and for as long has the server stop a statement whose client is
/// gone, where it can (from version 14, and not on every system).
pub(super) fn fencing(run: i64, in_transaction: bool) -> String {
    let xact = if in_transaction { "_xact" } else { "" };
    format!(
        "SELECT pg_catalog.pg_try_advisory{xact}_lock_shared({run}), CASE WHEN \
         pg_catalog.current_setting('client_connection_check_interval', true) = '0' \
         AND pg_catalog.version() LIKE '%linux%' THEN \
         pg_catalog.set_config('client_connection_check_interval', '{NOTICED_AFTER}', {in_transaction}) END"
    )
}

/// What holds the lock `run` although its holder is gone; it is ended if it is
/// [`ABANDONED`], since nothing is lost with it.
pub(super) async fn left(
    session: &mut PostgresSession,
    run: i64,
) -> Result<Option<LeftSession>, StatementError> {
    let question = format!(
        "SELECT a.pid, CASE WHEN a.state LIKE 'idle%' THEN '' ELSE a.query END, \
         CASE WHEN a.state LIKE 'idle%' AND a.state_change < \
         pg_catalog.clock_timestamp() - interval '{} s' THEN pg_catalog.pg_terminate_backend(a.pid) END \
         FROM ({}) l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid LIMIT 1",
        ABANDONED.as_secs(),
        holding(run, "ShareLock")
    );
    let rows = match session.query(&question, &[]).await {
        Ok(rows) => rows,
        Err(error) if error.kind == ErrorKind::NotAllowed => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(rows.first().and_then(|row| match row.as_slice() {
        [Value::Integer(id), Value::Text(statement), _] => Some(LeftSession::new(
            *id,
            statement,
            format!("SELECT pg_terminate_backend({id})"),
        )),
        _ => None,
    }))
}

/// Who holds a lock, as the server sees its session.
pub(super) async fn holder(
    session: &mut PostgresSession,
    key: i64,
    who: &str,
) -> Result<LockOwner, StatementError> {
    let question = format!(
        "SELECT l.pid, a.application_name, pg_catalog.host(a.client_addr) \
         FROM ({}) l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid LIMIT 1",
        granted(key)
    );
    let rows = session.query(&question, &[]).await?;
    let mut owner = LockOwner {
        pid: None,
        host: None,
        since: None,
        purpose: who.to_owned(),
        left: None,
    };
    // Given back meanwhile, or not visible.
    let Some([Value::Integer(process), application, address]) = rows.first().map(Vec::as_slice)
    else {
        return Ok(owner);
    };
    owner.purpose = format!("{who}, server process {process}");
    if let Value::Text(name) = application
        && !name.is_empty()
    {
        owner.purpose.push_str(&format!(", application `{name}`"));
    }
    if let Value::Text(address) = address {
        owner.host = Some(address.clone());
    }
    Ok(owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atlas_s_numbers_are_atlas_s() {
        assert_eq!(fnv1("atlas_migrate_execute"), 2_686_470_616);
        assert_eq!(fnv1("atlas_migrate_diff"), 361_947_982);
    }

    #[test]
    fn a_schema_has_numbers_of_its_own_and_shares_atlas_s() {
        let name = LockName::default();
        let (one, other) = (Keys::of(&name, "a"), Keys::of(&name, "b"));
        assert_eq!(one.atlas, other.atlas);
        assert_ne!(one.own, other.own);
        assert_ne!(one.own, one.run);
    }
}

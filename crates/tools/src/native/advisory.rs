//! Locks by name or number, which belong to a session and end with it.

use shipgate_database::{Session, StatementError, Value};
use shipgate_migrate::history::Entrance;

use super::history::is_true;

/// A number that PostgreSQL locks.
#[derive(Clone, Copy, Debug)]
pub(super) struct PostgresLock {
    /// The tool, in sentences.
    pub(super) tool: &'static str,
    pub(super) key: i64,
}

impl PostgresLock {
    /// Takes it, if it is to be had.
    pub(super) async fn enter(self, session: &mut dyn Session) -> Result<Entrance, StatementError> {
        let key = [Value::Integer(self.key)];
        let taken = session
            .query("SELECT pg_try_advisory_lock($1)", &key)
            .await?;
        if is_true(&taken) {
            return Ok(Entrance::Open);
        }
        let holder = "SELECT a.pid::bigint, coalesce(nullif(a.application_name, ''), a.usename::text, '') \
             FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
             WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
             AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) \
             AND l.classid::bigint = ($1 >> 32) & 4294967295 AND l.objid::bigint = $1 & 4294967295";
        let rows = session.query(holder, &key).await?;
        let who = match rows.first().map(Vec::as_slice) {
            Some([Value::Integer(pid), Value::Text(name)]) if !name.is_empty() => {
                format!("session {pid} ({name})")
            }
            Some([Value::Integer(pid), ..]) => format!("session {pid}"),
            _ => "another session".to_owned(),
        };
        Ok(Entrance::Held {
            by: format!("{who} holds the migration lock of {}", self.tool),
        })
    }

    /// Gives it back.
    pub(super) async fn leave(self, session: &mut dyn Session) -> Result<(), StatementError> {
        let key = [Value::Integer(self.key)];
        let given = session.query("SELECT pg_advisory_unlock($1)", &key).await;
        given.map(|_| ())
    }
}

/// A name that MySQL and MariaDB lock.
#[derive(Clone, Copy, Debug)]
pub(super) struct MysqlLock<'l> {
    /// The tool, in sentences.
    pub(super) tool: &'static str,
    pub(super) name: &'l str,
}

impl MysqlLock<'_> {
    /// Takes it, if it is to be had.
    pub(super) async fn enter(self, session: &mut dyn Session) -> Result<Entrance, StatementError> {
        let name = [Value::Text(self.name.to_owned())];
        let taken = session.query("SELECT GET_LOCK(?, 0)", &name).await?;
        if is_true(&taken) {
            return Ok(Entrance::Open);
        }
        let rows = session.query("SELECT IS_USED_LOCK(?)", &name).await?;
        let who = match rows.first().and_then(|row| row.first()) {
            Some(Value::Integer(id)) => format!("connection {id}"),
            _ => "another connection".to_owned(),
        };
        Ok(Entrance::Held {
            by: format!("{who} holds the migration lock of {}", self.tool),
        })
    }

    /// Gives it back.
    pub(super) async fn leave(self, session: &mut dyn Session) -> Result<(), StatementError> {
        let name = [Value::Text(self.name.to_owned())];
        let given = session.query("SELECT RELEASE_LOCK(?)", &name).await;
        given.map(|_| ())
    }
}

/// The first value of a question's first row, as text.
pub(super) async fn asked(
    session: &mut dyn Session,
    question: &str,
) -> Result<String, StatementError> {
    let rows = session.query(question, &[]).await?;
    Ok(match rows.into_iter().flatten().next() {
        Some(Value::Text(text)) => text,
        Some(Value::Blob(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        Some(Value::Integer(number)) => number.to_string(),
        _ => String::new(),
    })
}

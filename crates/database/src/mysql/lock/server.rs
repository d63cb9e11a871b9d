//! `GET_LOCK` and who holds it.

use std::time::Duration;

use super::unknown_owner;
use crate::lock::{ABANDONED, Waiting};
use crate::{LeftSession, LockError, LockOwner, Session, StatementError, Value};

/// Marks our own waiting statements in the process list.
pub(super) const TAG: &str = "/* shipgate */";

/// How long one `GET_LOCK` waits on the server before somebody looks again.
const TURN: Duration = Duration::from_secs(1);

/// Takes the lock `name`, waiting for up to `seconds`; false if another
/// connection has it.
pub(super) async fn get(
    session: &mut dyn Session,
    name: &str,
    seconds: u64,
) -> Result<bool, StatementError> {
    let rows = session
        .query(&format!("SELECT {TAG} GET_LOCK('{name}', {seconds})"), &[])
        .await?;
    Ok(one(rows) == Some(1))
}

/// Gives locks back, in this order.
pub(super) async fn release(
    session: &mut dyn Session,
    names: &[&str],
) -> Result<(), StatementError> {
    let calls: Vec<_> = names
        .iter()
        .map(|name| format!("RELEASE_LOCK('{name}')"))
        .collect();
    session
        .query(&format!("SELECT {}", calls.join(", ")), &[])
        .await?;
    Ok(())
}

/// The numbers of the connections that hold two locks.
pub(super) async fn holders(
    session: &mut dyn Session,
    one: &str,
    other: &str,
) -> Result<(Option<i64>, Option<i64>), StatementError> {
    let rows = session
        .query(
            &format!("SELECT IS_USED_LOCK('{one}'), IS_USED_LOCK('{other}')"),
            &[],
        )
        .await?;
    let mut values = rows.into_iter().flatten().map(|value| match value {
        Value::Integer(number) => Some(number),
        _ => None,
    });
    Ok((values.next().flatten(), values.next().flatten()))
}

/// The holder of a lock, as far as the process list tells.
pub(super) async fn holder(session: &mut dyn Session, name: &str, who: &str) -> LockOwner {
    let asked = session
        .query(
            &format!(
                "SELECT ID, USER, HOST FROM information_schema.PROCESSLIST \
                 WHERE ID = IS_USED_LOCK('{name}')"
            ),
            &[],
        )
        .await;
    let row = asked.ok().and_then(|rows| rows.into_iter().next());
    match row.as_deref() {
        Some([Value::Integer(id), Value::Text(user), Value::Text(host)]) => LockOwner {
            host: Some(host.clone()),
            ..unknown_owner(format!("{who}, connection {id} of `{user}`"))
        },
        _ => unknown_owner(who.to_owned()),
    }
}

/// A session that still holds the lock of who migrates in it.
pub(super) struct Left {
    id: i64,
    statement: String,
    is_abandoned: bool,
}

impl Left {
    /// As it is told.
    pub(super) fn told(&self) -> LeftSession {
        LeftSession::new(self.id, &self.statement, self.kill())
    }

    /// Ends it if it is [`ABANDONED`], since nothing is lost with it.
    pub(super) async fn end_if_abandoned(&self, session: &mut dyn Session) {
        if self.is_abandoned {
            // Where it is still there the next look sees it.
            let _ = session.execute(&self.kill()).await;
        }
    }

    fn kill(&self) -> String {
        format!("KILL {}", self.id)
    }
}

/// The session that holds the lock `name`.
pub(super) async fn left(
    session: &mut dyn Session,
    name: &str,
) -> Result<Option<Left>, StatementError> {
    let asked = session
        .query(
            &format!(
                "SELECT holder.id, p.COMMAND = 'Sleep' AND p.TIME > {}, p.INFO FROM (SELECT IS_USED_LOCK('{name}') AS id) holder \
                 LEFT JOIN information_schema.PROCESSLIST p ON p.ID = holder.id",
                ABANDONED.as_secs()
            ),
            &[],
        )
        .await;
    let rows = match asked {
        Ok(rows) => rows,
        Err(error) if is_unknown(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        _ => String::new(),
    };
    Ok(rows.first().and_then(|row| match row.as_slice() {
        [Value::Integer(id), is_abandoned, statement] => Some(Left {
            id: *id,
            statement: text(statement),
            is_abandoned: *is_abandoned == Value::Integer(1),
        }),
        _ => None,
    }))
}

/// Whether somebody but Shipgate waits for the lock `name`, or for one whose
/// name cannot be seen.
pub(super) async fn others_wait(
    session: &mut dyn Session,
    name: &str,
) -> Result<bool, StatementError> {
    let rows = session
        .query(
            &format!(
                "SELECT COUNT(*) FROM information_schema.PROCESSLIST \
                 WHERE ID <> CONNECTION_ID() AND INFO LIKE '%GET_LOCK%' \
                 AND INFO NOT LIKE '%{TAG}%' AND (INFO LIKE '%{name}%' OR INFO LIKE '%?%')"
            ),
            &[],
        )
        .await?;
    Ok(one(rows).is_some_and(|count| count > 0))
}

/// Whether another connection waits for the lock `name`.
pub(super) async fn somebody_waits(
    session: &mut dyn Session,
    name: &str,
) -> Result<bool, StatementError> {
    let rows = session
        .query(
            &format!(
                "SELECT COUNT(*) FROM information_schema.PROCESSLIST \
                 WHERE ID <> CONNECTION_ID() AND INFO LIKE '%GET_LOCK(''{name}''%'"
            ),
            &[],
        )
        .await?;
    Ok(one(rows).is_some_and(|count| count > 0))
}

/// Whether `connection` waits for a lock of this kind.
pub(super) async fn waits(
    session: &mut dyn Session,
    connection: u32,
) -> Result<bool, StatementError> {
    let rows = session
        .query(
            &format!(
                "SELECT COUNT(*) FROM information_schema.PROCESSLIST \
                 WHERE ID = {connection} AND STATE = 'User lock'"
            ),
            &[],
        )
        .await?;
    Ok(one(rows) == Some(1))
}

/// Whether the server does not have such locks at all.
pub(super) fn is_unknown(error: &StatementError) -> bool {
    // Not supported (Galera, TiDB), no such function, refused by policy.
    matches!(
        error.code.as_deref(),
        Some("1105" | "1235" | "1305" | "1178")
    )
}

/// Tells who holds the lock, and returns for how many seconds the server may
/// let the next `GET_LOCK` wait; where that is less than one, it waits here.
pub(super) async fn wait_for(wait: &mut Waiting<'_>, holder: LockOwner) -> Result<u64, LockError> {
    if wait.remaining() >= TURN {
        wait.held_by(holder)?;
        return Ok(TURN.as_secs());
    }
    wait.pause(holder).await?;
    Ok(0)
}

fn one(rows: Vec<Vec<Value>>) -> Option<i64> {
    match rows.into_iter().flatten().next() {
        Some(Value::Integer(number)) => Some(number),
        _ => None,
    }
}

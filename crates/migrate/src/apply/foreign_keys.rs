//! Foreign keys of SQLite around a transaction.
//!
//! Rebuilding a table drops the old one, which with foreign keys on would
//! delete or refuse rows that refer to it. So they are off for the length of a
//! transaction and all are checked at its end: what was not violated before
//! must not be then.

use std::collections::BTreeSet;
use std::fmt;

use shipgate_database::{Session, StatementError, Value};
use shipgate_sql::Dialect;

/// A row that refers to one that is not there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Violation {
    /// The table with the row.
    pub table: String,
    /// The table it refers to.
    pub parent: String,
    /// The row's id; 0 in a table without row ids.
    pub row: i64,
    /// Which of the table's foreign keys, from 0.
    pub index: i64,
}

/// Violations as they are shown in errors.
pub(super) struct ViolationList<'a>(pub(super) &'a [Violation]);

impl fmt::Display for ViolationList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (index, violation) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            let Violation {
                table,
                parent,
                row,
                index,
            } = violation;
            write!(f, "{{tbl:{table} ref:{parent} row:{row} index:{index}}}")?;
        }
        f.write_str("]")
    }
}

/// Whether the session enforces foreign keys statement by statement.
pub(super) async fn are_enforced(session: &mut dyn Session) -> Result<bool, StatementError> {
    if session.dialect() != Dialect::Sqlite {
        return Ok(false);
    }
    let rows = session.query("PRAGMA foreign_keys", &[]).await?;
    Ok(rows.first().and_then(|row| row.first()) == Some(&Value::Integer(1)))
}

/// Turns enforcement on or off; no transaction may be open.
pub(super) async fn enforce(
    session: &mut dyn Session,
    enforced: bool,
) -> Result<(), StatementError> {
    let statement = if enforced {
        "PRAGMA foreign_keys = ON"
    } else {
        "PRAGMA foreign_keys = OFF"
    };
    session.execute(statement).await.map(|_| ())
}

/// Every violation there is.
pub(super) async fn violations(
    session: &mut dyn Session,
) -> Result<Vec<Violation>, StatementError> {
    let rows = session.query("PRAGMA foreign_key_check", &[]).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut values = row.into_iter();
            Violation {
                table: text(values.next()),
                row: integer(values.next().as_ref()),
                parent: text(values.next()),
                index: integer(values.next().as_ref()),
            }
        })
        .collect())
}

/// The violations that were not there before.
pub(super) fn added(before: &[Violation], after: Vec<Violation>) -> Vec<Violation> {
    let before: BTreeSet<&Violation> = before.iter().collect();
    after
        .into_iter()
        .filter(|violation| !before.contains(violation))
        .collect()
}

fn text(value: Option<Value>) -> String {
    match value {
        Some(Value::Text(text)) => text,
        _ => String::new(),
    }
}

fn integer(value: Option<&Value>) -> i64 {
    match value {
        Some(Value::Integer(number)) => *number,
        _ => 0,
    }
}

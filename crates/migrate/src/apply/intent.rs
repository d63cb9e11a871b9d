//! What is written into a file's row before a statement that commits by
//! itself: which statement it is, who runs it, and what the objects it is
//! about looked like before.
//!
//! The row is Atlas's, which drops columns it does not know. So the intent
//! stands where the row keeps the last failure: `error_stmt` is the statement,
//! `error` is [`BEGUN`] followed by what follows here as JSON. Atlas takes it
//! for a failure and executes the statement again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shipgate_database::{Session, StatementError, Value};
use shipgate_sql::Dialect;

use crate::history::Revision;

/// How the text of an intent begins.
pub(crate) const BEGUN: &str = "shipgate: this statement was begun and its end is not known";

/// What is known about a statement that is about to be executed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Intent {
    /// The session that executes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<SessionMark>,
    /// The objects it is about, by name, as they were before; `-`: not there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) before: BTreeMap<String, String>,
}

/// A session as the server knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SessionMark {
    /// Its number.
    pub(super) id: i64,
    /// When it began, as the server writes it; empty if it does not tell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) since: String,
}

impl Intent {
    /// The text for the row.
    pub(super) fn text(&self) -> String {
        match serde_json::to_string(self) {
            Ok(json) if json != "{}" => format!("{BEGUN} {json}"),
            _ => BEGUN.to_owned(),
        }
    }

    /// The intent that a row holds, if it holds one.
    pub(super) fn of(row: &Revision) -> Option<Self> {
        let rest = row.error.strip_prefix(BEGUN)?;
        Some(serde_json::from_str(rest.trim()).unwrap_or_default())
    }
}

impl SessionMark {
    /// The mark of a session; `None` where a statement ends with its session.
    pub(super) async fn of(session: &mut dyn Session) -> Result<Option<Self>, StatementError> {
        let question = match session.dialect() {
            Dialect::Sqlite => return Ok(None),
            Dialect::Postgres => {
                "SELECT pid, backend_start::text FROM pg_catalog.pg_stat_activity \
                 WHERE pid = pg_backend_pid()"
            }
            Dialect::MySql | Dialect::MariaDb => "SELECT CONNECTION_ID(), ''",
        };
        let rows = session.query(question, &[]).await?;
        Ok(rows.first().and_then(|row| match row.as_slice() {
            [id, since] => Some(Self {
                id: integer(id)?,
                since: text(since),
            }),
            _ => None,
        }))
    }

    /// Whether the session still executes the statement: its process is gone,
    /// and the server has not noticed yet.
    pub(super) async fn still_runs(
        &self,
        session: &mut dyn Session,
        statement: &str,
    ) -> Result<bool, StatementError> {
        let question = match session.dialect() {
            Dialect::Sqlite => return Ok(false),
            Dialect::Postgres => format!(
                "SELECT query FROM pg_catalog.pg_stat_activity WHERE pid = {} \
                 AND backend_start::text = '{}' AND state = 'active'",
                self.id,
                self.since.replace('\'', "''")
            ),
            Dialect::MySql | Dialect::MariaDb => format!(
                "SELECT info FROM information_schema.processlist \
                 WHERE id = {} AND command IN ('Query', 'Killed')",
                self.id
            ),
        };
        let rows = session.query(&question, &[]).await?;
        // The server shows the beginning of a long statement only.
        Ok(rows
            .first()
            .and_then(|row| row.first())
            .is_some_and(|running| {
                let running = text(running);
                let length = running.len().min(statement.len()).min(500);
                length > 0 && running.as_bytes()[..length] == statement.as_bytes()[..length]
            }))
    }
}

pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        Value::Blob(bytes) => std::str::from_utf8(bytes).ok()?.trim().parse().ok(),
        _ => None,
    }
}

pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Null => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{BEGUN, Intent, SessionMark};
    use crate::testing::revision;

    fn row_with(error: &str) -> crate::history::Revision {
        let mut row = revision("1");
        row.error = error.to_owned();
        row
    }

    #[test]
    fn an_intent_reads_back_from_a_row() {
        let intent = Intent {
            session: Some(SessionMark {
                id: 7,
                since: "2026-11-20 10:00:00+00".to_owned(),
            }),
            before: [("table t".to_owned(), "-".to_owned())].into(),
        };
        assert!(intent.text().starts_with(BEGUN));
        assert_eq!(Intent::of(&row_with(&intent.text())), Some(intent));
        assert_eq!(
            Intent::of(&row_with(&Intent::default().text())),
            Some(Intent::default())
        );
    }

    #[test]
    fn a_failure_is_no_intent() {
        assert_eq!(Intent::of(&row_with("near \"BAD\": syntax error")), None);
        assert_eq!(Intent::of(&row_with("")), None);
    }
}

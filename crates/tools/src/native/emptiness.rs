//! What tools say that begin no history in a schema that holds tables.

use std::collections::BTreeSet;

use shipgate_database::{LEASE_TABLE, Session, StatementError, Value};
use shipgate_migrate::history::PROGRESS_TABLE;
use shipgate_sql::Dialect;

use crate::history::TableName;

/// A table beside those that every run makes, and no history; nothing if there is none.
pub(super) async fn not_empty(
    session: &mut dyn Session,
    history: &TableName,
) -> Result<Option<String>, StatementError> {
    let question = match session.dialect() {
        Dialect::Postgres => {
            "SELECT c.relname::text FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p') \
             AND c.relnamespace = to_regnamespace(quote_ident(current_schema())) \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d \
             WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') \
             ORDER BY c.relname"
        }
        Dialect::MySql | Dialect::MariaDb => {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
             ORDER BY table_name"
        }
        Dialect::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
             ORDER BY name"
        }
    };
    let rows = session.query(question, &[]).await?;
    let tables: BTreeSet<String> = rows
        .into_iter()
        .flatten()
        .filter_map(|value| match value {
            Value::Text(name) => Some(name),
            _ => None,
        })
        .collect();
    let has_history = tables.contains(&history.name);
    let ours = [LEASE_TABLE, PROGRESS_TABLE];
    let foreign = tables.iter().find(|name| !ours.contains(&name.as_str()));
    Ok(foreign
        .filter(|_| !has_history)
        .map(|name| format!("found table \"{name}\", and no {history}")))
}

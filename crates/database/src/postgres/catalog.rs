//! The catalog of a PostgreSQL database, of version 12 or later.

use super::session::PostgresSession;
use crate::{Catalog, LEASE_TABLE, SchemaObject, Session, StatementError, Value};

/// How often the catalog is read again when somebody drops what is being read.
const AGAIN: u32 = 20;

/// The schema objects, but for those of the tables named in `ignore` (with
/// their schema or without) and of the lease.
///
/// Definitions are written as the server writes them, each name with its
/// schema, so that two servers of one version that were migrated the same way
/// have equal catalogs. Owners and privileges are left out.
pub(super) async fn read(
    session: &mut PostgresSession,
    ignore: &[&str],
) -> Result<Catalog, StatementError> {
    let mut again = AGAIN;
    let rows = loop {
        let begins = !session.in_transaction();
        if begins {
            session
                .execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                .await?;
        }
        let result = select(session).await;
        if begins {
            session.rollback().await?;
        }
        match result {
            Err(error) if begins && again > 0 && is_dropped_meanwhile(&error) => again -= 1,
            result => break result?,
        }
    };
    let objects = rows.into_iter().filter_map(|row| {
        let texts: Option<Vec<String>> = row
            .into_iter()
            .map(|value| match value {
                Value::Text(text) => Some(text),
                _ => None,
            })
            .collect();
        let [kind, name, table, definition, schema, bare] = <[String; 6]>::try_from(texts?).ok()?;
        let is_left_out = bare == LEASE_TABLE
            || ignore
                .iter()
                .any(|name| *name == bare || *name == format!("{schema}.{bare}"));
        (!is_left_out).then_some(SchemaObject {
            kind,
            name,
            table,
            definition,
        })
    });
    Ok(Catalog::new(objects))
}

/// Whether a definition was to be written of what another session has just
/// dropped: the server's functions for that see more than the snapshot.
fn is_dropped_meanwhile(error: &StatementError) -> bool {
    error.code.as_deref() == Some("XX000") && error.message.contains("cache lookup failed")
}

/// The rows, read with an empty search path; the session's own is put back.
async fn select(session: &mut PostgresSession) -> Result<Vec<Vec<Value>>, StatementError> {
    let before = session
        .query(
            "SELECT pg_catalog.current_setting('search_path'), \
             pg_catalog.set_config('search_path', 'pg_catalog', true)",
            &[],
        )
        .await?;
    let rows = session.query(include_str!("catalog.sql"), &[]).await?;
    if let Some([path, _]) = before.first().map(Vec::as_slice) {
        session
            .query(
                "SELECT pg_catalog.set_config('search_path', $1, true)",
                std::slice::from_ref(path),
            )
            .await?;
    }
    Ok(rows)
}

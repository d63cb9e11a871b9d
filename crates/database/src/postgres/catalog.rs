//! The catalog of a PostgreSQL database.

use super::session::PostgresSession;
use crate::{Catalog, SchemaObject, Session, StatementError, Value};

/// The schema objects, but for those named in `ignore` and theirs.
pub(super) async fn read(
    session: &mut PostgresSession,
    ignore: &[&str],
) -> Result<Catalog, StatementError> {
    let rows = session.query(include_str!("catalog.sql"), &[]).await?;
    let objects = rows.into_iter().filter_map(|row| {
        let mut texts = row.into_iter().map(|value| match value {
            Value::Text(text) => text,
            _ => String::new(),
        });
        let (kind, name) = (texts.next()?, texts.next()?);
        let (table, definition) = (texts.next()?, texts.next()?);
        Some(SchemaObject {
            kind,
            name,
            table,
            definition,
        })
    });
    let is_ignored = |object: &SchemaObject| {
        ignore
            .iter()
            .any(|name| object.table == *name || object.table.rsplit('.').next() == Some(name))
    };
    Ok(Catalog::new(objects.filter(|object| !is_ignored(object))))
}

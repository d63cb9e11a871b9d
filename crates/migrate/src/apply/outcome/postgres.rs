//! What PostgreSQL tells of an object.

use shipgate_database::{Session, StatementError, Value};
use shipgate_sql::Dialect;

use super::Outcome;
use super::reader::Name;
use super::subject::{Subject, Thing, ThingKind};
use crate::apply::intent::text;
use crate::history::quoted_text;

/// The definition of an object; `None` if it is not there.
pub(super) async fn look(
    session: &mut dyn Session,
    thing: &Thing,
) -> Result<Option<String>, StatementError> {
    let name = quoted_text(&thing.name.name);
    let question = match thing.kind {
        ThingKind::Index => format!(
            "SELECT pg_get_indexdef(i.indexrelid), i.indisvalid FROM pg_catalog.pg_index i \
             WHERE i.indexrelid = {}",
            index_of(thing)
        ),
        ThingKind::Indexes => format!(
            "SELECT string_agg(pg_get_indexdef(i.indexrelid) || i.indisvalid, '; ' ORDER BY i.indexrelid) \
             FROM pg_catalog.pg_index i WHERE i.indrelid = {} HAVING count(*) > 0",
            regclass(&thing.name)
        ),
        ThingKind::Partition => format!(
            "SELECT 'attached' FROM pg_catalog.pg_inherits WHERE inhrelid = {} AND inhparent = {}",
            regclass(&thing.name),
            thing.of.as_ref().map_or_else(|| "0".to_owned(), regclass)
        ),
        ThingKind::EnumValue => format!(
            "SELECT 'there' FROM pg_catalog.pg_enum WHERE enumlabel = {name} AND enumtypid = to_regtype({})",
            thing.of.as_ref().map_or_else(
                || "''".to_owned(),
                |of| quoted_text(&of.quoted(Dialect::Postgres))
            )
        ),
        ThingKind::Tablespace => {
            format!("SELECT 'there' FROM pg_catalog.pg_tablespace WHERE spcname = {name}")
        }
        ThingKind::Subscription => {
            format!("SELECT 'there' FROM pg_catalog.pg_subscription WHERE subname = {name}")
        }
        _ => format!("SELECT 'there' FROM pg_catalog.pg_database WHERE datname = {name}"),
    };
    let rows = session.query(&question, &[]).await?;
    let row = rows
        .first()
        .map(|row| row.iter().map(text).collect::<Vec<_>>());
    Ok(row.map(|row| row.join(" ")))
}

/// An index or a partition that a broken-off statement left half made or half
/// removed.
pub(super) async fn leftover(
    session: &mut dyn Session,
    subject: &Subject,
) -> Result<Option<Outcome>, StatementError> {
    let Some(thing) = subject.objects().first() else {
        return Ok(None);
    };
    match thing.kind {
        ThingKind::Index if thing.of.is_some() => {
            let question = format!(
                "SELECT i.indexrelid::regclass::text FROM pg_catalog.pg_index i \
                 WHERE i.indexrelid = {} AND NOT i.indisvalid",
                index_of(thing)
            );
            let rows = session.query(&question, &[]).await?;
            Ok(first(&rows).map(|index| Outcome::LeftBehind {
                remedy: format!("DROP INDEX CONCURRENTLY {index}"),
            }))
        }
        ThingKind::Partition => {
            let Some(parent) = &thing.of else {
                return Ok(None);
            };
            let question = format!(
                "SELECT 'pending' FROM pg_catalog.pg_inherits WHERE inhrelid = {} AND inhparent = {} \
                 AND (to_jsonb(pg_inherits) ->> 'inhdetachpending')::boolean",
                regclass(&thing.name),
                regclass(parent)
            );
            let rows = session.query(&question, &[]).await?;
            Ok(first(&rows).map(|_| Outcome::Unfinished {
                remedy: format!(
                    "ALTER TABLE {} DETACH PARTITION {} FINALIZE",
                    parent.quoted(Dialect::Postgres),
                    thing.name.quoted(Dialect::Postgres)
                ),
            }))
        }
        _ => Ok(None),
    }
}

/// The index of a name; one that is made lies in the schema of its table.
fn index_of(thing: &Thing) -> String {
    match &thing.of {
        Some(table) => format!(
            "(SELECT x.oid FROM pg_catalog.pg_class x JOIN pg_catalog.pg_class t \
             ON t.relnamespace = x.relnamespace WHERE t.oid = {} AND x.relname = {})",
            regclass(table),
            quoted_text(&thing.name.name)
        ),
        None => regclass(&thing.name),
    }
}

fn regclass(name: &Name) -> String {
    format!(
        "to_regclass({})",
        quoted_text(&name.quoted(Dialect::Postgres))
    )
}

fn first(rows: &[Vec<Value>]) -> Option<String> {
    rows.first().and_then(|row| row.first()).map(text)
}

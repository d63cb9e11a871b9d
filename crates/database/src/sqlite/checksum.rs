//! What is in the tables of a database, as row counts and checksums.

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

use super::names::quoted;
use crate::backup::TableContent;
use crate::catalog::hex;

/// A table that has pages of its own.
pub(super) struct Table {
    pub(super) name: String,
    /// Columns whose values are stored, in order.
    pub(super) columns: Vec<String>,
    /// Columns of the primary key, in order of the key.
    pub(super) key: Vec<String>,
    /// What the row id can be called; `None` if the table has none, or if
    /// columns have taken all its names.
    pub(super) row_id: Option<&'static str>,
}

/// Every table with pages, in order of name: SQLite's own ones and those
/// behind virtual tables too, virtual tables themselves not.
pub(super) fn tables(connection: &Connection) -> rusqlite::Result<Vec<Table>> {
    tables_of(connection, "main")
}

/// As [`tables`], of an attached database.
pub(super) fn tables_of(connection: &Connection, schema: &str) -> rusqlite::Result<Vec<Table>> {
    let mut statement = connection.prepare(&format!(
        "SELECT s.name, l.wr FROM {0}.sqlite_schema s
         JOIN pragma_table_list(s.name) l ON l.schema = ?1
         WHERE s.type = 'table' AND s.rootpage > 0 ORDER BY s.name",
        quoted(schema)
    ))?;
    let named = statement
        .query_map([schema], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(String, bool)>>>()?;
    named
        .into_iter()
        .map(|(name, without_row_id)| table(connection, schema, name, without_row_id))
        .collect()
}

fn table(
    connection: &Connection,
    schema: &str,
    name: String,
    without_row_id: bool,
) -> rusqlite::Result<Table> {
    const STORED: i64 = 3;
    let mut statement = connection
        .prepare("SELECT name, hidden, pk FROM pragma_table_xinfo(?1, ?2) ORDER BY cid")?;
    let all = statement
        .query_map([&name, schema], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<rusqlite::Result<Vec<(String, i64, i64)>>>()?;
    let mut key: Vec<_> = all.iter().filter(|(_, _, at)| *at > 0).collect();
    key.sort_by_key(|(_, _, at)| *at);
    let key = key.into_iter().map(|(name, ..)| name.clone()).collect();
    let is_taken = |alias: &&str| {
        all.iter()
            .any(|(name, ..)| name.eq_ignore_ascii_case(alias))
    };
    let row_id = if without_row_id {
        None
    } else {
        ["rowid", "_rowid_", "oid"]
            .into_iter()
            .find(|alias| !is_taken(alias))
    };
    let columns = all
        .iter()
        .filter(|(_, hidden, _)| *hidden == 0 || *hidden == STORED)
        .map(|(name, ..)| name.clone())
        .collect();
    Ok(Table {
        name,
        columns,
        key,
        row_id,
    })
}

/// Counts the rows of a table and hashes them in the order in which they are
/// stored, which is that of their keys.
///
/// Virtual columns are left out: they may need functions that only the app has.
pub(super) fn content(connection: &Connection, table: &Table) -> rusqlite::Result<TableContent> {
    let mut selected: Vec<String> = table.row_id.iter().map(|name| (*name).to_owned()).collect();
    selected.extend(table.columns.iter().map(|name| quoted(name)));
    let mut statement = connection.prepare(&format!(
        "SELECT {} FROM main.{} NOT INDEXED",
        selected.join(", "),
        quoted(&table.name)
    ))?;
    let width = statement.column_count();
    let mut rows = statement.query([])?;
    let mut hash = Sha256::new();
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        for at in 0..width {
            add(&mut hash, row.get_ref(at)?);
        }
    }
    Ok(TableContent {
        name: table.name.clone(),
        rows: count,
        checksum: hex(&hash.finalize()),
    })
}

/// Type and length go first, so that no two rows of values hash alike.
fn add(hash: &mut Sha256, value: ValueRef<'_>) {
    let (kind, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (b'n', &[]),
        ValueRef::Integer(number) => {
            hash.update(b"i");
            hash.update(number.to_le_bytes());
            return;
        }
        ValueRef::Real(number) => {
            hash.update(b"r");
            hash.update(number.to_bits().to_le_bytes());
            return;
        }
        ValueRef::Text(text) => (b't', text),
        ValueRef::Blob(bytes) => (b'b', bytes),
    };
    hash.update([kind]);
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

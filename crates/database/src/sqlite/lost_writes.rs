//! What was written to a database since a copy was taken.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::backup::{failed, opening};
use super::checksum::{self, Table};
use super::connection;
use super::names::{immutable_uri, quoted};
use crate::Access;
use crate::backup::{BackupError, BackupEvent, BackupOptions, LostWrites, Stop};

/// Begins the names of SQLite's own tables, which follow the app's.
const INTERNAL: &str = "sqlite_";

/// Compares every table of `live` with that of `data`, in one read transaction.
pub(super) fn find(
    live: &Path,
    data: &Path,
    ignore: &[String],
    options: &BackupOptions,
    stop: &Stop,
) -> Result<Vec<LostWrites>, BackupError> {
    let reading = failed("comparing with the backup", live, options, stop);
    let open = |access| connection::open(live, &opening(access, options, stop));
    let connection = match open(Access::ReadWrite) {
        Err(crate::OpenError::NotWritable { .. }) => open(Access::ReadOnly),
        other => other,
    }?;
    connection
        .execute("ATTACH ?1 AS backup", [immutable_uri(data)])
        .map_err(reading)?;
    connection.execute_batch("BEGIN").map_err(reading)?;
    let is_compared = |table: &Table| {
        !table.name.starts_with(INTERNAL)
            && !ignore
                .iter()
                .any(|name| name.eq_ignore_ascii_case(&table.name))
    };
    let tables = |schema| -> Result<Vec<Table>, BackupError> {
        let mut tables = checksum::tables_of(&connection, schema).map_err(reading)?;
        tables.retain(is_compared);
        Ok(tables)
    };
    let (now, then) = (tables("main")?, tables("backup")?);
    let same = |one: &Table, other: &Table| one.name.eq_ignore_ascii_case(&other.name);
    let mut found = Vec::new();
    for table in &now {
        stop.check()?;
        options.tell(&BackupEvent::Reading {
            table: table.name.clone(),
        });
        let lost = match then.iter().find(|other| same(table, other)) {
            Some(old) => compare(&connection, table, old).map_err(reading)?,
            None => LostWrites {
                added: count(&connection, "main", table).map_err(reading)?,
                note: Some(LostWrites::NEW_TABLE.to_owned()),
                ..nothing(table)
            },
        };
        found.push(lost);
    }
    for old in then
        .iter()
        .filter(|old| !now.iter().any(|table| same(table, old)))
    {
        found.push(LostWrites {
            removed: count(&connection, "backup", old).map_err(reading)?,
            note: Some("the table is only in the backup".to_owned()),
            ..nothing(old)
        });
    }
    found.retain(|lost| {
        *lost
            != LostWrites {
                table: lost.table.clone(),
                ..LostWrites::default()
            }
    });
    Ok(found)
}

fn nothing(table: &Table) -> LostWrites {
    LostWrites {
        table: table.name.clone(),
        ..LostWrites::default()
    }
}

fn count(connection: &Connection, schema: &str, table: &Table) -> rusqlite::Result<u64> {
    let sql = format!("SELECT count(*) FROM {schema}.{}", quoted(&table.name));
    connection
        .query_row(&sql, [], |row| row.get::<_, i64>(0))
        .map(unsigned)
}

/// Compares by key; a table without a usable one by row counts.
fn compare(connection: &Connection, now: &Table, then: &Table) -> rusqlite::Result<LostWrites> {
    let Some(same_key) = key_condition(now, then) else {
        let (has, had) = (
            count(connection, "main", now)?,
            count(connection, "backup", then)?,
        );
        return Ok(LostWrites {
            added: has.saturating_sub(had),
            removed: had.saturating_sub(has),
            note: (has != had).then(|| "told by row counts only".to_owned()),
            ..nothing(now)
        });
    };
    let (new, old) = (
        format!("main.{} AS new", quoted(&now.name)),
        format!("backup.{} AS old", quoted(&then.name)),
    );
    let ask = |sql: String| {
        connection
            .query_row(&sql, [], |row| row.get::<_, i64>(0))
            .optional()
            .map(|number| unsigned(number.unwrap_or(0)))
    };
    let added = ask(format!(
        "SELECT count(*) FROM {new} WHERE NOT EXISTS (SELECT 1 FROM {old} WHERE {same_key})"
    ))?;
    let removed = ask(format!(
        "SELECT count(*) FROM {old} WHERE NOT EXISTS (SELECT 1 FROM {new} WHERE {same_key})"
    ))?;
    let changed = match value_condition(now, then) {
        Some(differ) => ask(format!(
            "SELECT count(*) FROM {new} JOIN {old} ON {same_key} WHERE {differ}"
        ))?,
        None => 0,
    };
    Ok(LostWrites {
        added,
        changed,
        removed,
        ..nothing(now)
    })
}

/// That `new` and `old` are the same row.
fn key_condition(now: &Table, then: &Table) -> Option<String> {
    match (now.row_id, then.row_id) {
        (Some(new), Some(old)) => Some(format!("new.{new} = old.{old}")),
        _ if !now.key.is_empty() && now.key == then.key => {
            let equal = |column: &String| format!("new.{0} = old.{0}", quoted(column));
            Some(now.key.iter().map(equal).collect::<Vec<_>>().join(" AND "))
        }
        _ => None,
    }
}

/// That some column both have differs: by value, whatever its collation, or
/// by type, which `IS NOT` would not tell of 1 and 1.0.
fn value_condition(now: &Table, then: &Table) -> Option<String> {
    let differs: Vec<_> = now
        .columns
        .iter()
        .filter(|column| then.columns.contains(column))
        .map(|column| {
            let column = quoted(column);
            format!(
                "new.{column} IS NOT old.{column} COLLATE BINARY \
                 OR typeof(new.{column}) <> typeof(old.{column})"
            )
        })
        .collect();
    (!differs.is_empty()).then(|| differs.join(" OR "))
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

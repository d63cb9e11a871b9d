//! The catalog of a SQLite database: `sqlite_schema` in one spelling.

use rusqlite::Connection;
use shipgate_sql::{Dialect, normalize};

use crate::{Catalog, SchemaObject};

/// SQLite's own objects (`sqlite_sequence`, indexes of constraints) and those
/// that belong to a table in `ignore` are left out.
pub(super) fn read(connection: &Connection, ignore: &[String]) -> rusqlite::Result<Catalog> {
    let mut statement = connection.prepare(
        r"SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema
          WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\'",
    )?;
    let objects = statement
        .query_map([], |row| {
            let definition: String = row.get(3)?;
            Ok(SchemaObject {
                kind: row.get(0)?,
                name: row.get(1)?,
                table: row.get(2)?,
                definition: normalize(Dialect::Sqlite, &definition),
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let ignored = |object: &SchemaObject| {
        ignore.iter().any(|name| {
            name.eq_ignore_ascii_case(&object.name) || name.eq_ignore_ascii_case(&object.table)
        })
    };
    Ok(Catalog::new(
        objects.into_iter().filter(|object| !ignored(object)),
    ))
}

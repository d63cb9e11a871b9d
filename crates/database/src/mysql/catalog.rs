//! The catalog of a MySQL or MariaDB database: `SHOW CREATE` of each object.
//!
//! Left out of the definitions is what changes without anybody changing the
//! schema (`AUTO_INCREMENT` counters) or says who ran a statement (`DEFINER`).

use super::link::Link;
use super::names::quoted;
use crate::{Catalog, LEASE_TABLE, SchemaObject, StatementError, Value};

/// Databases that belong to the server.
const SYSTEM: &str = "('information_schema', 'mysql', 'performance_schema', 'sys')";

/// Reads the objects of the connection's database; of every database, with
/// qualified names, if it has none.
pub(super) async fn read(link: &mut Link, ignore: &[String]) -> Result<Catalog, StatementError> {
    let current = texts(link.query("SELECT DATABASE()", &[]).await?);
    let mut objects = Vec::new();
    match current.into_iter().flatten().next() {
        Some(database) if !database.is_empty() => {
            objects = read_database(link, &database, ignore).await?;
        }
        _ => {
            let all = format!(
                "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN {SYSTEM}"
            );
            for database in texts(link.query(&all, &[]).await?).into_iter().flatten() {
                for mut object in read_database(link, &database, ignore).await? {
                    object.name = format!("{database}.{}", object.name);
                    object.table = format!("{database}.{}", object.table);
                    objects.push(object);
                }
            }
        }
    }
    Ok(Catalog::new(objects))
}

async fn read_database(
    link: &mut Link,
    database: &str,
    ignore: &[String],
) -> Result<Vec<SchemaObject>, StatementError> {
    let mut objects = Vec::new();
    for (kind, name, table) in list(link, database).await? {
        let is_ignored = [&name, &table].into_iter().any(|own| {
            own.as_str() == LEASE_TABLE || ignore.iter().any(|name| name.eq_ignore_ascii_case(own))
        });
        if is_ignored {
            continue;
        }
        let definition = definition(link, database, kind, &name).await?;
        objects.push(SchemaObject {
            kind: kind.to_owned(),
            name,
            table,
            definition,
        });
    }
    Ok(objects)
}

/// Kind, name and table of each object.
async fn list(
    link: &mut Link,
    database: &str,
) -> Result<Vec<(&'static str, String, String)>, StatementError> {
    let asked = [
        "SELECT TABLE_TYPE, TABLE_NAME, TABLE_NAME FROM information_schema.TABLES \
         WHERE TABLE_SCHEMA = ?",
        "SELECT 'TRIGGER', TRIGGER_NAME, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS \
         WHERE TRIGGER_SCHEMA = ?",
        "SELECT ROUTINE_TYPE, ROUTINE_NAME, '' FROM information_schema.ROUTINES \
         WHERE ROUTINE_SCHEMA = ?",
        "SELECT 'EVENT', EVENT_NAME, '' FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ?",
    ];
    let of_database = [Value::Text(database.to_owned())];
    let mut listed = Vec::new();
    for statement in asked {
        for row in texts(link.query(statement, &of_database).await?) {
            let [kind, name, table] = row.as_slice() else {
                continue;
            };
            let kind = match kind.as_str() {
                "BASE TABLE" | "SYSTEM VERSIONED" => "table",
                "VIEW" => "view",
                "SEQUENCE" => "sequence",
                "TRIGGER" => "trigger",
                "FUNCTION" => "function",
                "PROCEDURE" => "procedure",
                "PACKAGE" => "package",
                "PACKAGE BODY" => "package body",
                "EVENT" => "event",
                // A temporary table is the session's own.
                _ => continue,
            };
            listed.push((kind, name.clone(), table.clone()));
        }
    }
    Ok(listed)
}

async fn definition(
    link: &mut Link,
    database: &str,
    kind: &str,
    name: &str,
) -> Result<String, StatementError> {
    let statement = format!(
        "SHOW CREATE {} {}.{}",
        kind.to_ascii_uppercase(),
        quoted(database),
        quoted(name)
    );
    let rows = link.query(&statement, &[]).await?;
    let row = rows.into_iter().next().unwrap_or_default();
    let column = |at: usize| match row.get(at) {
        Some(Value::Text(text)) => text.as_str(),
        // Not this user's to see.
        _ => "",
    };
    Ok(match kind {
        "table" | "sequence" => without_counter(column(1)),
        "view" => without_definer(column(1)),
        "event" => with_mode(column(1), &without_definer(column(3))),
        _ => with_mode(column(1), &without_definer(column(2))),
    })
}

/// What a stored program does depends on the mode it was made in.
fn with_mode(sql_mode: &str, definition: &str) -> String {
    format!("/* sql_mode='{sql_mode}' */ {definition}")
}

/// Without `AUTO_INCREMENT=7` among the table's options. They stand on the
/// line that begins with `)`: line ends within quotes are written `\n`.
fn without_counter(definition: &str) -> String {
    const COUNTER: &str = " AUTO_INCREMENT=";
    let Some(options) = definition.find("\n) ") else {
        return definition.to_owned();
    };
    let unquoted = definition[options..]
        .find('\'')
        .map_or(definition.len(), |quote| options + quote);
    let Some(at) = definition[options..unquoted].find(COUNTER) else {
        return definition.to_owned();
    };
    let before = &definition[..options + at];
    let after = definition[options + at + COUNTER.len()..]
        .trim_start_matches(|letter: char| letter.is_ascii_digit());
    format!("{before}{after}")
}

/// Without ``DEFINER=`user`@`host` `` before the name.
fn without_definer(definition: &str) -> String {
    const DEFINER: &str = " DEFINER=";
    let Some(at) = definition.find(DEFINER) else {
        return definition.to_owned();
    };
    let is_head = !definition[..at].contains(['`', '\'', '(']);
    let mut rest = &definition[at + DEFINER.len()..];
    for mark in ["", "@"] {
        let Some(after) = rest.strip_prefix(mark).and_then(after_name) else {
            return definition.to_owned();
        };
        rest = after;
    }
    if is_head {
        format!("{}{rest}", &definition[..at])
    } else {
        definition.to_owned()
    }
}

/// What follows a name in backticks.
fn after_name(text: &str) -> Option<&str> {
    let mut rest = text.strip_prefix('`')?;
    loop {
        rest = rest.split_once('`')?.1;
        match rest.strip_prefix('`') {
            Some(doubled) => rest = doubled,
            None => return Some(rest),
        }
    }
}

fn texts(rows: Vec<Vec<Value>>) -> Vec<Vec<String>> {
    rows.into_iter()
        .map(|row| {
            row.into_iter()
                .filter_map(|value| match value {
                    Value::Text(text) => Some(text),
                    Value::Blob(bytes) => String::from_utf8(bytes).ok(),
                    _ => None,
                })
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tables_own_counter_is_left_out() {
        assert_eq!(
            without_counter(
                "CREATE TABLE `t` (\n  `a` int COMMENT ' AUTO_INCREMENT=1'\n) ENGINE=InnoDB \
                 AUTO_INCREMENT=42 DEFAULT CHARSET=utf8mb4 COMMENT=' AUTO_INCREMENT=3'"
            ),
            "CREATE TABLE `t` (\n  `a` int COMMENT ' AUTO_INCREMENT=1'\n) ENGINE=InnoDB \
             DEFAULT CHARSET=utf8mb4 COMMENT=' AUTO_INCREMENT=3'"
        );
        let without = "CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB COMMENT=' AUTO_INCREMENT=3'";
        assert_eq!(without_counter(without), without);
    }

    #[test]
    fn a_definer_is_left_out_whatever_its_name() {
        assert_eq!(
            without_definer("CREATE DEFINER=`ro``ot`@`%` TRIGGER `x` ..."),
            "CREATE TRIGGER `x` ..."
        );
        let inside = "CREATE VIEW `v` AS select ' DEFINER=`a`@`b`'";
        assert_eq!(without_definer(inside), inside);
    }
}

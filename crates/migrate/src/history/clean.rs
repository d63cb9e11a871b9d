//! Why a server's database without history is not clean, in Atlas's words.
//! Only tables count; the history's own and Shipgate's lease do not.

use shipgate_database::{LEASE_TABLE, Value};

use super::TABLE;
use super::columns::first_text;
use crate::golang::Quoted;

/// A schema with the names of its tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schema {
    name: String,
    tables: Vec<String>,
}

/// Schemas from rows of schema and table, in order; the table may be NULL.
pub(super) fn schemas_of(rows: Vec<Vec<Value>>) -> Vec<Schema> {
    let mut schemas: Vec<Schema> = Vec::new();
    for mut row in rows {
        let table = row.pop();
        let Some(name) = first_text(row) else {
            continue;
        };
        if schemas.last().is_none_or(|schema| schema.name != name) {
            schemas.push(Schema {
                name,
                tables: Vec::new(),
            });
        }
        let table = table.and_then(|table| first_text(vec![table]));
        if let (Some(schema), Some(table)) = (schemas.last_mut(), table) {
            schema.tables.push(table);
        }
    }
    schemas
}

impl Schema {
    /// The tables that are somebody's, in a schema that may hold the history.
    fn foreign(&self, history: &str) -> Vec<&str> {
        self.tables
            .iter()
            .map(String::as_str)
            .filter(|table| *table != LEASE_TABLE && (*table != TABLE || self.name != history))
            .collect()
    }

    /// The tables Atlas would count.
    fn counted(&self) -> usize {
        self.tables
            .iter()
            .filter(|table| *table != LEASE_TABLE)
            .count()
    }
}

/// With a schema to connect to, that one is looked at.
pub(super) fn connected(schemas: &[Schema], connected: &str, history: &str) -> Option<String> {
    let schema = schemas.iter().find(|schema| schema.name == connected)?;
    let table = *schema.foreign(history).first()?;
    Some(format!(
        "found table {} in schema {}",
        Quoted(table),
        Quoted(&schema.name)
    ))
}

/// Without one, `public` may be there, without tables, and the history's schema.
pub(super) fn postgres(schemas: &[Schema], history: &str) -> Option<String> {
    schemas.iter().find_map(|schema| {
        let foreign = schema.foreign(history);
        if schema.name == "public" && schema.counted() == 0 {
            return None;
        }
        if schema.name != history {
            return Some(format!("found schema {}", Quoted(&schema.name)));
        }
        let table = foreign.first()?;
        Some(match schema.counted() {
            1 => format!(
                "found table {} in schema {}",
                Quoted(table),
                Quoted(&schema.name)
            ),
            count => format!("found {count} tables in schema {}", Quoted(&schema.name)),
        })
    })
}

/// Without one, at most the history's database may be there.
pub(super) fn mysql(schemas: &[Schema], history: &str) -> Option<String> {
    let schema = match schemas {
        [] => return None,
        [schema] => schema,
        several => return Some(format!("found multiple schemas: {}", several.len())),
    };
    if schema.name != history {
        return Some(format!("found schema {}", Quoted(&schema.name)));
    }
    let foreign = schema.foreign(history);
    let table = foreign.first()?;
    Some(match schema.counted() {
        1 => format!("found table {}", Quoted(table)),
        count => format!("found multiple tables: {count}"),
    })
}

#[cfg(test)]
mod tests {
    use super::{Schema, connected, mysql, postgres};

    fn schema(name: &str, tables: &[&str]) -> Schema {
        Schema {
            name: name.to_owned(),
            tables: tables.iter().map(|&table| table.to_owned()).collect(),
        }
    }

    #[test]
    fn a_connected_schema_may_hold_the_history_and_the_lease_alone() {
        let clean = [schema("app", &["atlas_schema_revisions", "shipgate_lease"])];
        assert_eq!(connected(&clean, "app", "app"), None);
        assert_eq!(connected(&clean, "other", "other"), None);
        let full = [schema("app", &["t", "u"])];
        assert_eq!(
            connected(&full, "app", "ops").unwrap(),
            r#"found table "t" in schema "app""#
        );
    }

    #[test]
    fn a_whole_postgresql_database_may_have_an_empty_public_schema() {
        let history = "atlas_schema_revisions";
        let own = schema(history, &["atlas_schema_revisions", "shipgate_lease"]);
        assert_eq!(
            postgres(&[own.clone(), schema("public", &[])], history),
            None
        );
        for (schemas, reason) in [
            (
                vec![own, schema("public", &["t"])],
                r#"found schema "public""#,
            ),
            (vec![schema("app", &[])], r#"found schema "app""#),
            (
                vec![schema(history, &["atlas_schema_revisions", "t"])],
                r#"found 2 tables in schema "atlas_schema_revisions""#,
            ),
            (
                vec![schema(history, &["t"])],
                r#"found table "t" in schema "atlas_schema_revisions""#,
            ),
        ] {
            assert_eq!(postgres(&schemas, history).as_deref(), Some(reason));
        }
    }

    #[test]
    fn a_whole_mysql_server_may_have_the_historys_database() {
        let history = "atlas_schema_revisions";
        assert_eq!(mysql(&[], history), None);
        assert_eq!(
            mysql(&[schema(history, &["shipgate_lease"])], history),
            None
        );
        for (schemas, reason) in [
            (
                vec![schema("a", &[]), schema("b", &[])],
                "found multiple schemas: 2",
            ),
            (vec![schema("a", &[])], r#"found schema "a""#),
            (vec![schema(history, &["t"])], r#"found table "t""#),
            (
                vec![schema(history, &["t", "u"])],
                "found multiple tables: 2",
            ),
        ] {
            assert_eq!(mysql(&schemas, history).as_deref(), Some(reason));
        }
    }
}

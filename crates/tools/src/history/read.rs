//! Reading history tables: one query for what exists, one for each table.

use shipgate_database::{Session, StatementError, Value};
use shipgate_sql::{Dialect, quoted_name};

use super::identify::owner;
use super::table::{Table, Tables, Wanted};

/// Why a history cannot be read.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum HistoryError {
    /// The database refused.
    #[error("cannot read {what}: {error}")]
    Refused {
        /// What was asked for.
        what: String,
        /// Its answer.
        error: Box<StatementError>,
    },
    /// The table is another tool's.
    #[error("table {table} is not {tool}'s: {why}")]
    Foreign {
        /// The table.
        table: String,
        /// The tool it was read for.
        tool: &'static str,
        /// What it is instead.
        why: String,
    },
    /// A row does not hold what the tool writes.
    #[error("table {table} holds what {tool} does not write: {why}")]
    Row {
        /// The table.
        table: String,
        /// The tool.
        tool: &'static str,
        /// The cell and what would be right.
        why: String,
    },
}

/// A table that exists.
#[derive(Clone, Debug, Default)]
struct Existing {
    schema: String,
    name: String,
    /// Whether the session sees it without its schema.
    visible: bool,
    columns: Vec<(String, String)>,
}

/// Reads the tables a tool asks for.
///
/// # Errors
/// The database refuses, or a table of that name is another tool's.
pub async fn read(
    session: &mut dyn Session,
    tool: &'static str,
    wanted: &[Wanted],
) -> Result<Tables, HistoryError> {
    let mut tables = Tables {
        dialect: Some(session.dialect()),
        ..Tables::default()
    };
    if wanted.is_empty() {
        return Ok(tables);
    }
    let existing = existing(session, wanted).await?;
    for wanted in wanted {
        let same_name: Vec<&Existing> = existing
            .iter()
            .filter(|table| table.name.eq_ignore_ascii_case(&wanted.name.name))
            .collect();
        let chosen = same_name.iter().find(|table| match &wanted.name.schema {
            // SQLite's only schema is main, whatever a configuration written for another database says.
            Some(schema) if session.dialect() == Dialect::Postgres => table.schema == *schema,
            _ => table.visible,
        });
        let Some(chosen) = chosen else {
            for elsewhere in &same_name {
                tables.warnings.push(format!(
                    "schema {} has a table {}, which was not asked for; this one was: {}",
                    elsewhere.schema, elsewhere.name, wanted.name
                ));
            }
            tables.found.push(None);
            continue;
        };
        match claim(chosen, wanted) {
            Ok(()) => {}
            Err(why) => {
                return Err(HistoryError::Foreign {
                    table: chosen.name.clone(),
                    tool,
                    why,
                });
            }
        }
        tables
            .found
            .push(Some(rows(session, chosen, wanted).await?));
    }
    Ok(tables)
}

/// Whether a table is the one that is wanted, or why not.
fn claim(table: &Existing, wanted: &Wanted) -> Result<(), String> {
    let has = |column: &str| {
        table
            .columns
            .iter()
            .any(|(found, _)| found.eq_ignore_ascii_case(column))
    };
    let missing: Vec<&str> = wanted
        .required
        .iter()
        .copied()
        .filter(|column| !has(column))
        .collect();
    let foreign = wanted.foreign.iter().copied().find(|column| has(column));
    if missing.is_empty() && foreign.is_none() {
        return Ok(());
    }
    let names: Vec<String> = table.columns.iter().map(|(name, _)| name.clone()).collect();
    let difference = match foreign {
        Some(column) => format!("it has a column {column}"),
        None => format!("it has no column {}", missing.join(", ")),
    };
    Err(match owner(&names) {
        Some(owner) => format!("{difference}, as tables of {owner} do"),
        None => format!("{difference}; its columns are {}", names.join(", ")),
    })
}

async fn existing(
    session: &mut dyn Session,
    wanted: &[Wanted],
) -> Result<Vec<Existing>, HistoryError> {
    let mut names: Vec<String> = wanted
        .iter()
        .map(|wanted| text(&wanted.name.name.to_lowercase()))
        .collect();
    names.dedup();
    let names = names.join(", ");
    let query = match session.dialect() {
        Dialect::Sqlite => format!(
            "SELECT 'main', m.name, 1, p.name, p.type FROM sqlite_master AS m, pragma_table_info(m.name) AS p \
             WHERE m.type IN ('table', 'view') AND lower(m.name) IN ({names}) ORDER BY m.name, p.cid"
        ),
        Dialect::Postgres => format!(
            "SELECT n.nspname::text, c.relname::text, pg_catalog.pg_table_is_visible(c.oid)::int::bigint, a.attname::text, \
             pg_catalog.format_type(a.atttypid, NULL) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
             AND n.nspname NOT LIKE 'pg\\_temp%' AND lower(c.relname) IN ({names}) \
             ORDER BY n.nspname, c.relname, a.attnum"
        ),
        Dialect::MySql | Dialect::MariaDb => format!(
            "SELECT table_schema, table_name, 1, column_name, data_type FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND lower(table_name) IN ({names}) \
             ORDER BY table_name, ordinal_position"
        ),
    };
    let rows = session
        .query(&query, &[])
        .await
        .map_err(|error| HistoryError::Refused {
            what: "which history tables there are".to_owned(),
            error: Box::new(error),
        })?;
    let mut found: Vec<Existing> = Vec::new();
    for row in rows {
        let [schema, name, visible, column, kind] = row.as_slice() else {
            continue;
        };
        let (schema, name) = (shown(schema), shown(name));
        if found
            .last()
            .is_none_or(|table| table.schema != schema || table.name != name)
        {
            found.push(Existing {
                schema,
                name,
                visible: shown(visible) == "1",
                columns: Vec::new(),
            });
        }
        if let Some(table) = found.last_mut() {
            table
                .columns
                .push((shown(column), shown(kind).to_lowercase()));
        }
    }
    Ok(found)
}

async fn rows(
    session: &mut dyn Session,
    existing: &Existing,
    wanted: &Wanted,
) -> Result<Table, HistoryError> {
    let dialect = session.dialect();
    let mut table = Table {
        name: match dialect {
            Dialect::Postgres => format!("{}.{}", existing.schema, existing.name),
            _ => existing.name.clone(),
        },
        ..Table::default()
    };
    let mut selected = Vec::new();
    for column in wanted.required.iter().chain(wanted.optional) {
        let found = existing
            .columns
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(column));
        if let Some((name, kind)) = found {
            selected.push(expression(dialect, name, kind));
            table.columns.push((*column).to_owned());
            table.types.push(kind.clone());
        }
    }
    let from = match dialect {
        Dialect::Postgres => format!(
            "{}.{}",
            quoted_name(dialect, &existing.schema),
            quoted_name(dialect, &existing.name)
        ),
        _ => quoted_name(dialect, &existing.name),
    };
    let query = format!("SELECT {} FROM {from}", selected.join(", "));
    table.rows = session
        .query(&query, &[])
        .await
        .map_err(|error| HistoryError::Refused {
            what: format!("table {}", table.name),
            error: Box::new(error),
        })?;
    Ok(table)
}

/// A column in a form that every session returns alike: moments as text in
/// UTC, what is neither number, text nor bytes as text.
fn expression(dialect: Dialect, name: &str, kind: &str) -> String {
    let column = quoted_name(dialect, name);
    match dialect {
        Dialect::Sqlite => column,
        Dialect::Postgres => match kind {
            "bytea" | "bigint" | "integer" | "smallint" | "text" => column,
            "timestamp with time zone" => {
                format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
            }
            "timestamp without time zone" => {
                format!("to_char({column}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US')")
            }
            _ => format!("{column}::text"),
        },
        Dialect::MySql | Dialect::MariaDb => match kind {
            "timestamp" => format!(
                "DATE_FORMAT(CONVERT_TZ({column}, @@session.time_zone, '+00:00'), '%Y-%m-%dT%H:%i:%s.%f')"
            ),
            "datetime" => format!("DATE_FORMAT({column}, '%Y-%m-%dT%H:%i:%s.%f')"),
            _ => column,
        },
    }
}

/// A text literal. Names of tables come from configuration files: what no
/// identifier holds is left out.
fn text(value: &str) -> String {
    let bare: String = value
        .chars()
        .filter(|letter| !matches!(letter, '\\' | '\0'))
        .collect();
    format!("'{}'", bare.replace('\'', "''"))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

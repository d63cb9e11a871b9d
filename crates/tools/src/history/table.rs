//! A history table as it was read: cells under the names of columns.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shipgate_database::Value;
use shipgate_sql::{Dialect, quoted_name};

/// A table's name, with its schema if that is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableName {
    /// Its schema; `None`: the one the session sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
}

impl TableName {
    /// A table wherever the session sees it.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            schema: None,
            name: name.into(),
        }
    }

    /// A table in a schema.
    pub fn within(schema: Option<String>, name: impl Into<String>) -> Self {
        Self {
            schema,
            name: name.into(),
        }
    }

    /// As the database's SQL writes it. SQLite's only schema is main.
    pub(crate) fn quoted(&self, dialect: Dialect) -> String {
        let name = quoted_name(dialect, &self.name);
        match &self.schema {
            Some(schema) if dialect != Dialect::Sqlite => {
                format!("{}.{name}", quoted_name(dialect, schema))
            }
            _ => name,
        }
    }

    /// `name` or `schema.name`, also in quotes.
    pub fn parse(text: &str) -> Self {
        let bare = |part: &str| part.trim_matches(['"', '`', '[', ']']).to_owned();
        match text.split_once('.') {
            Some((schema, name)) => Self::within(Some(bare(schema)), bare(name)),
            None => Self::new(bare(text)),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A table to be read.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its name.
    pub name: TableName,
    /// The columns it must have; without them it is another tool's.
    pub required: &'static [&'static str],
    /// Columns that are read where they exist.
    pub optional: &'static [&'static str],
    /// Columns that tell that it is another tool's.
    pub foreign: &'static [&'static str],
}

impl Wanted {
    /// A table with these columns.
    pub fn new(name: TableName, required: &'static [&'static str]) -> Self {
        Self {
            name,
            required,
            optional: &[],
            foreign: &[],
        }
    }

    /// Reads these columns too, where they exist.
    #[must_use]
    pub fn optional(mut self, columns: &'static [&'static str]) -> Self {
        self.optional = columns;
        self
    }

    /// Leaves the table alone if it has one of these columns.
    #[must_use]
    pub fn foreign(mut self, columns: &'static [&'static str]) -> Self {
        self.foreign = columns;
        self
    }
}

/// A table that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Its name in the database, with the schema where there is one.
    pub name: String,
    /// The columns that were read, as [`Wanted`] spells them.
    pub columns: Vec<String>,
    /// The database's types of these columns, in lower case.
    pub types: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// Its rows, in the order of the table.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { table: self, cells })
    }

    /// Whether it has this column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|found| found == column)
    }

    /// A column's type; empty if there is no such column.
    pub fn type_of(&self, column: &str) -> &str {
        let at = self.columns.iter().position(|found| found == column);
        at.map_or("", |at| &self.types[at])
    }
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    table: &'a Table,
    cells: &'a [Value],
}

impl Row<'_> {
    fn value(&self, column: &str) -> Option<&Value> {
        let at = self
            .table
            .columns
            .iter()
            .position(|found| found == column)?;
        match self.cells.get(at) {
            None | Some(Value::Null) => None,
            some => some,
        }
    }

    /// Whether a column holds something.
    pub fn holds(&self, column: &str) -> bool {
        self.value(column).is_some()
    }

    /// A cell as text; `None` for NULL.
    pub fn text(&self, column: &str) -> Option<String> {
        Some(match self.value(column)? {
            Value::Null => return None,
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        })
    }

    /// A cell as a whole number.
    pub fn integer(&self, column: &str) -> Option<i64> {
        match self.value(column)? {
            Value::Integer(number) => Some(*number),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "checked to be whole and small"
            )]
            Value::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                Some(*number as i64)
            }
            Value::Text(text) => text.trim().parse().ok(),
            Value::Blob(bytes) => std::str::from_utf8(bytes).ok()?.trim().parse().ok(),
            _ => None,
        }
    }

    /// A cell as bytes in lower-case hexadecimal.
    pub fn hex(&self, column: &str) -> Option<String> {
        Some(match self.value(column)? {
            Value::Blob(bytes) => crate::checksum::hex(bytes),
            Value::Text(text) => text.trim_start_matches("\\x").to_lowercase(),
            _ => return None,
        })
    }

    /// A cell as a truth value, however the database writes it.
    pub fn truth(&self, column: &str) -> Option<bool> {
        match self.value(column)? {
            Value::Integer(number) => Some(*number != 0),
            Value::Text(text) => match text.to_lowercase().as_str() {
                "t" | "true" | "1" | "y" | "yes" => Some(true),
                "f" | "false" | "0" | "n" | "no" => Some(false),
                _ => None,
            },
            Value::Blob(bytes) => Some(bytes.iter().any(|byte| !matches!(byte, 0 | b'0'))),
            _ => None,
        }
    }

    /// A cell as a moment: a text of date and time (UTC where it names no
    /// zone), or a number of seconds or milliseconds since 1970.
    pub fn time(&self, column: &str) -> Option<Timestamp> {
        match self.value(column)? {
            Value::Integer(number) => since_1970(*number),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a moment's fraction is not needed"
            )]
            Value::Real(number) => since_1970(*number as i64),
            Value::Text(text) => moment(text),
            _ => None,
        }
    }
}

/// Above this a number since 1970 counts milliseconds.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

fn since_1970(number: i64) -> Option<Timestamp> {
    if number.abs() < MILLISECONDS_FROM {
        Timestamp::from_second(number).ok()
    } else {
        Timestamp::from_millisecond(number).ok()
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    if let Ok(number) = text.parse::<i64>() {
        return since_1970(number);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Ok(at) = text.parse::<DateTime>() {
        return Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp());
    }
    // `2026-11-20 10:00:00.1 +0200`, `2026-11-20 10:00:00.1 +02:00`
    let (at, zone) = text.rsplit_once(' ')?;
    let hours: String = zone.chars().filter(|letter| *letter != ':').collect();
    let (sign, digits) = hours.split_at_checked(1)?;
    let number: i64 = digits.parse().ok()?;
    let minutes = match digits.len() {
        2 => number * 60,
        4 => number / 100 * 60 + number % 100,
        _ => return None,
    };
    let offset = SignedDuration::from_mins(if sign == "-" { -minutes } else { minutes });
    moment(at)?.checked_sub(offset).ok()
}

/// The tables of a history in the order they were asked for; `None` for those
/// that do not exist.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tables {
    /// The tables.
    pub found: Vec<Option<Table>>,
    /// What is to be told about them.
    pub warnings: Vec<String>,
    /// The kind of database they are in, if one was read.
    pub dialect: Option<Dialect>,
}

impl Tables {
    /// The table that was asked for at this place.
    pub fn get(&self, at: usize) -> Option<&Table> {
        self.found.get(at)?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use shipgate_database::Value;

    use super::{Table, TableName, moment};

    #[test]
    fn every_spelling_of_a_moment_is_read() {
        for text in [
            "2026-11-20T10:00:00Z",
            "2026-11-20 10:00:00",
            "2026-11-20 10:00:00+00",
            "2026-11-20T12:00:00+02:00",
            "2026-11-20 12:00:00 +0200",
            "2026-11-20 10:00:00 UTC",
            "1795168800",
            "1795168800000",
        ] {
            let found = moment(text).map(|at| at.to_string());
            assert_eq!(found.as_deref(), Some("2026-11-20T10:00:00Z"), "{text}");
        }
        assert_eq!(moment("yesterday"), None);
    }

    #[test]
    fn cells_are_read_however_the_database_types_them() {
        let table = Table {
            name: "t".to_owned(),
            columns: vec!["a".to_owned(), "b".to_owned(), "c".to_owned()],
            types: vec![String::new(); 3],
            rows: vec![vec![
                Value::Text("17".to_owned()),
                Value::Text("f".to_owned()),
                Value::Blob(vec![0xab, 1]),
            ]],
        };
        let row = table.rows().next().unwrap();
        assert_eq!(row.integer("a"), Some(17));
        assert_eq!(row.truth("b"), Some(false));
        assert_eq!(row.hex("c").as_deref(), Some("ab01"));
        assert_eq!(row.text("d"), None);
    }

    #[test]
    fn a_table_s_name_may_carry_its_schema_and_quotes() {
        let name = TableName::parse("\"app\".\"history\"");
        assert_eq!(name.schema.as_deref(), Some("app"));
        assert_eq!(name.name, "history");
        assert_eq!(TableName::parse("h").to_string(), "h");
    }
}

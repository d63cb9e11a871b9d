//! Values between SQL and us.

use std::fmt::Write;

use mysql_async::consts::ColumnType;
use mysql_async::{Column, Row, Value as Wire};

use crate::Value;
use crate::catalog::hex;

/// The character set of what is bytes and no text.
const BINARY: u16 = 63;

/// A value to bind.
pub(super) fn bound(value: &Value) -> Wire {
    match value {
        Value::Null => Wire::NULL,
        Value::Integer(number) => Wire::Int(*number),
        Value::Real(number) => Wire::Double(*number),
        Value::Text(text) => Wire::Bytes(text.as_bytes().to_vec()),
        Value::Blob(bytes) => Wire::Bytes(bytes.clone()),
    }
}

/// A value as SQL, read the same in every mode of the server.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number:e}"),
        Value::Text(text) if is_plain(text) => format!("'{text}'"),
        Value::Text(text) => format!("CONVERT(X'{}' USING utf8mb4)", hex(text.as_bytes())),
        Value::Blob(bytes) => format!("X'{}'", hex(bytes)),
    }
}

/// A query with its values in the places of its question marks, so that it
/// needs not be prepared; `None` if there are not as many of them, because one
/// stands in a name.
pub(super) fn spelled(query: &str, values: &[Value]) -> Option<String> {
    let mut parts = query.split('?');
    let mut text = parts.next()?.to_owned();
    let mut values = values.iter();
    for part in parts {
        text.push_str(&literal(values.next()?));
        text.push_str(part);
    }
    values.next().is_none().then_some(text)
}

/// Whether nothing in a text could be an escape or end its quotes. An empty
/// one is NULL in a mode of MariaDB's.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| (b' '..=b'~').contains(&byte) && !matches!(byte, b'\'' | b'\\'))
}

/// A row's values. Integers beyond `i64`, decimals, dates and times are text,
/// as the server writes them.
pub(super) fn row(row: Row) -> Vec<Value> {
    let columns = row.columns();
    row.unwrap()
        .into_iter()
        .zip(columns.iter())
        .map(|(value, column)| read(value, column))
        .collect()
}

fn read(value: Wire, column: &Column) -> Value {
    match value {
        Wire::NULL => Value::Null,
        Wire::Int(number) => Value::Integer(number),
        Wire::UInt(number) => unsigned(number),
        Wire::Float(number) => Value::Real(f64::from(number)),
        Wire::Double(number) => Value::Real(number),
        Wire::Date(year, month, day, hour, minute, second, micros) => {
            let mut text = format!("{year:04}-{month:02}-{day:02}");
            if column.column_type() != ColumnType::MYSQL_TYPE_DATE {
                let _ = write!(text, " {hour:02}:{minute:02}:{second:02}");
                push_fraction(&mut text, micros, column);
            }
            Value::Text(text)
        }
        Wire::Time(negative, days, hours, minutes, seconds, micros) => {
            let sign = if negative { "-" } else { "" };
            let hours = days * 24 + u32::from(hours);
            let mut text = format!("{sign}{hours:02}:{minutes:02}:{seconds:02}");
            push_fraction(&mut text, micros, column);
            Value::Text(text)
        }
        Wire::Bytes(bytes) => from_bytes(bytes, column),
    }
}

fn unsigned(number: u64) -> Value {
    i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Integer)
}

fn push_fraction(text: &mut String, micros: u32, column: &Column) {
    let digits = usize::from(column.decimals()).min(6);
    if digits > 0 {
        let all = format!("{micros:06}");
        let _ = write!(text, ".{}", &all[..digits]);
    }
}

/// What comes as bytes: every value of a query without bound values, and
/// everything that is no number or date of one with them.
fn from_bytes(bytes: Vec<u8>, column: &Column) -> Value {
    match column.column_type() {
        ColumnType::MYSQL_TYPE_TINY
        | ColumnType::MYSQL_TYPE_SHORT
        | ColumnType::MYSQL_TYPE_INT24
        | ColumnType::MYSQL_TYPE_LONG
        | ColumnType::MYSQL_TYPE_LONGLONG
        | ColumnType::MYSQL_TYPE_YEAR => match parsed(&bytes) {
            Some(number) => Value::Integer(number),
            None => text(bytes),
        },
        ColumnType::MYSQL_TYPE_FLOAT | ColumnType::MYSQL_TYPE_DOUBLE => match parsed(&bytes) {
            Some(number) => Value::Real(number),
            None => text(bytes),
        },
        ColumnType::MYSQL_TYPE_BIT => unsigned(
            bytes
                .iter()
                .fold(0, |number, byte| (number << 8) | u64::from(*byte)),
        ),
        ColumnType::MYSQL_TYPE_TINY_BLOB
        | ColumnType::MYSQL_TYPE_MEDIUM_BLOB
        | ColumnType::MYSQL_TYPE_LONG_BLOB
        | ColumnType::MYSQL_TYPE_BLOB
        | ColumnType::MYSQL_TYPE_VAR_STRING
        | ColumnType::MYSQL_TYPE_STRING
        | ColumnType::MYSQL_TYPE_VARCHAR
            if column.character_set() == BINARY =>
        {
            Value::Blob(bytes)
        }
        ColumnType::MYSQL_TYPE_GEOMETRY => Value::Blob(bytes),
        _ => text(bytes),
    }
}

fn parsed<T: std::str::FromStr>(bytes: &[u8]) -> Option<T> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

fn text(bytes: Vec<u8>) -> Value {
    match String::from_utf8(bytes) {
        Ok(text) => Value::Text(text),
        Err(error) => Value::Blob(error.into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_spelled_if_it_has_as_many_places_as_values() {
        let values = [Value::Integer(1), Value::Text("?".to_owned())];
        assert_eq!(
            spelled("SELECT ?, ? FROM t", &values).as_deref(),
            Some("SELECT 1, '?' FROM t")
        );
        assert_eq!(spelled("SELECT ?, ? FROM `a?`", &values), None);
        assert_eq!(spelled("SELECT ?", &values), None);
    }

    #[test]
    fn nothing_in_a_literal_can_leave_its_quotes() {
        let spelled = |text: &str| literal(&Value::Text(text.to_owned()));
        assert_eq!(spelled("a \"b\"; --"), "'a \"b\"; --'");
        assert_eq!(spelled(""), "CONVERT(X'' USING utf8mb4)");
        assert_eq!(spelled("a'b"), "CONVERT(X'612762' USING utf8mb4)");
        assert_eq!(spelled("a\\"), "CONVERT(X'615c' USING utf8mb4)");
        assert_eq!(spelled("\u{e9}\n"), "CONVERT(X'c3a90a' USING utf8mb4)");
        assert_eq!(literal(&Value::Blob(vec![0, 255])), "X'00ff'");
        assert_eq!(literal(&Value::Integer(-7)), "-7");
        assert_eq!(literal(&Value::Null), "NULL");
    }
}

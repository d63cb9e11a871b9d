//! What `SHOW WARNINGS` shows, as notices.

use mysql_async::Row;

use super::value;
use crate::Value;

/// `Warning 1265: Data truncated for column 'a' at row 1`.
pub(super) fn notices(rows: Vec<Row>) -> Vec<String> {
    rows.into_iter()
        .filter_map(|row| match value::row(row).as_slice() {
            [
                Value::Text(level),
                Value::Integer(code),
                Value::Text(message),
            ] => Some(format!("{level} {code}: {message}")),
            _ => None,
        })
        .collect()
}

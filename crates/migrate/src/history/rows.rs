//! A row of the history as the values of its columns, and back.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use shipgate_database::Value;

use super::kind::RevisionKind;
use super::revision::Revision;
use super::store::HistoryError;
use crate::golang::{GoDuration, GoTime};

/// The columns, in the order in which rows are read and written.
pub(super) const COLUMNS: [&str; 12] = [
    "version",
    "description",
    "type",
    "applied",
    "total",
    "executed_at",
    "execution_time",
    "error",
    "error_stmt",
    "hash",
    "partial_hashes",
    "operator_version",
];

/// Columns that keep their first value when a row is written over.
const KEPT: [&str; 3] = ["version", "description", "executed_at"];

/// The columns that are written over.
pub(super) fn written_over() -> impl Iterator<Item = &'static str> {
    COLUMNS.into_iter().filter(|column| !KEPT.contains(column))
}

/// `Z` of a time as a database spells it.
#[derive(Clone, Copy)]
pub(super) enum Spelling {
    /// `2026-11-20 10:18:05.177232073+00:00`; hashes are bytes.
    Sqlite,
    /// `2026-11-20 10:18:05.177232+00:00`.
    Postgres,
    /// `2026-11-20 10:18:05`.
    MySql,
}

/// The values of a row, in the order of [`COLUMNS`].
pub(super) fn values_of(revision: &Revision, spelling: Spelling) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    let hashes = partial_hashes_json(&revision.partial_hashes);
    vec![
        text(&revision.version),
        text(&revision.description),
        Value::Integer(revision.kind.0),
        Value::Integer(revision.applied),
        Value::Integer(revision.total),
        Value::Text(datetime_text(revision.executed_at, spelling)),
        Value::Integer(revision.execution_time.as_nanos()),
        text(&revision.error),
        text(&revision.error_stmt),
        text(&revision.hash),
        match spelling {
            Spelling::Sqlite => Value::Blob(hashes.into_bytes()),
            Spelling::Postgres | Spelling::MySql => Value::Text(hashes),
        },
        text(&revision.operator_version),
    ]
}

/// An array of strings, or `null` for none. Hashes need no escapes.
fn partial_hashes_json(hashes: &[String]) -> String {
    if hashes.is_empty() {
        "null".to_owned()
    } else {
        format!("[\"{}\"]", hashes.join("\",\""))
    }
}

fn datetime_text(time: GoTime, spelling: Spelling) -> String {
    let text = time.to_string().replacen('T', " ", 1);
    match spelling {
        Spelling::Sqlite | Spelling::Postgres => text.replacen('Z', "+00:00", 1),
        // The column has whole seconds and no offset.
        Spelling::MySql => text.chars().take("2026-11-20 10:18:05".len()).collect(),
    }
}

/// A row from its values, in the order of [`COLUMNS`].
pub(super) fn revision_of(row: Vec<Value>) -> Result<Revision, HistoryError> {
    let mut values = row.into_iter();
    let mut next = || values.next().unwrap_or(Value::Null);
    let version = match next() {
        Value::Text(version) => version,
        Value::Integer(version) => version.to_string(),
        other => return Err(wrong_value("?", "version", &other, "text")),
    };
    Ok(Revision {
        description: text_of(next()),
        kind: RevisionKind(integer_of(&version, "type", &next())?),
        applied: integer_of(&version, "applied", &next())?,
        total: integer_of(&version, "total", &next())?,
        executed_at: time_of(&next()),
        execution_time: GoDuration::from_nanos(integer_of(&version, "execution_time", &next())?),
        error: text_of(next()),
        error_stmt: text_of(next()),
        hash: text_of(next()),
        partial_hashes: hashes_of(&version, &next())?,
        operator_version: text_of(next()),
        version,
    })
}

fn text_of(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => text,
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Blob(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
    }
}

fn integer_of(version: &str, column: &'static str, value: &Value) -> Result<i64, HistoryError> {
    match value {
        Value::Null => Ok(0),
        Value::Integer(number) => Ok(*number),
        Value::Text(text) => text
            .trim()
            .parse()
            .map_err(|_| wrong_value(version, column, value, "an integer")),
        _ => Err(wrong_value(version, column, value, "an integer")),
    }
}

fn hashes_of(version: &str, value: &Value) -> Result<Vec<String>, HistoryError> {
    let bytes = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Text(text) => text.as_bytes(),
        Value::Blob(bytes) => bytes,
        _ => return Err(wrong_hashes(version, value)),
    };
    // As every finished row has it.
    if matches!(bytes, b"" | b"null") {
        return Ok(Vec::new());
    }
    serde_json::from_slice::<Option<Vec<String>>>(bytes)
        .map(Option::unwrap_or_default)
        .map_err(|_| wrong_hashes(version, value))
}

fn wrong_hashes(version: &str, value: &Value) -> HistoryError {
    wrong_value(version, "partial_hashes", value, "a JSON array of strings")
}

fn wrong_value(
    version: &str,
    column: &'static str,
    value: &Value,
    expected: &'static str,
) -> HistoryError {
    HistoryError::Value {
        version: version.to_owned(),
        column,
        value: format!("{value:?}"),
        expected,
    }
}

/// Reads what the common drivers write; anything else is the zero time,
/// because nothing is decided by it.
fn time_of(value: &Value) -> GoTime {
    let timestamp = match value {
        Value::Integer(seconds) => Timestamp::from_second(*seconds).ok(),
        Value::Real(seconds) => time_of_seconds(*seconds),
        Value::Text(text) => time_of_text(text),
        _ => None,
    };
    timestamp.map_or(GoTime::ZERO, GoTime::from)
}

/// Microseconds are all that a number of this size holds, and all that
/// PostgreSQL keeps.
fn time_of_seconds(seconds: f64) -> Option<Timestamp> {
    let microseconds = (seconds * 1e6).round();
    // What is too large for any time, or no number, is so as an integer too.
    Timestamp::from_microsecond(microseconds as i64).ok()
}

fn time_of_text(text: &str) -> Option<Timestamp> {
    // `2026-11-20 10:18:05.1 +0000 UTC m=+0.01`, as some drivers store a time.
    let text = text.split(" m=").next().unwrap_or(text).trim();
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    let text = text.strip_suffix(" +0000").unwrap_or(text);
    text.parse::<Timestamp>().ok().or_else(|| {
        let time: DateTime = text.parse().ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use shipgate_database::Value;

    use super::{
        COLUMNS, Spelling, datetime_text, partial_hashes_json, revision_of, time_of, values_of,
        written_over,
    };
    use crate::golang::GoTime;
    use crate::testing::{revision, timestamp};

    #[test]
    fn times_are_written_with_a_space_and_an_offset() {
        for (time, text) in [
            (
                "2026-11-20T10:18:05.177232073Z",
                "2026-11-20 10:18:05.177232073+00:00",
            ),
            ("2026-11-20T10:18:05.52Z", "2026-11-20 10:18:05.52+00:00"),
            ("2026-11-20T10:18:05Z", "2026-11-20 10:18:05+00:00"),
        ] {
            assert_eq!(
                datetime_text(timestamp(time).into(), Spelling::Sqlite),
                text
            );
            assert_eq!(
                datetime_text(timestamp(time).into(), Spelling::MySql),
                "2026-11-20 10:18:05"
            );
        }
    }

    #[test]
    fn times_are_read_as_the_drivers_write_them() {
        for text in [
            "2026-11-20 10:18:05.5+00:00",
            "2026-11-20T10:18:05.5Z",
            "2026-11-20 10:18:05.5",
            "2026-11-20 12:18:05.5+02:00",
            "2026-11-20 10:18:05.5 +0000 UTC m=+0.012",
        ] {
            let time = time_of(&Value::Text(text.to_owned()));
            assert_eq!(time.to_string(), "2026-11-20T10:18:05.5Z", "{text}");
        }
        assert_eq!(time_of(&Value::Text("yesterday".to_owned())), GoTime::ZERO);
    }

    #[test]
    fn times_are_read_from_seconds_to_the_microsecond() {
        for (seconds, text) in [
            (1_795_169_885.177_232, "2026-11-20T10:18:05.177232Z"),
            (4_102_444_799.999_999, "2099-12-31T23:59:59.999999Z"),
            (-0.000_001, "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(time_of(&Value::Real(seconds)).to_string(), text);
        }
        for no_time in [f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            assert_eq!(time_of(&Value::Real(no_time)), GoTime::ZERO);
        }
    }

    #[test]
    fn no_partial_hashes_are_json_null() {
        assert_eq!(partial_hashes_json(&[]), "null");
        assert_eq!(
            partial_hashes_json(&["h1:a".to_owned(), "h1:b".to_owned()]),
            r#"["h1:a","h1:b"]"#
        );
    }

    #[test]
    fn a_row_reads_back_as_it_was_written() {
        let mut written = revision("1");
        written.partial_hashes = vec!["h1:a".to_owned()];
        written.error = "near \"BAD\": syntax error".to_owned();
        assert_eq!(
            revision_of(values_of(&written, Spelling::Sqlite)).unwrap(),
            written
        );
        assert_eq!(
            revision_of(values_of(&written, Spelling::Postgres)).unwrap(),
            written
        );
    }

    #[test]
    fn missing_values_are_read_as_empty() {
        let mut row = values_of(&revision("1"), Spelling::Sqlite);
        for index in [7, 8, 10] {
            row[index] = Value::Null;
        }
        assert_eq!(revision_of(row).unwrap(), revision("1"));
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named() {
        let mut row = values_of(&revision("1"), Spelling::Sqlite);
        row[3] = Value::Text("many".to_owned());
        assert_eq!(
            revision_of(row).unwrap_err().to_string(),
            r#"sql/migrate: read revisions: column applied of revision "1" is Text("many"), expected an integer"#
        );
    }

    #[test]
    fn key_description_and_first_time_are_never_written_over() {
        assert_eq!(written_over().count(), COLUMNS.len() - 3);
    }
}

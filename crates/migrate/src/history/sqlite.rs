//! `atlas_schema_revisions` on SQLite, column for column as Atlas creates and fills it.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use shipgate_database::{Session, StatementError, Value};

use super::kind::RevisionKind;
use super::revision::Revision;
use super::store::{History, HistoryError, Snapshot, Started};
use super::{CLOUD_IDENTIFIER, TABLE};
use crate::golang::{GoDuration, GoTime};

pub(super) struct SqliteHistory;

const CREATE: &str = "CREATE TABLE `atlas_schema_revisions` (\
    `version` text NOT NULL, `description` text NOT NULL, \
    `type` integer NOT NULL DEFAULT (2), `applied` integer NOT NULL DEFAULT (0), \
    `total` integer NOT NULL DEFAULT (0), `executed_at` datetime NOT NULL, \
    `execution_time` integer NOT NULL, `error` text NULL, `error_stmt` text NULL, \
    `hash` text NOT NULL, `partial_hashes` json NULL, `operator_version` text NOT NULL, \
    PRIMARY KEY (`version`))";

const SELECT: &str = "SELECT `version`, `description`, `type`, `applied`, `total`, `executed_at`, \
    `execution_time`, `error`, `error_stmt`, `hash`, `partial_hashes`, `operator_version` \
    FROM `atlas_schema_revisions` ORDER BY `version`";

const INSERT: &str = "INSERT INTO `atlas_schema_revisions` (`version`, `description`, `type`, \
    `applied`, `total`, `executed_at`, `execution_time`, `error`, `error_stmt`, `hash`, \
    `partial_hashes`, `operator_version`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// All but the key, the description and the time of the first write.
const ON_CONFLICT: &str = " ON CONFLICT (`version`) DO UPDATE SET `type` = excluded.`type`, \
    `applied` = excluded.`applied`, `total` = excluded.`total`, \
    `execution_time` = excluded.`execution_time`, `error` = excluded.`error`, \
    `error_stmt` = excluded.`error_stmt`, `hash` = excluded.`hash`, \
    `partial_hashes` = excluded.`partial_hashes`, `operator_version` = excluded.`operator_version`";

const TABLES: &str = "SELECT `name` FROM `sqlite_master` WHERE `type` = 'table' \
    AND `name` NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND `name` <> 'atlas_schema_revisions' ORDER BY `name`";

#[async_trait]
impl History for SqliteHistory {
    async fn read(&self, session: &mut dyn Session) -> Result<Snapshot, HistoryError> {
        let rows = match session.query(SELECT, &[]).await {
            Ok(rows) => rows,
            Err(error) if is_missing_table(&error) => return Ok(Snapshot::default()),
            Err(error) => return Err(HistoryError::Read(error)),
        };
        let mut revisions = Vec::with_capacity(rows.len());
        for row in rows {
            let revision = revision_of(row)?;
            if revision.version != CLOUD_IDENTIFIER {
                revisions.push(revision);
            }
        }
        Ok(Snapshot {
            table_exists: true,
            revisions,
        })
    }

    async fn create(&self, session: &mut dyn Session) -> Result<(), HistoryError> {
        session
            .execute(CREATE)
            .await
            .map_err(HistoryError::Create)?;
        Ok(())
    }

    async fn start(
        &self,
        session: &mut dyn Session,
        revision: &Revision,
        started: Started,
    ) -> Result<(), HistoryError> {
        let (guard, seen) = match started {
            Started::New => ("", None),
            Started::Resumed { applied } => (" WHERE `applied` = ?", Some(Value::Integer(applied))),
        };
        let conflict = match started {
            Started::New => " ON CONFLICT (`version`) DO NOTHING",
            Started::Resumed { .. } => ON_CONFLICT,
        };
        let statement = format!("{INSERT}{conflict}{guard} RETURNING `version`");
        let mut values = values_of(revision);
        values.extend(seen);
        let written = session
            .query(&statement, &values)
            .await
            .map_err(HistoryError::Write)?;
        if written.is_empty() {
            return Err(HistoryError::Changed(revision.version.clone()));
        }
        Ok(())
    }

    async fn progress(
        &self,
        session: &mut dyn Session,
        version: &str,
        applied: i64,
    ) -> Result<(), HistoryError> {
        let statement = "UPDATE `atlas_schema_revisions` SET `applied` = ? WHERE `version` = ?";
        let values = [Value::Integer(applied), Value::Text(version.to_owned())];
        session
            .query(statement, &values)
            .await
            .map_err(HistoryError::Write)?;
        Ok(())
    }

    async fn write(
        &self,
        session: &mut dyn Session,
        revision: &Revision,
    ) -> Result<(), HistoryError> {
        session
            .query(&format!("{INSERT}{ON_CONFLICT}"), &values_of(revision))
            .await
            .map_err(HistoryError::Write)?;
        Ok(())
    }

    async fn delete(&self, session: &mut dyn Session, version: &str) -> Result<(), HistoryError> {
        let statement = "DELETE FROM `atlas_schema_revisions` WHERE `version` = ?";
        session
            .query(statement, &[Value::Text(version.to_owned())])
            .await
            .map_err(HistoryError::Write)?;
        Ok(())
    }

    async fn not_clean(&self, session: &mut dyn Session) -> Result<Option<String>, HistoryError> {
        let tables = session
            .query(TABLES, &[])
            .await
            .map_err(HistoryError::Read)?;
        Ok(match tables.len() {
            0 => None,
            // The count has always included the history's own table.
            others => Some(format!("found multiple tables: {}", others + 1)),
        })
    }
}

fn is_missing_table(error: &StatementError) -> bool {
    error
        .message
        .strip_prefix("no such table: ")
        .is_some_and(|name| name == TABLE || name.ends_with(&format!(".{TABLE}")))
}

fn values_of(revision: &Revision) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    vec![
        text(&revision.version),
        text(&revision.description),
        Value::Integer(revision.kind.0),
        Value::Integer(revision.applied),
        Value::Integer(revision.total),
        Value::Text(datetime_text(revision.executed_at)),
        Value::Integer(revision.execution_time.as_nanos()),
        text(&revision.error),
        text(&revision.error_stmt),
        text(&revision.hash),
        Value::Blob(partial_hashes_json(&revision.partial_hashes).into_bytes()),
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

fn datetime_text(time: GoTime) -> String {
    time.to_string()
        .replacen('T', " ", 1)
        .replacen('Z', "+00:00", 1)
}

fn revision_of(row: Vec<Value>) -> Result<Revision, HistoryError> {
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
        partial_hashes: hashes_of(&version, next())?,
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

fn hashes_of(version: &str, value: Value) -> Result<Vec<String>, HistoryError> {
    let shown = format!("{value:?}");
    let bytes = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Text(text) => text.into_bytes(),
        Value::Blob(bytes) => bytes,
        other => {
            return Err(wrong_value(
                version,
                "partial_hashes",
                &other,
                "a JSON array of strings",
            ));
        }
    };
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_slice::<Option<Vec<String>>>(&bytes)
        .map(Option::unwrap_or_default)
        .map_err(|_| HistoryError::Value {
            version: version.to_owned(),
            column: "partial_hashes",
            value: shown,
            expected: "a JSON array of strings",
        })
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
        Value::Text(text) => time_of_text(text),
        _ => None,
    };
    timestamp.map_or(GoTime::ZERO, GoTime::from)
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

    use super::{datetime_text, partial_hashes_json, revision_of, time_of, values_of};
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
            assert_eq!(datetime_text(timestamp(time).into()), text);
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
        assert_eq!(revision_of(values_of(&written)).unwrap(), written);
    }

    #[test]
    fn missing_values_are_read_as_empty() {
        let mut row = values_of(&revision("1"));
        for index in [7, 8, 10] {
            row[index] = Value::Null;
        }
        assert_eq!(revision_of(row).unwrap(), revision("1"));
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named() {
        let mut row = values_of(&revision("1"));
        row[3] = Value::Text("many".to_owned());
        assert_eq!(
            revision_of(row).unwrap_err().to_string(),
            r#"sql/migrate: read revisions: column applied of revision "1" is Text("many"), expected an integer"#
        );
    }
}

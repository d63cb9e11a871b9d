//! The server's errors in our words.

use mysql_async::{Error, ServerError};

use super::place;
use crate::{ErrorKind, StatementError};

/// `error` of running `statement`.
pub(super) fn statement_error(error: Error, statement: &str) -> StatementError {
    match error {
        Error::Server(error) => server_error(&error, statement),
        Error::Io(error) => lost(&error.to_string()),
        other => lost(&other.to_string()),
    }
}

/// A refusal, as Go's driver words it: `Error 1065 (42000): Query was empty`.
pub(super) fn server_error(error: &ServerError, statement: &str) -> StatementError {
    StatementError {
        code: Some(error.code.to_string()),
        offset: place::offset(statement, &error.message),
        ..StatementError::new(kind(error), worded(error))
    }
}

/// `Error 1049 (42000): Unknown database 'shop'`.
pub(super) fn worded(error: &ServerError) -> String {
    format!("Error {} ({}): {}", error.code, error.state, error.message)
}

/// Numbers are those of MySQL's `mysqld_error.h` and MariaDB's `errmsg-utf8.txt`.
fn kind(error: &ServerError) -> ErrorKind {
    match error.code {
        // Lock wait timeout, deadlock, changed since read, NOWAIT.
        1205 | 1213 | 1020 | 3572 => ErrorKind::Locked,
        1317 => ErrorKind::Cancelled,
        // MariaDB's max_statement_time, MySQL's max_execution_time.
        1969 | 3024 => ErrorKind::TimedOut,
        // Shutdown, aborted, killed, gone away, lost, idle for too long.
        1053 | 1152 | 1184 | 1927 | 2006 | 2013 | 4031 => ErrorKind::SessionLost,
        // No privilege, read-only server, read-only transaction.
        1044 | 1045 | 1142 | 1143 | 1227 | 1290 | 1370 | 1410 | 1419 | 1792 | 1836 => {
            ErrorKind::NotAllowed
        }
        // Disk full, table full.
        1021 | 1114 => ErrorKind::DiskFull,
        _ if error.message.contains("No space left on device") => ErrorKind::DiskFull,
        _ => ErrorKind::Refused,
    }
}

/// The connection is gone.
pub(super) fn lost(how: &str) -> StatementError {
    StatementError::new(
        ErrorKind::SessionLost,
        format!("the connection to the server was lost: {how}"),
    )
}

/// The call was cancelled before it was sent.
pub(super) fn cancelled() -> StatementError {
    StatementError {
        code: Some("1317".to_owned()),
        ..StatementError::new(
            ErrorKind::Cancelled,
            "Error 1317 (70100): Query execution was interrupted",
        )
    }
}

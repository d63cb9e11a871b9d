//! SQLite's errors in our words.

use rusqlite::{Error, ErrorCode, ffi};

use super::codes;
use crate::{ErrorKind, StatementError};

/// `error` of running `text`, of which SQLite may have been given only the end.
pub(super) fn statement_error(error: &Error, text: &str) -> StatementError {
    match error {
        Error::SqliteFailure(failure, message) => StatementError {
            code: Some(codes::name(failure.extended_code)),
            ..StatementError::new(
                kind(failure.code),
                message.clone().unwrap_or_else(|| failure.to_string()),
            )
        },
        Error::SqlInputError {
            error,
            msg,
            sql,
            offset,
        } => StatementError {
            code: Some(codes::name(error.extended_code)),
            offset: usize::try_from(*offset)
                .ok()
                .map(|offset| text.len().saturating_sub(sql.len()) + offset),
            ..StatementError::new(kind(error.code), msg.clone())
        },
        other => StatementError::new(ErrorKind::Refused, other.to_string()),
    }
}

/// The primary result code of `error`, if it came from SQLite.
pub(super) fn code(error: &Error) -> Option<ErrorCode> {
    error.sqlite_error_code()
}

fn kind(code: ErrorCode) -> ErrorKind {
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => ErrorKind::Locked,
        ErrorCode::DiskFull => ErrorKind::DiskFull,
        ErrorCode::PermissionDenied
        | ErrorCode::ReadOnly
        | ErrorCode::CannotOpen
        | ErrorCode::AuthorizationForStatementDenied => ErrorKind::NotAllowed,
        ErrorCode::OperationInterrupted => ErrorKind::Cancelled,
        ErrorCode::SystemIoFailure
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::OutOfMemory
        | ErrorCode::InternalMalfunction => ErrorKind::SessionLost,
        _ => ErrorKind::Refused,
    }
}

/// The error of a call whose statement was stopped.
pub(super) fn cancelled() -> StatementError {
    StatementError {
        code: Some(codes::name(ffi::SQLITE_INTERRUPT)),
        ..StatementError::new(ErrorKind::Cancelled, "interrupted")
    }
}

/// The error of a call on a session whose thread is gone.
pub(super) fn lost() -> StatementError {
    StatementError::new(ErrorKind::SessionLost, "the session has ended")
}

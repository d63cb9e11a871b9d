//! The server's errors in our words.

use std::io;

use super::message::Report;
use crate::{ErrorKind, StatementError};

/// The server's error about `statement`.
///
/// The message has the shape of Go's `lib/pq`, which is Atlas's:
/// `pq: relation "x" does not exist at column 15 (42P01)`, with
/// `at position LINE:COLUMN` if the statement has several lines.
pub(super) fn statement_error(report: &Report, statement: &str) -> StatementError {
    let mut message = format!("pq: {}", report.message);
    if let Some(position) = report.position {
        message.push_str(&place(statement, position));
    }
    if !report.code.is_empty() {
        message.push_str(&format!(" ({})", report.code));
    }
    let mut detail = report.detail.clone();
    if let Some(context) = &report.context {
        let text = detail.get_or_insert_default();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str("in ");
        text.push_str(context);
    }
    StatementError {
        kind: kind(report),
        message,
        code: Some(report.code.clone()).filter(|code| !code.is_empty()),
        offset: report
            .position
            .and_then(|position| offset(statement, position)),
        detail,
        hint: report.hint.clone(),
    }
}

/// The session's connection is gone.
pub(super) fn lost(error: &io::Error) -> StatementError {
    StatementError::new(
        ErrorKind::SessionLost,
        format!("the connection to PostgreSQL is lost: {error}"),
    )
}

/// PostgreSQL ends a text at a NUL and would run half of it.
pub(super) fn refuse_nul(text: &str) -> Result<(), StatementError> {
    match text.find('\0') {
        None => Ok(()),
        Some(offset) => Err(StatementError {
            offset: Some(offset),
            ..StatementError::new(ErrorKind::Refused, "NUL byte in SQL")
        }),
    }
}

/// Byte offset of the character at `position`, from 1.
fn offset(statement: &str, position: usize) -> Option<usize> {
    let before = position.checked_sub(1)?;
    statement
        .char_indices()
        .map(|(offset, _)| offset)
        .chain([statement.len()])
        .nth(before)
}

/// ` at column 3`, or ` at position 2:3` if there are several lines.
fn place(statement: &str, position: usize) -> String {
    let Some(offset) = offset(statement, position) else {
        return String::new();
    };
    let before = &statement[..offset];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before[start..].chars().count() + 1;
    if statement.contains('\n') {
        let line = before.matches('\n').count() + 1;
        format!(" at position {line}:{column}")
    } else {
        format!(" at column {column}")
    }
}

/// Kinds by SQLSTATE
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn kind(report: &Report) -> ErrorKind {
    match report.code.as_str() {
        "55P03" | "40P01" | "40001" => ErrorKind::Locked,
        // The server has one code for both. Where its messages are translated,
        // a timeout is told as a cancellation.
        "57014" if report.message.contains("statement timeout") => ErrorKind::TimedOut,
        "57014" => ErrorKind::Cancelled,
        "57P05" | "25P03" | "25P04" => ErrorKind::SessionLost,
        "57P01" | "57P02" | "57P03" => ErrorKind::SessionLost,
        "42501" | "25006" => ErrorKind::NotAllowed,
        "53100" => ErrorKind::DiskFull,
        code if code.starts_with("08") => ErrorKind::SessionLost,
        _ if report.severity == "FATAL" || report.severity == "PANIC" => ErrorKind::SessionLost,
        _ => ErrorKind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(position: usize) -> Report {
        Report {
            code: "42703".to_owned(),
            message: "column \"b\" does not exist".to_owned(),
            position: Some(position),
            ..Report::default()
        }
    }

    #[test]
    fn a_position_in_one_line_is_a_column() {
        let error = statement_error(&report(13), "SELECT 'ä', b");
        assert_eq!(
            error.message,
            "pq: column \"b\" does not exist at column 13 (42703)"
        );
        assert_eq!(error.offset, Some(13));
    }

    #[test]
    fn a_position_in_several_lines_is_line_and_column() {
        let error = statement_error(&report(10), "SELECT 1,\nb");
        assert_eq!(
            error.message,
            "pq: column \"b\" does not exist at position 1:10 (42703)"
        );
        let error = statement_error(&report(11), "SELECT 1,\nb");
        assert_eq!(
            error.message,
            "pq: column \"b\" does not exist at position 2:1 (42703)"
        );
        assert_eq!(error.offset, Some(10));
    }

    #[test]
    fn a_position_behind_the_text_is_left_out() {
        let error = statement_error(&report(99), "SELECT b");
        assert_eq!(error.message, "pq: column \"b\" does not exist (42703)");
        assert_eq!(error.offset, None);
    }
}

//! What the server's messages say, byte by byte
//! (<https://www.postgresql.org/docs/current/protocol-message-formats.html>).

use std::io;

use bytes::{Buf, Bytes};

/// Message tags of the server.
pub(super) mod tag {
    pub(in super::super) const AUTHENTICATION: u8 = b'R';
    pub(in super::super) const BACKEND_KEY: u8 = b'K';
    pub(in super::super) const COMMAND_COMPLETE: u8 = b'C';
    pub(in super::super) const COPY_IN: u8 = b'G';
    pub(in super::super) const DATA_ROW: u8 = b'D';
    pub(in super::super) const EMPTY_QUERY: u8 = b'I';
    pub(in super::super) const ERROR: u8 = b'E';
    pub(in super::super) const NOTICE: u8 = b'N';
    pub(in super::super) const PARAMETER_STATUS: u8 = b'S';
    pub(in super::super) const READY: u8 = b'Z';
    pub(in super::super) const ROW_DESCRIPTION: u8 = b'T';
}

/// An error or a notice of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    /// `ERROR`, `FATAL`, `WARNING`, never translated.
    pub(super) severity: String,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) detail: Option<String>,
    pub(super) hint: Option<String>,
    /// Character in the statement sent, from 1.
    pub(super) position: Option<usize>,
    /// Character in a statement of the server's own (in a function).
    pub(super) internal_position: Option<usize>,
    pub(super) context: Option<String>,
}

impl Report {
    pub(super) fn parse(mut body: Bytes) -> Self {
        let mut report = Self::default();
        while body.has_remaining() {
            let field = body.get_u8();
            if field == 0 {
                break;
            }
            let Ok(value) = text(&mut body) else { break };
            match field {
                b'S' if report.severity.is_empty() => report.severity = value,
                b'V' => report.severity = value,
                b'C' => report.code = value,
                b'M' => report.message = value,
                b'D' => report.detail = Some(value),
                b'H' => report.hint = Some(value),
                b'P' => report.position = value.parse().ok(),
                b'p' => report.internal_position = value.parse().ok(),
                b'W' => report.context = Some(value),
                _ => {}
            }
        }
        report
    }
}

/// The next text, up to its zero. What is no UTF-8 (an error before the
/// encoding is agreed on) is shown as well as it can be.
pub(super) fn text(body: &mut Bytes) -> io::Result<String> {
    let end = body
        .iter()
        .position(|byte| *byte == 0)
        .ok_or_else(cut_short)?;
    let text = String::from_utf8_lossy(&body.split_to(end)).into_owned();
    body.advance(1);
    Ok(text)
}

/// Name and value of a `ParameterStatus`.
pub(super) fn parameter(mut body: Bytes) -> io::Result<(String, String)> {
    Ok((text(&mut body)?, text(&mut body)?))
}

/// The type of each column of a `RowDescription`, by object identifier.
pub(super) fn column_types(mut body: Bytes) -> io::Result<Vec<u32>> {
    let count = short(&mut body)?;
    let mut types = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        text(&mut body)?;
        if body.remaining() < 18 {
            return Err(cut_short());
        }
        body.advance(6);
        types.push(body.get_u32());
        body.advance(8);
    }
    Ok(types)
}

/// The fields of a `DataRow`; `None` is NULL.
pub(super) fn fields(mut body: Bytes) -> io::Result<Vec<Option<Bytes>>> {
    let count = short(&mut body)?;
    let mut fields = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        if body.remaining() < 4 {
            return Err(cut_short());
        }
        let Ok(length) = usize::try_from(body.get_i32()) else {
            fields.push(None);
            continue;
        };
        if body.remaining() < length {
            return Err(cut_short());
        }
        fields.push(Some(body.split_to(length)));
    }
    Ok(fields)
}

/// Rows changed, by a command's tag: `INSERT 0 5`, `UPDATE 3`. The rows that
/// a query returned are not counted; those that `CREATE TABLE AS` wrote are.
pub(super) fn rows_changed(tag: &str, returned_rows: bool) -> u64 {
    let verb = tag.split(' ').next().unwrap_or_default();
    let counts = match verb {
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "COPY" => true,
        "SELECT" => !returned_rows,
        _ => false,
    };
    if !counts {
        return 0;
    }
    tag.rsplit(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

fn short(body: &mut Bytes) -> io::Result<u16> {
    if body.remaining() < 2 {
        return Err(cut_short());
    }
    Ok(body.get_u16())
}

pub(super) fn cut_short() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the server's message is cut short",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_tell_how_many_rows_they_changed() {
        for (tag, returned_rows, rows) in [
            ("INSERT 0 5", false, 5),
            ("INSERT 0 1", true, 1),
            ("UPDATE 3", false, 3),
            ("SELECT 4", true, 0),
            ("SELECT 4", false, 4),
            ("CREATE TABLE", false, 0),
            ("COPY 7", false, 7),
            ("", false, 0),
        ] {
            assert_eq!(rows_changed(tag, returned_rows), rows, "{tag}");
        }
    }

    proptest! {
        #[test]
        fn no_message_makes_it_panic(bytes in any::<Vec<u8>>()) {
            let body = Bytes::from(bytes);
            Report::parse(body.clone());
            let _ = parameter(body.clone());
            let _ = column_types(body.clone());
            let _ = fields(body);
        }

        #[test]
        fn a_report_is_read_as_it_was_written(
            parts in prop::collection::vec(("[MDHC]", "[^\\x00]{0,20}"), 0..6)
        ) {
            let mut bytes = Vec::new();
            for (field, value) in &parts {
                bytes.extend_from_slice(field.as_bytes());
                bytes.extend_from_slice(value.as_bytes());
                bytes.push(0);
            }
            bytes.push(0);
            let report = Report::parse(Bytes::from(bytes));
            let last = |wanted: &str| {
                let found = parts.iter().rev().find(|(field, _)| field == wanted);
                found.map(|(_, value)| value.clone())
            };
            prop_assert_eq!(report.message, last("M").unwrap_or_default());
            prop_assert_eq!(report.detail, last("D"));
            prop_assert_eq!(report.hint, last("H"));
        }
    }
}

//! Commands of the databases' own clients: `DELIMITER` is obeyed, `\restrict`
//! skipped, others refused.

use super::{Scanner, Stop};
use crate::delimiter::Delimiter;
use crate::token::{LexError, Token, TokenKind};
use crate::window::Window;
use crate::{Dialect, SplitErrorKind, effort, seek};

impl Scanner {
    /// `DELIMITER` and a blank, in the dialects whose client knows it.
    pub(super) fn is_delimiter_command(&self, word: &str, window: Window<'_>, end: usize) -> bool {
        let knows = matches!(self.dialect, Dialect::MySql | Dialect::MariaDb);
        knows
            && word.eq_ignore_ascii_case("DELIMITER")
            && window
                .bytes()
                .get(end)
                .is_none_or(|byte| self.lexer.is_space(*byte))
    }

    /// Sets the delimiter to the first word behind the command; the rest of
    /// the line means nothing, as in the client.
    pub(super) fn obey_delimiter_command(
        &mut self,
        window: Window<'_>,
        command: Token,
    ) -> Result<(), Stop> {
        let rest = &window.text[command.end..];
        let length = match seek::byte(rest.as_bytes(), b'\n') {
            Some(length) => length + 1,
            None if window.complete => rest.len(),
            None => return Err(Stop::More),
        };
        effort::spend(length);
        let argument = rest[..length].trim();
        let written = match argument.bytes().next() {
            Some(quote @ (b'\'' | b'"' | b'`')) => {
                let inner = &argument[1..];
                &inner[..seek::byte(inner.as_bytes(), quote).unwrap_or(inner.len())]
            }
            _ => argument.split_ascii_whitespace().next().unwrap_or_default(),
        };
        let span = command.start..command.end + rest[..length].trim_end().len();
        let fault = |kind| {
            Stop::Fault(LexError {
                kind,
                span: span.clone(),
            })
        };
        if written.contains('\\') {
            return Err(fault(SplitErrorKind::BackslashInDelimiter));
        }
        let delimiter = Delimiter::new(written).map_err(fault)?;
        self.delimiter = (!delimiter.is_semicolon()).then_some(delimiter);
        self.at = command.end + length;
        self.begin_lead(true);
        Ok(())
    }

    /// Commands that `pg_dump` writes around its scripts and that do nothing
    /// to a database.
    pub(super) fn is_harmless(&self, command: &str) -> bool {
        let name = command.split_ascii_whitespace().next();
        self.dialect == Dialect::Postgres && matches!(name, Some("\\restrict" | "\\unrestrict"))
    }

    pub(super) fn refuse_client_command(
        &self,
        window: Window<'_>,
        first: Token,
    ) -> Result<(), Stop> {
        let rest = &window.text[first.start..];
        if first.kind == TokenKind::ClientCommand {
            let text = &window.text[first.start..first.end];
            return Err(Stop::Fault(client_command(text, first)));
        }
        let is_dot_command = self.dialect == Dialect::Sqlite
            && rest
                .strip_prefix('.')
                .is_some_and(|name| name.starts_with(|letter: char| letter.is_ascii_alphabetic()));
        let is_source = matches!(self.dialect, Dialect::MySql | Dialect::MariaDb)
            && first.kind == TokenKind::Word
            && rest[..first.end - first.start].eq_ignore_ascii_case("SOURCE");
        if !is_dot_command && !is_source {
            return Ok(());
        }
        let length = match rest.find(char::is_whitespace) {
            Some(length) => length,
            None if window.complete => rest.len(),
            None => return Err(Stop::More),
        };
        let command = rest[..length].to_owned();
        Err(Stop::Fault(LexError {
            kind: if is_dot_command {
                SplitErrorKind::DotCommand(command)
            } else {
                SplitErrorKind::ClientCommand(command)
            },
            span: first.start..first.start + length,
        }))
    }
}

pub(super) fn client_command(text: &str, token: Token) -> LexError {
    let name = text.split_ascii_whitespace().next().unwrap_or(text);
    LexError {
        kind: SplitErrorKind::ClientCommand(name.to_owned()),
        span: token.start..token.start + text.trim_end().len(),
    }
}

//! The tokens of a dialect under its session's settings.

use crate::token::{LexError, Token, TokenKind};
use crate::window::Window;
use crate::{Dialect, SplitOptions, mysql, postgres, sqlite};

/// Reads tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lexer {
    Sqlite,
    Postgres(SplitOptions),
    MySql(mysql::token::Lexer),
}

impl Lexer {
    pub(crate) fn new(dialect: Dialect, options: SplitOptions) -> Self {
        match dialect {
            Dialect::Sqlite => Self::Sqlite,
            Dialect::Postgres => Self::Postgres(options),
            Dialect::MySql | Dialect::MariaDb => Self::MySql(mysql::token::Lexer {
                maria: dialect == Dialect::MariaDb,
                options,
                code_comments: 0,
            }),
        }
    }

    /// The token that starts at `start`; `None` at the end of the window.
    pub(crate) fn token_at(
        &self,
        window: Window<'_>,
        start: usize,
    ) -> Option<Result<Token, LexError>> {
        match self {
            Self::Sqlite => sqlite::token::token_at(window.text, start),
            Self::Postgres(options) => {
                postgres::token::token_at(window, start, options.standard_conforming_strings)
            }
            Self::MySql(lexer) => lexer.token_at(window.text, start),
        }
    }

    /// The first token from `at` on that matters to a statement without
    /// blocks, or `limit`. `floor` is where a token began, at or before `at`;
    /// `in_name` is kept from one call to the next until a token is read.
    pub(crate) fn skip(
        &self,
        bytes: &[u8],
        floor: usize,
        at: usize,
        limit: usize,
        in_name: &mut bool,
    ) -> usize {
        match self {
            Self::Sqlite => sqlite::token::skip(bytes, floor, at, limit),
            Self::Postgres(_) => postgres::token::skip(bytes, floor, at, limit, in_name),
            Self::MySql(_) => mysql::token::skip(bytes, at, limit),
        }
    }

    pub(crate) fn is_space(&self, byte: u8) -> bool {
        match self {
            Self::Sqlite => sqlite::token::is_space(byte),
            Self::Postgres(_) => postgres::token::is_space(byte),
            Self::MySql(_) => mysql::token::is_space(byte),
        }
    }

    pub(crate) fn is_word_byte(&self, byte: u8) -> bool {
        match self {
            Self::Sqlite => sqlite::token::is_word_byte(byte),
            Self::Postgres(_) => postgres::token::is_word_byte(byte),
            Self::MySql(_) => mysql::token::is_word_byte(byte),
        }
    }

    /// Whether a delimiter may cut the token that begins with `bytes` after
    /// its first character.
    pub(crate) fn is_single(&self, bytes: &[u8]) -> bool {
        let is_mark = matches!(self, Self::Sqlite) && matches!(bytes[0], b'$' | b'@' | b':' | b'#');
        is_mark || self.is_space(bytes[0])
    }

    /// Whether a name or number begins with `bytes`, and no quote with them.
    pub(crate) fn is_bare_word(&self, bytes: &[u8]) -> bool {
        let is_prefix =
            matches!(self, Self::Postgres(_)) && postgres::token::is_prefixed_quote(bytes);
        bytes[0] < 0x80 && bytes[0] != b'$' && self.is_word_byte(bytes[0]) && !is_prefix
    }

    /// Notes a token that was read.
    pub(crate) fn pass(&mut self, kind: TokenKind) {
        if let Self::MySql(lexer) = self {
            match kind {
                TokenKind::CodeOpen => lexer.code_comments += 1,
                TokenKind::CodeClose => lexer.code_comments -= 1,
                _ => {}
            }
        }
    }

    /// Whether a comment is open whose text is code.
    pub(crate) fn in_code_comment(&self) -> bool {
        matches!(self, Self::MySql(lexer) if lexer.code_comments > 0)
    }

    /// Sets the session's settings, outside of any statement.
    pub(crate) fn set(&mut self, settings: SplitOptions) {
        match self {
            Self::Sqlite => {}
            Self::Postgres(options) => *options = settings,
            Self::MySql(lexer) => {
                lexer.options = settings;
                lexer.code_comments = 0;
            }
        }
    }
}

//! Where a statement ends, for each dialect.

use crate::token::TokenKind;
use crate::{Construct, Dialect, mysql, postgres, sqlite};

/// How far a statement has come.
#[derive(Clone, Debug)]
pub(crate) enum Boundary {
    Sqlite(sqlite::boundary::Boundary),
    Postgres(postgres::boundary::Boundary),
    MySql {
        maria: bool,
        boundary: mysql::boundary::Boundary,
    },
}

impl Boundary {
    /// Before the first token of a statement.
    pub(crate) fn start(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Sqlite => Self::Sqlite(sqlite::boundary::Boundary::Start),
            Dialect::Postgres => Self::Postgres(postgres::boundary::Boundary::default()),
            Dialect::MySql | Dialect::MariaDb => Self::MySql {
                maria: dialect == Dialect::MariaDb,
                boundary: mysql::boundary::Boundary::default(),
            },
        }
    }

    /// Whether nothing but quotes, comments, parentheses and the `;` matters
    /// from here on.
    pub(crate) fn is_plain(&self) -> bool {
        match self {
            Self::Sqlite(boundary) => *boundary == sqlite::boundary::Boundary::Plain,
            Self::Postgres(boundary) => boundary.is_plain(),
            Self::MySql { boundary, .. } => boundary.is_plain(),
        }
    }

    /// Passes a parenthesis where they are all that is left to count.
    pub(crate) fn pass_parenthesis(&mut self, byte: u8, offset: usize) -> bool {
        let Self::Postgres(boundary) = self else {
            return false;
        };
        match byte {
            b'(' => boundary.after_open(offset),
            b')' => boundary.after_close(),
            _ => return false,
        }
        true
    }

    /// Whether the statement is complete after this token, which is neither
    /// blank nor comment and begins `offset` bytes behind its start.
    pub(crate) fn after(&mut self, kind: TokenKind, token: &str, offset: usize) -> bool {
        match self {
            Self::Sqlite(boundary) => {
                *boundary = match kind {
                    TokenKind::Semicolon => boundary.after_semicolon(),
                    TokenKind::Word => boundary.after_word(token),
                    _ => boundary.after_other(),
                };
                *boundary == sqlite::boundary::Boundary::Start
            }
            Self::Postgres(boundary) => {
                match kind {
                    TokenKind::Semicolon => return boundary.after_semicolon(),
                    TokenKind::Word => boundary.after_word(token),
                    TokenKind::Open => boundary.after_open(offset),
                    TokenKind::Close => boundary.after_close(),
                    _ if token == "." => boundary.after_dot(),
                    _ => boundary.after_other(),
                }
                false
            }
            Self::MySql { maria, boundary } => {
                match kind {
                    TokenKind::Semicolon => return boundary.after_semicolon(),
                    TokenKind::Word => boundary.after_word(token, *maria),
                    TokenKind::Open => boundary.after_open(),
                    TokenKind::Close => boundary.after_close(),
                    TokenKind::CodeOpen | TokenKind::CodeClose => {}
                    _ => boundary.after_other(token),
                }
                false
            }
        }
    }

    /// What is open where the text ends, and how many bytes behind the
    /// statement's start it was opened.
    pub(crate) fn open(&self) -> Option<(Construct, usize)> {
        match self {
            Self::Sqlite(boundary) => (!boundary.may_end()).then_some((Construct::Trigger, 0)),
            Self::Postgres(boundary) if boundary.in_block() => Some((Construct::Block, 0)),
            Self::Postgres(boundary) => boundary
                .in_parentheses()
                .then_some((Construct::Parenthesis, boundary.opened)),
            Self::MySql { boundary, .. } => boundary.in_block().then_some((Construct::Block, 0)),
        }
    }
}

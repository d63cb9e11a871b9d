//! What a session has set that changes how its scripts are read.

use crate::{Dialect, Statement, StatementKind, mysql, postgres};

/// Settings of a session that change where strings end.
///
/// The defaults are those of a fresh server. A script that changes them by
/// `SET` itself is followed from that statement on.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitOptions {
    /// PostgreSQL: `standard_conforming_strings`; off makes a backslash an
    /// escape in `'...'`. On by default.
    pub standard_conforming_strings: bool,
    /// MySQL, MariaDB: `sql_mode` has `NO_BACKSLASH_ESCAPES`. Off by default.
    pub no_backslash_escapes: bool,
    /// MySQL, MariaDB: `sql_mode` has `ANSI_QUOTES`, so that `"..."` is a
    /// name. Off by default.
    pub ansi_quotes: bool,
}

impl Default for SplitOptions {
    fn default() -> Self {
        Self {
            standard_conforming_strings: true,
            no_backslash_escapes: false,
            ansi_quotes: false,
        }
    }
}

impl SplitOptions {
    /// With `standard_conforming_strings` as given.
    #[must_use]
    pub fn standard_conforming_strings(mut self, on: bool) -> Self {
        self.standard_conforming_strings = on;
        self
    }

    /// With `NO_BACKSLASH_ESCAPES` as given.
    #[must_use]
    pub fn no_backslash_escapes(mut self, on: bool) -> Self {
        self.no_backslash_escapes = on;
        self
    }

    /// With `ANSI_QUOTES` as given.
    #[must_use]
    pub fn ansi_quotes(mut self, on: bool) -> Self {
        self.ansi_quotes = on;
        self
    }

    /// The settings after `statement`, as far as its text tells them: a `SET`
    /// of a literal, of `DEFAULT`, or of a variable, which is taken for what
    /// held the setting of before the script, `initial`.
    #[must_use]
    pub fn after(self, initial: Self, dialect: Dialect, statement: &Statement<'_>) -> Self {
        if statement.kind != StatementKind::Set {
            return self;
        }
        match dialect {
            Dialect::Sqlite => self,
            Dialect::Postgres => postgres::setting::after(statement.text, self, initial),
            Dialect::MySql | Dialect::MariaDb => {
                mysql::setting::after(dialect, statement.text, self, initial)
            }
        }
    }
}

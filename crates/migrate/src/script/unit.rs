//! What is sent to the database in one go.

use shipgate_sql::{
    Dialect, Position, SplitOptions, Statement, StatementKind, classify, statements_with,
};

/// A statement of a file, or what a file's own delimiter makes one of.
#[derive(Clone, Copy, Debug)]
pub struct Unit<'t> {
    /// Its number in the file, from 1.
    pub number: usize,
    /// Its text.
    pub text: &'t str,
    /// Where it begins, as a byte offset into the file.
    pub offset: usize,
    /// Line of its first character, from 1.
    pub line: usize,
    /// Column of its first character, in characters, from 1.
    pub column: usize,
    /// What it does, by its first words.
    pub kind: StatementKind<'t>,
}

impl<'t> Unit<'t> {
    pub(crate) fn new(
        dialect: Dialect,
        number: usize,
        text: &'t str,
        offset: usize,
        (line, column): (usize, usize),
    ) -> Self {
        Self {
            number,
            text,
            offset,
            line,
            column,
            kind: classify(dialect, text),
        }
    }

    /// A statement of a script, from its start on.
    pub(super) fn of(number: usize, statement: &Statement<'t>) -> Self {
        Self {
            number,
            text: statement.text,
            offset: statement.span.start,
            line: statement.line,
            column: statement.column,
            kind: statement.kind,
        }
    }

    /// The place in the file of a byte of the text.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let inside = shipgate_sql::position(self.text, offset);
        Position {
            line: self.line + inside.line - 1,
            column: match inside.line {
                1 => self.column + inside.column - 1,
                _ => inside.column,
            },
        }
    }

    /// Whether it changes or reads rows and does nothing else, so that it may
    /// be sent without waiting for the answer to the one before.
    pub(crate) fn may_run_together(&self, dialect: Dialect) -> bool {
        matches!(
            self.kind,
            StatementKind::Insert
                | StatementKind::Update
                | StatementKind::Delete
                | StatementKind::Select
        ) && self.is_one_statement(dialect)
    }

    /// With a delimiter of its own a file may have several in one.
    pub(crate) fn is_one_statement(&self, dialect: Dialect) -> bool {
        let text = self.text.strip_suffix(';').unwrap_or(self.text);
        memchr::memchr(b';', text.as_bytes()).is_none()
            || readings(dialect, text).all(|options| {
                statements_with(dialect, options, self.text)
                    .nth(1)
                    .is_none()
            })
    }
}

/// The settings by which sessions may read a text differently.
fn readings(dialect: Dialect, text: &str) -> impl Iterator<Item = SplitOptions> {
    let is_read_alike = memchr::memchr2(b'\\', b'"', text.as_bytes()).is_none();
    let count = match dialect {
        Dialect::Sqlite => 1,
        _ if is_read_alike => 1,
        Dialect::Postgres => 2,
        Dialect::MySql | Dialect::MariaDb => 4,
    };
    (0..count).map(|bits: u8| {
        SplitOptions::default()
            .standard_conforming_strings(bits & 1 == 0)
            .no_backslash_escapes(bits & 1 == 1)
            .ansi_quotes(bits & 2 == 2)
    })
}

#[cfg(test)]
mod tests {
    use shipgate_sql::{Dialect, Position};

    use super::Unit;

    fn unit(text: &str) -> Unit<'_> {
        Unit::new(Dialect::Sqlite, 1, text, 10, (3, 5))
    }

    #[test]
    fn a_place_in_the_text_is_one_in_the_file() {
        let unit = unit("SELECT\n  a");
        assert_eq!(unit.position(7 + 2), Position { line: 4, column: 3 });
        assert_eq!(unit.position(2), Position { line: 3, column: 7 });
    }

    #[test]
    fn what_only_concerns_rows_may_run_together() {
        for text in ["INSERT INTO t VALUES (1);", "DELETE FROM t", "SELECT ';';"] {
            assert!(unit(text).may_run_together(Dialect::Sqlite), "{text}");
        }
        for text in [
            "CREATE TABLE t (a);",
            "COMMIT;",
            "INSERT INTO t VALUES (1); COMMIT;",
            "PRAGMA user_version = 1",
        ] {
            assert!(!unit(text).may_run_together(Dialect::Sqlite), "{text}");
        }
    }
}

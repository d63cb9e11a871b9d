//! What a statement does, by its leading keywords.

use crate::Dialect;
use crate::sqlite::token::{TokenKind, token_at};

/// What a statement does.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind<'a> {
    /// `CREATE`.
    Create(Object),
    /// `ALTER`.
    Alter(Object),
    /// `DROP`.
    Drop(Object),
    /// `INSERT` or `REPLACE`, also after `WITH`.
    Insert,
    /// `UPDATE`, also after `WITH`.
    Update,
    /// `DELETE`, also after `WITH`.
    Delete,
    /// `SELECT` or `VALUES`, also after `WITH`.
    Select,
    /// `BEGIN`.
    Begin,
    /// `COMMIT` or `END`.
    Commit,
    /// `ROLLBACK` of the whole transaction.
    Rollback,
    /// `SAVEPOINT`.
    Savepoint,
    /// `RELEASE` of a savepoint.
    Release,
    /// `ROLLBACK TO` a savepoint.
    RollbackTo,
    /// `PRAGMA`, with its name as written and without schema.
    Pragma {
        /// `journal_mode` of `PRAGMA main.journal_mode = wal`.
        name: &'a str,
    },
    /// `VACUUM`.
    Vacuum,
    /// `ATTACH`.
    Attach,
    /// `DETACH`.
    Detach,
    /// `ANALYZE`.
    Analyze,
    /// `REINDEX`.
    Reindex,
    /// `EXPLAIN`.
    Explain,
    /// Nothing to run: blanks, comments, a lone `;`.
    Empty,
    /// Anything else, also what is no SQL.
    Other,
}

/// What a definition is about.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// A table.
    Table,
    /// A virtual table.
    VirtualTable,
    /// An index.
    Index,
    /// A view.
    View,
    /// A trigger.
    Trigger,
    /// Anything else.
    Other,
}

/// Pragmas that a transaction makes fail or silently do nothing.
const PRAGMAS_OUTSIDE_TRANSACTIONS: [&str; 9] = [
    "auto_vacuum",
    "foreign_keys",
    "journal_mode",
    "locking_mode",
    "page_size",
    "synchronous",
    "temp_store",
    "temp_store_directory",
    "wal_checkpoint",
];

impl StatementKind<'_> {
    /// Whether it works inside a transaction that was opened around it:
    /// false for what a transaction refuses (`VACUUM`), ignores (`PRAGMA
    /// foreign_keys`), or that opens or ends one itself.
    pub fn runs_in_transaction(&self) -> bool {
        match self {
            Self::Vacuum | Self::Begin | Self::Commit | Self::Rollback | Self::Detach => false,
            Self::Pragma { name } => !PRAGMAS_OUTSIDE_TRANSACTIONS
                .iter()
                .any(|pragma| pragma.eq_ignore_ascii_case(name)),
            _ => true,
        }
    }

    /// Whether it opens or ends a transaction: `BEGIN`, `COMMIT`, `ROLLBACK`.
    pub fn controls_transaction(&self) -> bool {
        matches!(self, Self::Begin | Self::Commit | Self::Rollback)
    }

    /// Whether it defines, changes or removes schema objects.
    pub fn changes_schema(&self) -> bool {
        matches!(self, Self::Create(_) | Self::Alter(_) | Self::Drop(_))
    }
}

/// What `statement` does. It need not be valid; dialects other than SQLite
/// are [`StatementKind::Other`].
pub fn classify(dialect: Dialect, statement: &str) -> StatementKind<'_> {
    if dialect != Dialect::Sqlite {
        return StatementKind::Other;
    }
    let mut words = Words {
        text: statement,
        at: 0,
    };
    let Some(first) = words.next() else {
        return StatementKind::Empty;
    };
    match keyword(first).as_str() {
        "CREATE" => StatementKind::Create(object(&mut words)),
        "ALTER" => StatementKind::Alter(object(&mut words)),
        "DROP" => StatementKind::Drop(object(&mut words)),
        "WITH" => words.main_verb(),
        "BEGIN" => StatementKind::Begin,
        "COMMIT" | "END" => StatementKind::Commit,
        "ROLLBACK" => rollback(&mut words),
        "SAVEPOINT" => StatementKind::Savepoint,
        "RELEASE" => StatementKind::Release,
        "PRAGMA" => pragma(&mut words),
        "VACUUM" => StatementKind::Vacuum,
        "ATTACH" => StatementKind::Attach,
        "DETACH" => StatementKind::Detach,
        "ANALYZE" => StatementKind::Analyze,
        "REINDEX" => StatementKind::Reindex,
        "EXPLAIN" => StatementKind::Explain,
        word => data_verb(word).unwrap_or(StatementKind::Other),
    }
}

fn data_verb(word: &str) -> Option<StatementKind<'static>> {
    Some(match word {
        "INSERT" | "REPLACE" => StatementKind::Insert,
        "UPDATE" => StatementKind::Update,
        "DELETE" => StatementKind::Delete,
        "SELECT" | "VALUES" => StatementKind::Select,
        _ => return None,
    })
}

/// The longest keyword looked for has nine letters; longer words are none.
fn keyword(word: &str) -> String {
    word.get(..word.len().min(16))
        .unwrap_or_default()
        .to_ascii_uppercase()
}

fn object(words: &mut Words<'_>) -> Object {
    let mut is_virtual = false;
    for word in words.by_ref().take(3) {
        match keyword(word).as_str() {
            "TEMP" | "TEMPORARY" | "UNIQUE" => {}
            "VIRTUAL" => is_virtual = true,
            "TABLE" if is_virtual => return Object::VirtualTable,
            "TABLE" => return Object::Table,
            "INDEX" => return Object::Index,
            "VIEW" => return Object::View,
            "TRIGGER" => return Object::Trigger,
            _ => break,
        }
    }
    Object::Other
}

/// `ROLLBACK [TRANSACTION [name]] TO [SAVEPOINT] name`.
fn rollback<'a>(words: &mut Words<'a>) -> StatementKind<'a> {
    let to_savepoint = words
        .by_ref()
        .take(3)
        .any(|word| word.eq_ignore_ascii_case("TO"));
    if to_savepoint {
        StatementKind::RollbackTo
    } else {
        StatementKind::Rollback
    }
}

fn pragma<'a>(words: &mut Words<'a>) -> StatementKind<'a> {
    let first = words.next().unwrap_or_default();
    let name = if words.next() == Some(".") {
        words.next().unwrap_or_default()
    } else {
        first
    };
    StatementKind::Pragma { name }
}

/// The tokens of a statement without blanks, comments and semicolons.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    /// The verb after a `WITH` clause: the first one outside parentheses.
    fn main_verb(&mut self) -> StatementKind<'a> {
        let mut depth = 0_usize;
        for word in self {
            match word {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ if depth == 0 => {
                    if let Some(verb) = data_verb(&keyword(word)) {
                        return verb;
                    }
                }
                _ => {}
            }
        }
        StatementKind::Other
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let Ok(token) = token_at(self.text, self.at)? else {
                self.at = self.text.len();
                return Some("");
            };
            self.at = token.end;
            match token.kind {
                TokenKind::Space
                | TokenKind::LineComment
                | TokenKind::BlockComment
                | TokenKind::Semicolon => {}
                _ => return Some(&self.text[token.start..token.end]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> StatementKind<'_> {
        classify(Dialect::Sqlite, text)
    }

    #[test]
    fn definitions_are_told_by_their_object() {
        assert_eq!(
            kind("create temp table t(a)"),
            StatementKind::Create(Object::Table)
        );
        assert_eq!(
            kind("CREATE UNIQUE INDEX i ON t(a)"),
            StatementKind::Create(Object::Index)
        );
        assert_eq!(
            kind("CREATE VIRTUAL TABLE f USING fts5(a)"),
            StatementKind::Create(Object::VirtualTable)
        );
        assert_eq!(kind("DROP VIEW v"), StatementKind::Drop(Object::View));
        assert_eq!(
            kind("/* c */ ALTER TABLE t RENAME TO u"),
            StatementKind::Alter(Object::Table)
        );
    }

    #[test]
    fn with_is_what_its_main_verb_is() {
        assert_eq!(
            kind("WITH a AS (SELECT 1), b AS (VALUES(2)) INSERT INTO t SELECT * FROM a"),
            StatementKind::Insert
        );
        assert_eq!(kind("WITH a AS (SELECT 1) SELECT 2"), StatementKind::Select);
    }

    #[test]
    fn transaction_control_is_told_from_savepoints() {
        assert_eq!(kind("END TRANSACTION;"), StatementKind::Commit);
        assert_eq!(kind("ROLLBACK"), StatementKind::Rollback);
        assert_eq!(
            kind("ROLLBACK TRANSACTION TO SAVEPOINT a"),
            StatementKind::RollbackTo
        );
        assert!(kind("BEGIN IMMEDIATE").controls_transaction());
        assert!(!kind("SAVEPOINT a").controls_transaction());
        assert!(kind("SAVEPOINT a").runs_in_transaction());
    }

    #[test]
    fn a_pragma_has_its_name() {
        assert_eq!(
            kind("PRAGMA main.journal_mode = wal"),
            StatementKind::Pragma {
                name: "journal_mode"
            }
        );
        assert!(!kind("pragma FOREIGN_KEYS=off").runs_in_transaction());
        assert!(kind("PRAGMA defer_foreign_keys = on").runs_in_transaction());
        assert!(!kind("VACUUM").runs_in_transaction());
    }

    #[test]
    fn nothing_to_run_is_empty_and_nonsense_is_other() {
        assert_eq!(kind(" ; -- x"), StatementKind::Empty);
        assert_eq!(kind("THIS FAILS;"), StatementKind::Other);
        assert_eq!(kind("'open"), StatementKind::Other);
    }
}

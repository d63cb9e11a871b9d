//! What a statement does, by its leading keywords.

use crate::words::{Words, keyword};
use crate::{Dialect, mysql, postgres, sqlite};

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
    /// `BEGIN` or `START TRANSACTION`.
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
    /// `MERGE`.
    Merge,
    /// `TRUNCATE`.
    Truncate,
    /// `RENAME TABLE` or `RENAME USER` (MySQL).
    Rename,
    /// `CREATE INDEX CONCURRENTLY`.
    CreateIndexConcurrently,
    /// `DROP INDEX CONCURRENTLY`.
    DropIndexConcurrently,
    /// `REINDEX` with `CONCURRENTLY`.
    ReindexConcurrently,
    /// `REINDEX` of a schema, a database or the system.
    ReindexMany,
    /// `ALTER TABLE ... DETACH PARTITION ... CONCURRENTLY`.
    DetachPartitionConcurrently,
    /// `ALTER DATABASE ... SET TABLESPACE`.
    AlterDatabaseTablespace,
    /// `ALTER TYPE ... ADD VALUE`. It runs in a transaction, but the value
    /// cannot be used before that has committed.
    AddEnumValue,
    /// `ALTER SYSTEM`.
    AlterSystem,
    /// `COPY` to or from a file or a program, or to standard output.
    Copy,
    /// `COPY ... FROM STDIN`: its rows follow in the script.
    CopyFromStdin,
    /// `LOAD DATA`, `LOAD XML`, `LOAD INDEX` (MySQL).
    Load,
    /// `SET` or `RESET` of a setting.
    Set,
    /// `USE`.
    Use,
    /// `DO`, or a compound statement outside of a routine (MariaDB).
    Do,
    /// `CALL`.
    Call,
    /// `GRANT`.
    Grant,
    /// `REVOKE`.
    Revoke,
    /// `COMMENT ON`.
    Comment,
    /// `LOCK TABLE`, `LOCK TABLES`, `UNLOCK TABLES`.
    Lock,
    /// `CLUSTER` of one table.
    Cluster,
    /// `CLUSTER` of all tables.
    ClusterAll,
    /// `REFRESH MATERIALIZED VIEW`.
    Refresh,
    /// `DISCARD ALL`.
    DiscardAll,
    /// `PREPARE TRANSACTION`.
    PrepareTransaction,
    /// `COMMIT PREPARED`.
    CommitPrepared,
    /// `ROLLBACK PREPARED`.
    RollbackPrepared,
    /// `XA` and any of its verbs (MySQL).
    Xa,
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
    /// A materialized view.
    MaterializedView,
    /// A foreign table.
    ForeignTable,
    /// A function or an aggregate.
    Function,
    /// A procedure.
    Procedure,
    /// An event (MySQL).
    Event,
    /// An event trigger (PostgreSQL).
    EventTrigger,
    /// A rule.
    Rule,
    /// A schema.
    Schema,
    /// A sequence.
    Sequence,
    /// A type.
    Type,
    /// A domain.
    Domain,
    /// An extension.
    Extension,
    /// A row security policy.
    Policy,
    /// A database.
    Database,
    /// A tablespace.
    Tablespace,
    /// A subscription.
    Subscription,
    /// A publication.
    Publication,
    /// A role, a user or a group.
    Role,
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
    ///
    /// What MySQL and MariaDB do with a definition in a transaction is told by
    /// [`commits_implicitly`](Self::commits_implicitly).
    pub fn runs_in_transaction(&self) -> bool {
        match self {
            Self::Vacuum
            | Self::Begin
            | Self::Commit
            | Self::Rollback
            | Self::Detach
            | Self::CreateIndexConcurrently
            | Self::DropIndexConcurrently
            | Self::ReindexConcurrently
            | Self::ReindexMany
            | Self::DetachPartitionConcurrently
            | Self::AlterDatabaseTablespace
            | Self::AlterSystem
            | Self::ClusterAll
            | Self::DiscardAll
            | Self::PrepareTransaction
            | Self::CommitPrepared
            | Self::RollbackPrepared
            | Self::Xa => false,
            Self::Create(object) | Self::Drop(object) => !matches!(
                object,
                Object::Database | Object::Tablespace | Object::Subscription
            ),
            Self::Alter(object) => *object != Object::Subscription,
            Self::Pragma { name } => !PRAGMAS_OUTSIDE_TRANSACTIONS
                .iter()
                .any(|pragma| pragma.eq_ignore_ascii_case(name)),
            _ => true,
        }
    }

    /// Whether it opens or ends a transaction: `BEGIN`, `COMMIT`, `ROLLBACK`,
    /// `PREPARE TRANSACTION`, `XA`.
    pub fn controls_transaction(&self) -> bool {
        matches!(
            self,
            Self::Begin | Self::Commit | Self::Rollback | Self::PrepareTransaction | Self::Xa
        )
    }

    /// Whether the database commits an open transaction before it runs this,
    /// without being asked: definitions and their like in MySQL and MariaDB.
    pub fn commits_implicitly(&self, dialect: Dialect) -> bool {
        matches!(dialect, Dialect::MySql | Dialect::MariaDb)
            && matches!(
                self,
                Self::Create(_)
                    | Self::Alter(_)
                    | Self::Drop(_)
                    | Self::Rename
                    | Self::Truncate
                    | Self::Grant
                    | Self::Revoke
                    | Self::Lock
                    | Self::Begin
                    | Self::Analyze
            )
    }

    /// Whether it defines, changes or removes schema objects.
    pub fn changes_schema(&self) -> bool {
        matches!(
            self,
            Self::Create(_)
                | Self::Alter(_)
                | Self::Drop(_)
                | Self::Rename
                | Self::CreateIndexConcurrently
                | Self::DropIndexConcurrently
                | Self::DetachPartitionConcurrently
                | Self::AlterDatabaseTablespace
                | Self::AddEnumValue
        )
    }

    /// Whether rows follow it in the script.
    pub fn copies_from_stdin(&self) -> bool {
        *self == Self::CopyFromStdin
    }
}

/// What `statement` does. It need not be valid.
pub fn classify(dialect: Dialect, statement: &str) -> StatementKind<'_> {
    let words = Words::of(dialect, statement);
    match dialect {
        Dialect::Sqlite => sqlite::classify::classify(words),
        Dialect::Postgres => postgres::classify::classify(words),
        Dialect::MySql | Dialect::MariaDb => mysql::classify::classify(words),
    }
}

pub(crate) fn data_verb(word: &str) -> Option<StatementKind<'static>> {
    Some(match word {
        "INSERT" | "REPLACE" => StatementKind::Insert,
        "UPDATE" => StatementKind::Update,
        "DELETE" => StatementKind::Delete,
        "SELECT" | "VALUES" => StatementKind::Select,
        _ => return None,
    })
}

/// The verb after a `WITH` clause: the first one outside parentheses.
pub(crate) fn main_verb<'a>(words: &mut Words<'a>) -> StatementKind<'a> {
    let mut depth = 0_usize;
    for word in words {
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

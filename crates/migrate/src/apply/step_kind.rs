//! What a statement does to the transaction it is run in.

use std::collections::BTreeSet;

use shipgate_sql::{Dialect, StatementKind, words};

use crate::script::Unit;

/// What a statement does to the transaction it is run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepKind {
    /// It is undone with it.
    InTransaction,
    /// It opens one.
    OpensTransaction,
    /// It commits it, is refused in it, or is not undone with it.
    Alone,
    /// It may commit it: what it runs decides.
    MayCommit,
}

impl StepKind {
    /// The kind of a statement; `untransactional` are the tables whose rows no
    /// transaction brings back.
    pub(super) fn of(
        dialect: Dialect,
        unit: &Unit<'_>,
        untransactional: &BTreeSet<String>,
    ) -> Self {
        let kind = unit.kind;
        if matches!(kind, StatementKind::Begin | StatementKind::Savepoint) {
            return Self::OpensTransaction;
        }
        if !kind.runs_in_transaction() || kind.commits_implicitly(dialect) {
            return Self::Alone;
        }
        if !matches!(dialect, Dialect::MySql | Dialect::MariaDb) {
            return Self::InTransaction;
        }
        if !untransactional.is_empty() && mentions(dialect, unit.text, untransactional) {
            return Self::Alone;
        }
        match kind {
            StatementKind::Call
            | StatementKind::Do
            | StatementKind::Load
            | StatementKind::Other
            | StatementKind::Reindex => Self::MayCommit,
            StatementKind::Set if sets_what_commits(dialect, unit.text) => Self::MayCommit,
            _ => Self::InTransaction,
        }
    }
}

/// Whether a name of the set is among a statement's words.
fn mentions(dialect: Dialect, statement: &str, names: &BTreeSet<String>) -> bool {
    words(dialect, statement).any(|word| {
        let name = word.trim_matches('`').to_lowercase();
        names.contains(&name)
    })
}

/// `SET autocommit = 1` and `SET PASSWORD` commit.
fn sets_what_commits(dialect: Dialect, statement: &str) -> bool {
    words(dialect, statement).any(|word| {
        let word = word.to_ascii_lowercase();
        word.ends_with("autocommit") || word == "password"
    })
}

/// Whether a statement names a storage engine whose tables no transaction
/// brings back, so that the set of such tables may be another one after it.
pub(super) fn names_untransactional_engine(dialect: Dialect, unit: &Unit<'_>) -> bool {
    const ENGINES: [&str; 8] = [
        "MYISAM",
        "ARIA",
        "MEMORY",
        "HEAP",
        "CSV",
        "ARCHIVE",
        "MERGE",
        "MRG_MYISAM",
    ];
    matches!(dialect, Dialect::MySql | Dialect::MariaDb)
        && unit.kind.changes_schema()
        && words(dialect, unit.text).any(|word| {
            ENGINES
                .iter()
                .any(|engine| engine.eq_ignore_ascii_case(word))
        })
}

/// Asks for the tables whose rows no transaction brings back.
pub(super) const UNTRANSACTIONAL: &str = "SELECT LOWER(table_name) FROM information_schema.tables \
    WHERE table_type = 'BASE TABLE' AND engine IS NOT NULL \
    AND engine NOT IN (SELECT engine FROM information_schema.engines WHERE transactions = 'YES') \
    AND table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')";

#[cfg(test)]
mod tests {
    use shipgate_sql::Dialect;

    use super::StepKind;
    use crate::script::Unit;

    fn kind(dialect: Dialect, text: &str) -> StepKind {
        let unit = Unit::new(dialect, 1, text, 0, (1, 1));
        StepKind::of(dialect, &unit, &["log".to_owned()].into())
    }

    #[test]
    fn on_mariadb_definitions_commit_and_calls_may() {
        for (text, expected) in [
            ("INSERT INTO t VALUES (1)", StepKind::InTransaction),
            ("ALTER TABLE t ADD a int", StepKind::Alone),
            ("INSERT INTO `log` VALUES (1)", StepKind::Alone),
            ("CALL p()", StepKind::MayCommit),
            ("SET @a = 1", StepKind::InTransaction),
            ("SET @@session.autocommit = 1", StepKind::MayCommit),
            ("START TRANSACTION", StepKind::OpensTransaction),
        ] {
            assert_eq!(kind(Dialect::MariaDb, text), expected, "{text}");
        }
    }

    #[test]
    fn on_postgresql_only_what_transactions_refuse_is_alone() {
        for (text, expected) in [
            ("ALTER TABLE t ADD a int", StepKind::InTransaction),
            ("INSERT INTO log VALUES (1)", StepKind::InTransaction),
            ("CALL p()", StepKind::InTransaction),
            ("CREATE INDEX CONCURRENTLY i ON t (a)", StepKind::Alone),
            ("VACUUM", StepKind::Alone),
        ] {
            assert_eq!(kind(Dialect::Postgres, text), expected, "{text}");
        }
    }
}

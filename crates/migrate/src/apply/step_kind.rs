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

/// A table whose rows no transaction brings back. Its names are in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Untransactional {
    /// Its database, where that is not the session's own: a statement has to
    /// name it then.
    pub(super) schema: Option<String>,
    pub(super) table: String,
}

impl StepKind {
    /// The kind of a statement beside such tables.
    pub(super) fn of(
        dialect: Dialect,
        unit: &Unit<'_>,
        untransactional: &BTreeSet<Untransactional>,
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

/// Whether one of these tables is among a statement's words.
fn mentions(dialect: Dialect, statement: &str, tables: &BTreeSet<Untransactional>) -> bool {
    let named: BTreeSet<String> = words(dialect, statement)
        .map(|word| word.trim_matches('`').to_lowercase())
        .collect();
    tables.iter().any(|Untransactional { schema, table }| {
        named.contains(table) && schema.as_ref().is_none_or(|schema| named.contains(schema))
    })
}

/// `SET autocommit = 1` and `SET PASSWORD` commit.
fn sets_what_commits(dialect: Dialect, statement: &str) -> bool {
    words(dialect, statement).any(|word| {
        let word = word.to_ascii_lowercase();
        word.ends_with("autocommit") || word == "password"
    })
}

/// Whether the set of tables whose rows no transaction brings back may be
/// another one after a statement: it names such a storage engine, or makes
/// another database the session's own.
pub(super) fn may_change_engines(dialect: Dialect, unit: &Unit<'_>) -> bool {
    names_untransactional_engine(dialect, unit)
        || words(dialect, unit.text)
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("USE"))
}

fn names_untransactional_engine(dialect: Dialect, unit: &Unit<'_>) -> bool {
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

/// Asks for the tables whose rows no transaction brings back, with the
/// databases that are not the session's own.
pub(super) const UNTRANSACTIONAL: &str = "SELECT LOWER(NULLIF(table_schema, DATABASE())), \
    LOWER(table_name) FROM information_schema.tables \
    WHERE table_type = 'BASE TABLE' AND engine IS NOT NULL \
    AND engine NOT IN (SELECT engine FROM information_schema.engines WHERE transactions = 'YES') \
    AND table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')";

#[cfg(test)]
mod tests {
    use shipgate_sql::Dialect;

    use super::{StepKind, Untransactional};
    use crate::script::Unit;

    fn kind(dialect: Dialect, text: &str) -> StepKind {
        let unit = Unit::new(dialect, 1, text, 0, (1, 1));
        let table = |schema: Option<&str>, table: &str| Untransactional {
            schema: schema.map(str::to_owned),
            table: table.to_owned(),
        };
        let tables = [table(None, "log"), table(Some("other"), "visits")];
        StepKind::of(dialect, &unit, &tables.into())
    }

    #[test]
    fn on_mariadb_definitions_commit_and_calls_may() {
        for (text, expected) in [
            ("INSERT INTO t VALUES (1)", StepKind::InTransaction),
            ("ALTER TABLE t ADD a int", StepKind::Alone),
            ("INSERT INTO `log` VALUES (1)", StepKind::Alone),
            ("INSERT INTO visits VALUES (1)", StepKind::InTransaction),
            ("INSERT INTO other.visits VALUES (1)", StepKind::Alone),
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

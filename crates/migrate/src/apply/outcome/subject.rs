//! What a statement is about, and how its effect is told.

mod mysql;
mod postgres;

use std::collections::BTreeMap;

use shipgate_sql::{Dialect, Object, StatementKind, classify};

use super::reader::{Name, Reader};
use super::{ABSENT, Outcome};

/// What a statement is about, and how its effect is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::apply) struct Subject {
    objects: Vec<Thing>,
    pub(in crate::apply) tells: Tells,
}

/// Something in the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::apply) struct Thing {
    pub(super) kind: ThingKind,
    pub(super) name: Name,
    /// The table an index belongs to, the partitioned table of a partition.
    pub(super) of: Option<Name>,
}

/// What a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::apply) enum ThingKind {
    Table,
    Index,
    /// All indexes of a table.
    Indexes,
    Partition,
    Trigger,
    Function,
    Procedure,
    Event,
    Sequence,
    Database,
    Tablespace,
    Subscription,
    EnumValue,
}

/// How the effect of a statement is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::apply) enum Tells {
    /// Its objects are not as they were.
    Changed,
    /// As [`Tells::Changed`]; and if they are as they were, doing it again
    /// could undo it or do it to other rows.
    ChangedOnly,
    /// Any of its objects is not as it was: it is done whole or not at all.
    AnyChanged,
    /// Those of its objects that were there are gone.
    Gone,
    /// The table is empty.
    Emptied,
    /// Doing it twice is doing it once.
    Repeatable,
    /// Nothing tells.
    Nothing,
}

impl Thing {
    fn new(kind: ThingKind, name: Name) -> Self {
        Self {
            kind,
            name,
            of: None,
        }
    }

    /// Kind and name.
    pub(super) fn label(&self) -> String {
        let kind = match self.kind {
            ThingKind::Table => "table",
            ThingKind::Index => "index",
            ThingKind::Indexes => "indexes of",
            ThingKind::Partition => "partition",
            ThingKind::Trigger => "trigger",
            ThingKind::Function => "function",
            ThingKind::Procedure => "procedure",
            ThingKind::Event => "event",
            ThingKind::Sequence => "sequence",
            ThingKind::Database => "database",
            ThingKind::Tablespace => "tablespace",
            ThingKind::Subscription => "subscription",
            ThingKind::EnumValue => "value",
        };
        format!("{kind} {}", self.name)
    }
}

impl Subject {
    /// What a statement is about.
    pub(in crate::apply) fn of(dialect: Dialect, statement: &str) -> Self {
        let reader = Reader::new(dialect, statement);
        let kind = classify(dialect, statement);
        let subject = match dialect {
            Dialect::Postgres => postgres::of(kind, reader),
            Dialect::MySql | Dialect::MariaDb => mysql::of(kind, reader),
            Dialect::Sqlite => Some(Self::without(Tells::Repeatable)),
        };
        subject
            .filter(|subject| !subject.needs_objects() || !subject.objects.is_empty())
            .unwrap_or(Self::without(Tells::Nothing))
    }

    /// The things to look at.
    pub(in crate::apply) fn objects(&self) -> &[Thing] {
        &self.objects
    }

    /// The effect of the statement, from what its objects were and are.
    pub(super) fn verdict(
        &self,
        before: &BTreeMap<String, String>,
        now: &BTreeMap<String, String>,
    ) -> Outcome {
        let unknown = |why: &str| Outcome::Unknown(why.to_owned());
        match self.tells {
            Tells::Repeatable => return Outcome::NotApplied,
            Tells::Nothing => return unknown("nothing in the catalog tells of this statement"),
            Tells::Emptied => return unknown("rows may have been added since"),
            _ => {}
        }
        if now.keys().any(|label| !before.contains_key(label)) {
            return unknown("what the objects were before was not written down");
        }
        let counted = |label: &&String| {
            self.tells != Tells::Gone || before.get(*label).is_some_and(|seen| seen != ABSENT)
        };
        let labels: Vec<&String> = now.keys().filter(counted).collect();
        let changed = labels
            .iter()
            .filter(|label| match self.tells {
                Tells::Gone => now.get(**label).is_some_and(|seen| seen == ABSENT),
                _ => now.get(**label) != before.get(**label),
            })
            .count();
        match (changed, self.tells) {
            (0, Tells::ChangedOnly) => unknown("the catalog looks the same before and after it"),
            (0, _) => Outcome::NotApplied,
            (_, Tells::AnyChanged) => Outcome::Applied,
            (changed, _) if changed == labels.len() => Outcome::Applied,
            _ => unknown("only a part of its objects has changed"),
        }
    }

    fn without(tells: Tells) -> Self {
        Self {
            objects: Vec::new(),
            tells,
        }
    }

    fn one(kind: ThingKind, name: Option<Name>, tells: Tells) -> Option<Self> {
        Some(Self {
            objects: vec![Thing::new(kind, name?)],
            tells,
        })
    }

    fn needs_objects(&self) -> bool {
        !matches!(self.tells, Tells::Repeatable | Tells::Nothing)
    }
}

/// The name of the database that a statement creates.
pub(crate) fn created_database(dialect: Dialect, statement: &str) -> Option<String> {
    if classify(dialect, statement) != StatementKind::Create(Object::Database) {
        return None;
    }
    let reader = Reader::new(dialect, statement);
    let (_, keyword) = thing_of(Object::Database, &reader)?;
    Some(named(reader, keyword)?.name)
}

fn if_exists(reader: &mut Reader<'_>) {
    if reader.take("IF") {
        reader.take("NOT");
        reader.take("EXISTS");
    }
}

/// The name behind a keyword and `IF [NOT] EXISTS`.
fn named(mut reader: Reader<'_>, keyword: &str) -> Option<Name> {
    if !reader.seek(keyword) {
        return None;
    }
    if_exists(&mut reader);
    reader.name()
}

fn thing_of(object: Object, reader: &Reader<'_>) -> Option<(ThingKind, &'static str)> {
    Some(match object {
        Object::Table => (ThingKind::Table, "TABLE"),
        Object::View => (ThingKind::Table, "VIEW"),
        Object::Trigger => (ThingKind::Trigger, "TRIGGER"),
        Object::Function => (ThingKind::Function, "FUNCTION"),
        Object::Procedure => (ThingKind::Procedure, "PROCEDURE"),
        Object::Event => (ThingKind::Event, "EVENT"),
        Object::Sequence => (ThingKind::Sequence, "SEQUENCE"),
        Object::Database if reader.has("DATABASE") => (ThingKind::Database, "DATABASE"),
        Object::Database => (ThingKind::Database, "SCHEMA"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use shipgate_sql::Dialect;

    use super::{Outcome, Subject, Tells, Thing};

    fn subject(dialect: Dialect, statement: &str) -> (Vec<String>, Tells) {
        let subject = Subject::of(dialect, statement);
        let labels = subject.objects().iter().map(Thing::label);
        (labels.collect(), subject.tells)
    }

    #[test]
    fn of_a_definition_on_mariadb_the_object_is_known() {
        for (statement, labels, tells) in [
            (
                "CREATE TABLE IF NOT EXISTS a.b (c int)",
                &["table a.b"][..],
                Tells::Changed,
            ),
            (
                "CREATE UNIQUE INDEX i ON `t` (a)",
                &["table t"],
                Tells::Changed,
            ),
            ("DROP INDEX i ON t", &["table t"], Tells::Changed),
            (
                "CREATE OR REPLACE VIEW v AS SELECT 1",
                &["table v"],
                Tells::Changed,
            ),
            (
                "CREATE DEFINER=`r`@`%` TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET @a = 1",
                &["trigger tr"],
                Tells::Changed,
            ),
            (
                "ALTER TABLE t ADD COLUMN a int",
                &["table t"],
                Tells::Changed,
            ),
            (
                "ALTER TABLE t RENAME COLUMN a TO b",
                &["table t"],
                Tells::Changed,
            ),
            (
                "ALTER TABLE t RENAME TO u",
                &["table t", "table u"],
                Tells::AnyChanged,
            ),
            (
                "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u",
                &["table t"],
                Tells::ChangedOnly,
            ),
            (
                "DROP TABLE IF EXISTS a, b",
                &["table a", "table b"],
                Tells::Gone,
            ),
            (
                "RENAME TABLE a TO b, c TO d",
                &["table a", "table b", "table c", "table d"],
                Tells::AnyChanged,
            ),
            ("TRUNCATE TABLE t", &["table t"], Tells::Emptied),
            ("GRANT SELECT ON t TO u", &[], Tells::Repeatable),
            ("OPTIMIZE TABLE t", &[], Tells::Repeatable),
            ("CALL p()", &[], Tells::Nothing),
            ("CREATE USER u", &[], Tells::Nothing),
        ] {
            let labels: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
            assert_eq!(
                subject(Dialect::MariaDb, statement),
                (labels, tells),
                "{statement}"
            );
        }
    }

    #[test]
    fn of_what_postgresql_keeps_out_of_transactions_the_object_is_known() {
        for (statement, labels, tells) in [
            (
                "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON app.t (a)",
                &["index i"][..],
                Tells::Changed,
            ),
            (
                "CREATE INDEX CONCURRENTLY ON t (a)",
                &["indexes of t"],
                Tells::Changed,
            ),
            (
                "DROP INDEX CONCURRENTLY IF EXISTS app.i",
                &["index app.i"],
                Tells::Gone,
            ),
            (
                "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY",
                &["partition p1"],
                Tells::Gone,
            ),
            ("CREATE DATABASE d", &["database d"], Tells::Changed),
            (
                "ALTER TYPE mood ADD VALUE 'so''so'",
                &["value so'so"],
                Tells::Changed,
            ),
            ("VACUUM t", &[], Tells::Repeatable),
            ("CALL p()", &[], Tells::Nothing),
        ] {
            let labels: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
            assert_eq!(
                subject(Dialect::Postgres, statement),
                (labels, tells),
                "{statement}"
            );
        }
    }

    fn seen(objects: &[(&str, &str)]) -> BTreeMap<String, String> {
        objects
            .iter()
            .map(|&(label, look)| (label.to_owned(), look.to_owned()))
            .collect()
    }

    fn verdict(statement: &str, before: &[(&str, &str)], now: &[(&str, &str)]) -> Outcome {
        Subject::of(Dialect::MariaDb, statement).verdict(&seen(before), &seen(now))
    }

    #[test]
    fn a_definition_took_effect_if_its_object_changed() {
        let create = "CREATE TABLE t (a int)";
        assert_eq!(
            verdict(create, &[("table t", "-")], &[("table t", "-")]),
            Outcome::NotApplied
        );
        assert_eq!(
            verdict(create, &[("table t", "-")], &[("table t", "x")]),
            Outcome::Applied
        );
        let alter = "ALTER TABLE t ADD a int";
        assert_eq!(
            verdict(alter, &[("table t", "x")], &[("table t", "y")]),
            Outcome::Applied
        );
        assert_eq!(
            verdict(alter, &[("table t", "x")], &[("table t", "x")]),
            Outcome::NotApplied
        );
    }

    #[test]
    fn of_several_dropped_tables_those_count_that_were_there() {
        let drop = "DROP TABLE IF EXISTS a, b, c";
        let before = [("table a", "x"), ("table b", "y"), ("table c", "-")];
        let gone = [("table a", "-"), ("table b", "-"), ("table c", "-")];
        assert_eq!(verdict(drop, &before, &gone), Outcome::Applied);
        assert_eq!(verdict(drop, &before, &before), Outcome::NotApplied);
        let half = [("table a", "-"), ("table b", "y"), ("table c", "-")];
        assert!(matches!(verdict(drop, &before, &half), Outcome::Unknown(_)));
    }

    #[test]
    fn what_leaves_no_trace_is_not_guessed() {
        let exchange = "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u";
        let same = [("table t", "x")];
        assert!(matches!(
            verdict(exchange, &same, &same),
            Outcome::Unknown(_)
        ));
        assert!(matches!(verdict("CALL p()", &[], &[]), Outcome::Unknown(_)));
    }
}

//! What a PostgreSQL statement does.

use crate::classify::{Object, StatementKind, data_verb, main_verb};
use crate::words::{Words, keyword};

pub(crate) fn classify<'a>(mut words: Words<'a>) -> StatementKind<'a> {
    let Some(first) = words.next() else {
        return StatementKind::Empty;
    };
    match keyword(first).as_str() {
        "CREATE" => create(&mut words),
        "ALTER" => alter(&mut words),
        "DROP" => match object(&mut words) {
            Object::Index if words.take_word("CONCURRENTLY") => {
                StatementKind::DropIndexConcurrently
            }
            object => StatementKind::Drop(object),
        },
        "REINDEX" => reindex(&mut words),
        "WITH" => main_verb(&mut words),
        "BEGIN" | "START" => StatementKind::Begin,
        "COMMIT" | "END" if words.take_word("PREPARED") => StatementKind::CommitPrepared,
        "COMMIT" | "END" => StatementKind::Commit,
        "ROLLBACK" | "ABORT" => rollback(&mut words),
        "PREPARE" if words.take_word("TRANSACTION") => StatementKind::PrepareTransaction,
        "SAVEPOINT" => StatementKind::Savepoint,
        "RELEASE" => StatementKind::Release,
        "COPY" => copy(&mut words),
        "VACUUM" => StatementKind::Vacuum,
        "ANALYZE" | "ANALYSE" => StatementKind::Analyze,
        "EXPLAIN" => StatementKind::Explain,
        "CLUSTER" => match words.next() {
            None => StatementKind::ClusterAll,
            Some(_) => StatementKind::Cluster,
        },
        "REFRESH" => StatementKind::Refresh,
        "TRUNCATE" => StatementKind::Truncate,
        "SET" | "RESET" => StatementKind::Set,
        "DO" => StatementKind::Do,
        "CALL" => StatementKind::Call,
        "GRANT" => StatementKind::Grant,
        "REVOKE" => StatementKind::Revoke,
        "COMMENT" => StatementKind::Comment,
        "LOCK" => StatementKind::Lock,
        "DISCARD" if words.take_word("ALL") => StatementKind::DiscardAll,
        "MERGE" => StatementKind::Merge,
        // `REPLACE` begins no statement here.
        "REPLACE" => StatementKind::Other,
        "(" | "TABLE" => StatementKind::Select,
        word => data_verb(word).unwrap_or(StatementKind::Other),
    }
}

/// What a definition is about, after the words that only describe it.
fn object(words: &mut Words<'_>) -> Object {
    loop {
        let Some(word) = words.keyword() else {
            return Object::Other;
        };
        return match word.as_str() {
            "OR" | "REPLACE" | "TEMP" | "TEMPORARY" | "UNIQUE" | "UNLOGGED" | "RECURSIVE"
            | "GLOBAL" | "LOCAL" | "CONSTRAINT" | "TRUSTED" | "PROCEDURAL" | "DEFAULT" => continue,
            "TABLE" => Object::Table,
            "FOREIGN" if words.take_word("TABLE") => Object::ForeignTable,
            "INDEX" => Object::Index,
            "VIEW" => Object::View,
            "MATERIALIZED" => {
                words.take_word("VIEW");
                Object::MaterializedView
            }
            "TRIGGER" => Object::Trigger,
            "EVENT" => {
                words.take_word("TRIGGER");
                Object::EventTrigger
            }
            "FUNCTION" | "AGGREGATE" | "ROUTINE" => Object::Function,
            "PROCEDURE" => Object::Procedure,
            "RULE" => Object::Rule,
            "SCHEMA" => Object::Schema,
            "SEQUENCE" => Object::Sequence,
            "TYPE" => Object::Type,
            "DOMAIN" => Object::Domain,
            "EXTENSION" => Object::Extension,
            "POLICY" => Object::Policy,
            "DATABASE" => Object::Database,
            "TABLESPACE" => Object::Tablespace,
            "SUBSCRIPTION" => Object::Subscription,
            "PUBLICATION" => Object::Publication,
            "ROLE" | "USER" | "GROUP" => Object::Role,
            _ => Object::Other,
        };
    }
}

fn create<'a>(words: &mut Words<'a>) -> StatementKind<'a> {
    match object(words) {
        Object::Index if words.take_word("CONCURRENTLY") => StatementKind::CreateIndexConcurrently,
        object => StatementKind::Create(object),
    }
}

fn alter<'a>(words: &mut Words<'a>) -> StatementKind<'a> {
    if words.take_word("SYSTEM") {
        return StatementKind::AlterSystem;
    }
    match object(words) {
        Object::Table if words.seek("DETACH") && words.seek("CONCURRENTLY") => {
            StatementKind::DetachPartitionConcurrently
        }
        Object::Database if words.seek("SET") && words.take_word("TABLESPACE") => {
            StatementKind::AlterDatabaseTablespace
        }
        Object::Type if words.seek("ADD") && words.take_word("VALUE") => {
            StatementKind::AddEnumValue
        }
        object => StatementKind::Alter(object),
    }
}

/// `REINDEX [(options)] {INDEX | TABLE | SCHEMA | DATABASE | SYSTEM}
/// [CONCURRENTLY] name`; `CONCURRENTLY` is also an option.
fn reindex<'a>(words: &mut Words<'a>) -> StatementKind<'a> {
    let mut concurrently = false;
    if words.take_word("(") {
        while let Some(word) = words.next().filter(|word| *word != ")") {
            if word.eq_ignore_ascii_case("CONCURRENTLY") {
                concurrently = !(words.take_word("FALSE") || words.take_word("OFF"));
            }
        }
    }
    let of_many = matches!(
        words.keyword().as_deref(),
        Some("SCHEMA" | "DATABASE" | "SYSTEM")
    );
    if concurrently || words.take_word("CONCURRENTLY") {
        StatementKind::ReindexConcurrently
    } else if of_many {
        StatementKind::ReindexMany
    } else {
        StatementKind::Reindex
    }
}

/// `ROLLBACK [WORK | TRANSACTION] [TO [SAVEPOINT] name]`, `ROLLBACK PREPARED`.
fn rollback<'a>(words: &mut Words<'a>) -> StatementKind<'a> {
    if words.take_word("PREPARED") {
        return StatementKind::RollbackPrepared;
    }
    let _ = words.take_word("WORK") || words.take_word("TRANSACTION");
    if words.take_word("TO") {
        StatementKind::RollbackTo
    } else {
        StatementKind::Rollback
    }
}

fn copy<'a>(words: &mut Words<'a>) -> StatementKind<'a> {
    if words.seek("FROM") && words.take_word("STDIN") {
        StatementKind::CopyFromStdin
    } else {
        StatementKind::Copy
    }
}

//! What a MySQL or MariaDB statement does.

use crate::classify::{Object, StatementKind, data_verb, main_verb};
use crate::words::{Words, keyword};

pub(crate) fn classify<'a>(mut words: Words<'a>) -> StatementKind<'a> {
    let Some(first) = words.next() else {
        return StatementKind::Empty;
    };
    match keyword(first).as_str() {
        "CREATE" => StatementKind::Create(object(&mut words)),
        "ALTER" => StatementKind::Alter(object(&mut words)),
        "DROP" => StatementKind::Drop(object(&mut words)),
        "RENAME" => StatementKind::Rename,
        "TRUNCATE" => StatementKind::Truncate,
        "WITH" => main_verb(&mut words),
        "BEGIN" if words.take_word("NOT") => StatementKind::Do,
        "BEGIN" => StatementKind::Begin,
        "START" if words.take_word("TRANSACTION") => StatementKind::Begin,
        "COMMIT" => StatementKind::Commit,
        "ROLLBACK" => rollback(&mut words),
        "XA" => StatementKind::Xa,
        "SAVEPOINT" => StatementKind::Savepoint,
        "RELEASE" => StatementKind::Release,
        "ANALYZE" => StatementKind::Analyze,
        "EXPLAIN" | "DESCRIBE" | "DESC" => StatementKind::Explain,
        "SET" => StatementKind::Set,
        "USE" => StatementKind::Use,
        "DO" => StatementKind::Do,
        "CALL" => StatementKind::Call,
        "GRANT" => StatementKind::Grant,
        "REVOKE" => StatementKind::Revoke,
        "LOCK" | "UNLOCK" => StatementKind::Lock,
        "LOAD" => StatementKind::Load,
        "(" | "TABLE" => StatementKind::Select,
        word => data_verb(word).unwrap_or(StatementKind::Other),
    }
}

/// What a definition is about: the first word that names a kind, not counting
/// a definer.
fn object(words: &mut Words<'_>) -> Object {
    while let Some(word) = words.keyword() {
        return match word.as_str() {
            "=" | "@" => {
                words.next();
                continue;
            }
            "TABLE" => Object::Table,
            "INDEX" => Object::Index,
            "VIEW" => Object::View,
            "TRIGGER" => Object::Trigger,
            "FUNCTION" => Object::Function,
            "PROCEDURE" => Object::Procedure,
            "EVENT" => Object::Event,
            "DATABASE" | "SCHEMA" => Object::Database,
            "SEQUENCE" => Object::Sequence,
            "TABLESPACE" => Object::Tablespace,
            "USER" | "ROLE" => Object::Role,
            "SERVER" | "LOGFILE" | "PACKAGE" | "INSTANCE" => Object::Other,
            _ => continue,
        };
    }
    Object::Other
}

/// `ROLLBACK [WORK] [TO [SAVEPOINT] name]`.
fn rollback<'a>(words: &mut Words<'a>) -> StatementKind<'a> {
    words.take_word("WORK");
    if words.take_word("TO") {
        StatementKind::RollbackTo
    } else {
        StatementKind::Rollback
    }
}

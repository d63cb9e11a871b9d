//! What a SQLite statement does.

use crate::classify::{Object, StatementKind, data_verb};
use crate::words::{Words, keyword};

pub(crate) fn classify<'a>(mut words: Words<'a>) -> StatementKind<'a> {
    let Some(first) = words.next() else {
        return StatementKind::Empty;
    };
    match keyword(first).as_str() {
        "CREATE" => StatementKind::Create(object(&mut words)),
        "ALTER" => StatementKind::Alter(object(&mut words)),
        "DROP" => StatementKind::Drop(object(&mut words)),
        "WITH" => crate::classify::main_verb(&mut words),
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

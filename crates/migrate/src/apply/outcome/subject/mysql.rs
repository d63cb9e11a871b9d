//! What the statements of MySQL and MariaDB are about.

use shipgate_sql::{Object, StatementKind};

use super::super::reader::Reader;
use super::{Subject, Tells, Thing, ThingKind, if_exists, named, thing_of};

pub(super) fn of(kind: StatementKind<'_>, mut reader: Reader<'_>) -> Option<Subject> {
    match kind {
        StatementKind::Create(Object::Index) | StatementKind::Drop(Object::Index) => {
            reader.seek("INDEX");
            reader.seek("ON");
            Subject::one(ThingKind::Table, reader.name(), Tells::Changed)
        }
        StatementKind::Create(Object::Table) if reader.has("TEMPORARY") => {
            Some(Subject::without(Tells::Repeatable))
        }
        StatementKind::Create(object) => {
            let (kind, keyword) = thing_of(object, &reader)?;
            Subject::one(kind, named(reader, keyword), Tells::Changed)
        }
        StatementKind::Alter(Object::Table) => alter_table(reader),
        StatementKind::Alter(Object::Role) => Some(Subject::without(Tells::Repeatable)),
        StatementKind::Alter(object) => {
            let (kind, keyword) = thing_of(object, &reader)?;
            let tells = match object {
                Object::Sequence => Tells::ChangedOnly,
                _ => Tells::Changed,
            };
            Subject::one(kind, named(reader, keyword), tells)
        }
        StatementKind::Drop(Object::Table | Object::View) => {
            let _ = reader.take("DROP") && reader.take("TEMPORARY");
            reader.next();
            if_exists(&mut reader);
            let names = reader.names();
            Some(Subject {
                objects: names
                    .into_iter()
                    .map(|name| Thing::new(ThingKind::Table, name))
                    .collect(),
                tells: Tells::Gone,
            })
        }
        StatementKind::Drop(object) => {
            let (kind, keyword) = thing_of(object, &reader)?;
            Subject::one(kind, named(reader, keyword), Tells::Gone)
        }
        StatementKind::Rename if reader.take_all(&["RENAME", "TABLE"]) => {
            if_exists(&mut reader);
            let mut objects = Vec::new();
            while let Some(name) = reader.name() {
                objects.push(Thing::new(ThingKind::Table, name));
                if !(reader.take("TO") || reader.take(",")) {
                    break;
                }
            }
            Some(Subject {
                objects,
                tells: Tells::AnyChanged,
            })
        }
        StatementKind::Truncate => {
            reader.take("TRUNCATE");
            reader.take("TABLE");
            Subject::one(ThingKind::Table, reader.name(), Tells::Emptied)
        }
        StatementKind::Grant
        | StatementKind::Revoke
        | StatementKind::Lock
        | StatementKind::Analyze
        | StatementKind::Set => Some(Subject::without(Tells::Repeatable)),
        StatementKind::Other
            if [
                "OPTIMIZE", "FLUSH", "REPAIR", "CHECK", "CHECKSUM", "CACHE", "RESET",
            ]
            .iter()
            .any(|word| reader.clone().take(word)) =>
        {
            Some(Subject::without(Tells::Repeatable))
        }
        _ => None,
    }
}

/// Partitions that change places, and files that come and go, leave the
/// table's definition as it was.
const NOT_IN_THE_DEFINITION: [&str; 4] = ["EXCHANGE", "TRUNCATE", "IMPORT", "DISCARD"];

fn alter_table(mut reader: Reader<'_>) -> Option<Subject> {
    reader.seek("TABLE");
    if_exists(&mut reader);
    let mut objects = vec![Thing::new(ThingKind::Table, reader.name()?)];
    let moves_data = NOT_IN_THE_DEFINITION.iter().any(|word| reader.has(word));
    while reader.seek("RENAME") {
        let of_a_part = ["COLUMN", "INDEX", "KEY", "CONSTRAINT"].iter().any(|word| {
            reader
                .peek()
                .is_some_and(|next| next.eq_ignore_ascii_case(word))
        });
        if !of_a_part {
            let _ = reader.take("TO") || reader.take("AS") || reader.take("=");
            objects.push(Thing::new(ThingKind::Table, reader.name()?));
        }
    }
    let tells = match (moves_data, objects.len()) {
        (true, _) => Tells::ChangedOnly,
        (false, 1) => Tells::Changed,
        (false, _) => Tells::AnyChanged,
    };
    Some(Subject { objects, tells })
}

//! What PostgreSQL's statements are about.

use shipgate_sql::{Object, StatementKind};

use super::super::reader::{Name, Reader};
use super::{Subject, Tells, Thing, ThingKind, if_exists, named};

pub(super) fn of(kind: StatementKind<'_>, mut reader: Reader<'_>) -> Option<Subject> {
    match kind {
        StatementKind::CreateIndexConcurrently => {
            reader.seek("CONCURRENTLY");
            if_exists(&mut reader);
            let name = if reader.take("ON") {
                None
            } else {
                let name = reader.name()?;
                reader.take("ON");
                Some(name)
            };
            reader.take("ONLY");
            let table = reader.name()?;
            let thing = match name {
                Some(name) => Thing {
                    kind: ThingKind::Index,
                    name,
                    of: Some(table),
                },
                None => Thing::new(ThingKind::Indexes, table),
            };
            Some(Subject {
                objects: vec![thing],
                tells: Tells::Changed,
            })
        }
        StatementKind::DropIndexConcurrently => {
            Subject::one(ThingKind::Index, named(reader, "CONCURRENTLY"), Tells::Gone)
        }
        StatementKind::DetachPartitionConcurrently => {
            let parent = named(reader.clone(), "TABLE").or_else(|| {
                let mut reader = reader.clone();
                reader.take_all(&["ALTER", "TABLE", "ONLY"]);
                reader.name()
            })?;
            reader.seek("DETACH");
            reader.take("PARTITION");
            Some(Subject {
                objects: vec![Thing {
                    kind: ThingKind::Partition,
                    name: reader.name()?,
                    of: Some(parent),
                }],
                tells: Tells::Gone,
            })
        }
        StatementKind::Create(Object::Database) => Subject::one(
            ThingKind::Database,
            named(reader, "DATABASE"),
            Tells::Changed,
        ),
        StatementKind::Create(Object::Tablespace) => Subject::one(
            ThingKind::Tablespace,
            named(reader, "TABLESPACE"),
            Tells::Changed,
        ),
        StatementKind::Create(Object::Subscription) => Subject::one(
            ThingKind::Subscription,
            named(reader, "SUBSCRIPTION"),
            Tells::Changed,
        ),
        StatementKind::Drop(Object::Database) => {
            Subject::one(ThingKind::Database, named(reader, "DATABASE"), Tells::Gone)
        }
        StatementKind::Drop(Object::Tablespace) => Subject::one(
            ThingKind::Tablespace,
            named(reader, "TABLESPACE"),
            Tells::Gone,
        ),
        StatementKind::Drop(Object::Subscription) => Subject::one(
            ThingKind::Subscription,
            named(reader, "SUBSCRIPTION"),
            Tells::Gone,
        ),
        StatementKind::AddEnumValue => {
            let of = named(reader.clone(), "TYPE")?;
            reader.seek("VALUE");
            if_exists(&mut reader);
            let literal = reader.next()?;
            let value = literal.strip_prefix('\'')?.strip_suffix('\'')?;
            Some(Subject {
                objects: vec![Thing {
                    kind: ThingKind::EnumValue,
                    name: Name {
                        schema: None,
                        name: value.replace("''", "'"),
                    },
                    of: Some(of),
                }],
                tells: Tells::Changed,
            })
        }
        StatementKind::Vacuum
        | StatementKind::Analyze
        | StatementKind::ReindexConcurrently
        | StatementKind::Reindex
        | StatementKind::ReindexMany
        | StatementKind::Cluster
        | StatementKind::ClusterAll
        | StatementKind::AlterSystem
        | StatementKind::AlterDatabaseTablespace
        | StatementKind::DiscardAll
        | StatementKind::Set => Some(Subject::without(Tells::Repeatable)),
        _ => None,
    }
}

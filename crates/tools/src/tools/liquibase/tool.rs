//! Where Liquibase's changelogs are, and what its table says.

use shipgate_sql::Dialect;

use super::changelog::{Changeset, Sums, comparable};
use super::properties::{self, PROPERTIES};
use super::reader::{Changelog, Held, identity, root};
use crate::compare::{Comparison, Record, recorded, without_file};
use crate::expected::{BadExpectation, Expected};
use crate::history::{HistoryError, Row, TableName, Tables, Wanted};
use crate::migration::Migration;
use crate::native::Native;
use crate::native::liquibase::NativeLiquibase;
use crate::project::{Project, ReadError};
use crate::runner;
use crate::sign::Sign;
use crate::status::{Entry, State};
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct Liquibase;

pub(crate) const TITLE: &str = "Liquibase";

impl Tool for Liquibase {
    fn name(&self) -> &'static str {
        "liquibase"
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn signs(&self, project: &Project) -> Vec<Sign> {
        let mut signs = Vec::new();
        if project.is_file(PROPERTIES) {
            signs.push(Sign::configuration(PROPERTIES));
        }
        let root = root(project).filter(|file| {
            project.text(file).is_some_and(|text| {
                text.contains("databaseChangeLog")
                    || text.to_lowercase().contains("liquibase formatted")
            })
        });
        signs.extend(root.map(Sign::migrations));
        let depends = project
            .dependencies()
            .java
            .iter()
            .any(|name| name.contains("liquibase"));
        if depends || project.dependencies().node.contains("liquibase") {
            signs.push(Sign::dependency("the project depends on liquibase"));
        }
        signs
    }

    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError> {
        let changelog = Changelog::read(project, settings)?;
        let table = table(project, settings);
        let mut place = Place::new(&changelog.place, &table);
        place.parts = changelog.parts();
        Ok(Box::new(Changesets {
            place,
            lock: lock_table(Some(project), &table),
            table,
            sets: changelog.sets,
        }))
    }

    fn native(&self) -> Option<&'static dyn Native> {
        Some(&NativeLiquibase)
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        let sets = expected.migrations.iter().map(|migration| {
            Ok(Held {
                set: Changeset {
                    id: migration.version.clone(),
                    author: migration.name.clone(),
                    run_on_change: migration.detail.get("run_on_change")?,
                    run_always: migration.detail.get("run_always")?,
                    dbms: migration.detail.get("dbms")?,
                    sums: Sums {
                        own: migration.checksums.first().cloned(),
                        valid: migration.checksums.iter().skip(1).cloned().collect(),
                        any: false,
                    },
                    ..Changeset::default()
                },
                path: migration.detail.get("path")?,
                file: migration.file.clone(),
            })
        });
        let table = expected.table()?;
        Ok(Box::new(Changesets {
            place: expected.place(),
            lock: lock_table(None, &table),
            table,
            sets: sets.collect::<Result<_, BadExpectation>>()?,
        }))
    }

    fn command(&self, project: &Project) -> Vec<String> {
        if project.dependencies().node.contains("liquibase") {
            runner::node(project, &["liquibase", "update"])
        } else {
            runner::plain(&["liquibase", "update"])
        }
    }
}

#[derive(Debug)]
struct Changesets {
    place: Place,
    table: TableName,
    lock: TableName,
    sets: Vec<Held>,
}

impl Migrations for Changesets {
    fn place(&self) -> &Place {
        &self.place
    }

    fn listed(&self) -> Vec<Migration> {
        self.sets.iter().map(Held::migration).collect()
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        let required = &["id", "author", "filename", "md5sum", "exectype"];
        vec![
            Wanted::new(self.table.clone(), required).optional(&["dateexecuted", "liquibase"]),
            wanted_lock(self.lock.clone()),
        ]
    }

    fn expected(&self) -> Expected {
        Expected::of(self).detailed(&self.sets, |held, detail| {
            detail.put("path", &held.path);
            detail.put("run_on_change", &held.set.run_on_change);
            detail.put("run_always", &held.set.run_always);
            detail.put("dbms", &held.set.dbms);
        })
    }

    fn compare(&self, tables: &Tables) -> Result<Comparison, HistoryError> {
        let mut rows: std::collections::HashMap<String, Record> = std::collections::HashMap::new();
        let mut order = Vec::new();
        for row in tables.get(0).iter().flat_map(|table| table.rows()) {
            let record = record(&row);
            if !rows.contains_key(&record.id) {
                order.push(record.id.clone());
            }
            rows.insert(record.id.clone(), record);
        }
        let mut comparison = Comparison::default();
        for held in &self.sets {
            let migration = held.migration();
            let is_left_out = tables
                .dialect
                .is_some_and(|found| held.set.leaves_out(found));
            let Some(record) = rows.remove(&migration.id) else {
                if is_left_out {
                    let entry = Entry::of(migration, State::Superseded);
                    comparison
                        .entries
                        .push(entry.because("it is not for this kind of database"));
                    continue;
                }
                comparison
                    .entries
                    .push(Entry::of(migration, State::Pending));
                continue;
            };
            let had_checksum = record.checksum.is_some();
            let mut record = record;
            record.checksum = comparable(record.checksum);
            let is_older = had_checksum && record.checksum.is_none();
            let mut entry = recorded(migration, record);
            if is_older {
                entry.why = Some("not checked for edits: an older checksum".to_owned());
            } else if entry.state == State::Edited && held.set.run_on_change {
                entry.state = State::Pending;
                entry.why = Some("it changed and runs again".to_owned());
            }
            if held.set.run_always {
                entry.why = Some("it runs every time".to_owned());
            }
            comparison.entries.push(entry);
        }
        let last = comparison
            .entries
            .iter()
            .rposition(|entry| entry.state == State::Applied);
        for entry in comparison.entries.iter_mut().take(last.unwrap_or_default()) {
            if entry.state == State::Pending && entry.why.is_none() {
                entry.state = State::OutOfOrder;
                entry.why =
                    Some("later ones are applied; liquibase applies it all the same".to_owned());
            }
        }
        for id in order {
            if let Some(record) = rows.remove(&id) {
                comparison
                    .entries
                    .push(without_file(record, "liquibase does not say so"));
            }
        }
        if comparison.has(State::Edited) {
            comparison.hint(
                "liquibase refuses to update (\"Validation Failed\"); bring the applied text back, \
                 or accept the new one: `liquibase clear-checksums`",
            );
        }
        lock(&mut comparison, tables);
        Ok(comparison)
    }
}

fn lock(comparison: &mut Comparison, tables: &Tables) {
    let locked = tables
        .get(1)
        .and_then(|table| table.rows().find(|row| row.truth("locked") == Some(true)));
    let Some(row) = locked else { return };
    let by = row
        .text("lockedby")
        .map_or_else(String::new, |by| format!(" by {by}"));
    let since = row
        .time("lockgranted")
        .map_or_else(String::new, |at| format!(" since {at:.0}"));
    comparison.warnings.push(format!(
        "the change log is locked{by}{since}: another run is under way, or one was killed"
    ));
    comparison.hint("if nothing runs: `liquibase release-locks`");
}

/// What a row says, by the identity of its changeset.
pub(crate) fn record(row: &Row<'_>) -> Record {
    let text = |column| row.text(column).unwrap_or_default();
    let path = text("filename");
    let identity = identity(
        path.trim_start_matches("classpath:"),
        &text("id"),
        &text("author"),
    );
    let mut record = Record::applied(identity, text("id"), text("author"))
        .at(row.time("dateexecuted"))
        .by(row.text("liquibase").map(|by| {
            match by.starts_with(|first: char| first.is_ascii_digit()) {
                true => format!("Liquibase {by}"),
                false => by,
            }
        }));
    record.checksum = row.text("md5sum");
    record
}

/// The history's table.
pub(crate) fn table(project: &Project, settings: &Settings) -> TableName {
    settings.table_or(|| {
        let named = properties::value(project, "databaseChangeLogTableName");
        let name = named.unwrap_or_else(|| "databasechangelog".to_owned());
        TableName::within(properties::value(project, "liquibaseSchemaName"), name)
    })
}

/// The table of the lock.
pub(crate) fn lock_table(project: Option<&Project>, table: &TableName) -> TableName {
    let named =
        project.and_then(|project| properties::value(project, "databaseChangeLogLockTableName"));
    let name = named.unwrap_or_else(|| "databasechangeloglock".to_owned());
    TableName::within(table.schema.clone(), name)
}

/// The columns of the lock's table.
pub(crate) fn wanted_lock(name: TableName) -> Wanted {
    Wanted::new(name, &["locked"]).optional(&["lockedby", "lockgranted"])
}

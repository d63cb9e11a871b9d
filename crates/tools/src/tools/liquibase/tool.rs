//! Where Liquibase's changelogs are, and what its table says.

use shipgate_sql::Dialect;

use super::changelog::{Changeset, Item, Reference};
use super::{formatted_sql, xml, yaml};
use crate::checksum::Checksum;
use crate::compare::{Comparison, Record, recorded, without_file};
use crate::expected::{BadExpectation, Expected};
use crate::history::{HistoryError, Row, TableName, Tables, Wanted};
use crate::migration::Migration;
use crate::project::{Project, ReadError, join, parent};
use crate::runner;
use crate::sign::Sign;
use crate::status::{Entry, State};
use crate::tool::{Migrations, Place, Settings, Tool};

#[derive(Debug)]
pub(crate) struct Liquibase;

const TITLE: &str = "Liquibase";
const PROPERTIES: &str = "liquibase.properties";
const RESOURCES: &str = "src/main/resources";
const ROOTS: [&str; 14] = [
    "db/changelog/db.changelog-master.yaml",
    "db/changelog/db.changelog-master.xml",
    "db/changelog/db.changelog-master.json",
    "db/changelog/db.changelog-master.sql",
    "src/main/resources/db/changelog/db.changelog-master.yaml",
    "src/main/resources/db/changelog/db.changelog-master.xml",
    "src/main/resources/db/changelog/db.changelog-master.json",
    "src/main/resources/db/changelog/db.changelog-master.sql",
    "changelog.xml",
    "changelog.yaml",
    "changelog.json",
    "changelog.sql",
    "db/changelog.xml",
    "db/changelog.sql",
];

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
        let named = settings
            .directory
            .as_deref()
            .map(|path| crate::project::clean(path).to_owned());
        let mut reader = Reader {
            project,
            base: base(project),
            sets: Vec::new(),
            open: Vec::new(),
        };
        let place = match named.or_else(|| root(project)) {
            Some(path) if project.is_directory(&path) => {
                reader.all(&path)?;
                path
            }
            Some(path) if project.is_file(&path) => {
                reader.file(&path)?;
                path
            }
            other => {
                return Err(ReadError::NoDirectory {
                    path: other.unwrap_or_else(|| ROOTS[0].to_owned()),
                    tool: TITLE,
                });
            }
        };
        let table = settings.table_or(|| {
            TableName::new(
                property(project, "databaseChangeLogTableName")
                    .unwrap_or_else(|| "databasechangelog".to_owned()),
            )
        });
        Ok(Box::new(Changesets {
            place: Place::new(&place, &table),
            table,
            sets: reader.sets,
        }))
    }

    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation> {
        let sets = expected.migrations.iter().map(|migration| {
            Ok(Held {
                set: Changeset {
                    id: migration.version.clone(),
                    author: migration.name.clone(),
                    path: None,
                    run_on_change: migration.detail.get("run_on_change")?,
                    run_always: migration.detail.get("run_always")?,
                    checksum: migration.checksums.first().cloned(),
                },
                path: migration.detail.get("path")?,
                file: migration.file.clone(),
            })
        });
        Ok(Box::new(Changesets {
            place: expected.place(),
            table: expected.table()?,
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

fn property(project: &Project, key: &str) -> Option<String> {
    let text = project.text(PROPERTIES)?;
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(['=', ':'])?;
        let name = name.trim();
        let name = name.strip_prefix("liquibase.command.").unwrap_or(name);
        let name = name.strip_prefix("liquibase.").unwrap_or(name);
        name.replace('-', "")
            .eq_ignore_ascii_case(key)
            .then(|| value.trim().to_owned())
    })
}

/// The root changelog.
fn root(project: &Project) -> Option<String> {
    let named = property(project, "changelogFile").map(|path| {
        let path = path
            .trim_start_matches("classpath:")
            .trim_start_matches('/');
        let path = crate::project::clean(path).to_owned();
        let in_resources = join(RESOURCES, &path);
        if project.is_file(&path) {
            path
        } else {
            in_resources
        }
    });
    named.or_else(|| project.first_file(&ROOTS).map(str::to_owned))
}

/// The directory that paths in changelogs begin at.
fn base(project: &Project) -> String {
    match root(project) {
        Some(root) if root.starts_with(RESOURCES) => RESOURCES.to_owned(),
        _ => String::new(),
    }
}

/// A changeset and the changelog that holds it.
#[derive(Clone, Debug)]
struct Held {
    set: Changeset,
    /// The path the history has.
    path: String,
    file: String,
}

impl Held {
    fn migration(&self) -> Migration {
        let Changeset {
            id,
            author,
            checksum,
            ..
        } = &self.set;
        let sum = match checksum {
            Some(sum) => Checksum::Any(vec![sum.clone()]),
            None => Checksum::Unknown("only liquibase can compute its checksum".to_owned()),
        };
        let identity = format!("{}::{id}::{author}", self.path);
        Migration::new(identity, id, author, &self.file).with_checksum(sum)
    }
}

/// Follows what changelogs include.
struct Reader<'a> {
    project: &'a Project,
    base: String,
    sets: Vec<Held>,
    /// Changelogs that are being read, from the root on.
    open: Vec<String>,
}

impl Reader<'_> {
    fn file(&mut self, file: &str) -> Result<(), ReadError> {
        if self.open.iter().any(|open| open == file) {
            return Err(ReadError::Contradiction(format!(
                "{file} includes itself, by way of {}",
                self.open.join(", ")
            )));
        }
        let text = self.project.read_text(file)?;
        let wrong = |line: usize, message: String| ReadError::Content {
            path: file.to_owned(),
            line,
            message,
        };
        let items = match file.rsplit_once('.').map(|(_, ending)| ending) {
            Some("sql") => match formatted_sql::read(&text) {
                Some(items) => items.map_err(|(line, message)| wrong(line, message))?,
                None => vec![raw()],
            },
            Some("yaml" | "yml") => yaml::read(&text),
            Some("json") => {
                yaml::read_json(&text).map_err(|error| wrong(error.line(), error.to_string()))?
            }
            _ => xml::read(&text),
        };
        self.open.push(file.to_owned());
        for item in items {
            match item {
                Item::Changeset(set) => {
                    let below = file.strip_prefix(&self.base).unwrap_or(file);
                    let path = set
                        .path
                        .clone()
                        .unwrap_or_else(|| below.trim_start_matches('/').to_owned());
                    let file = file.to_owned();
                    self.sets.push(Held { set, path, file });
                }
                Item::Include(reference) => self.file(&self.resolve(file, &reference))?,
                Item::IncludeAll(reference) => self.all(&self.resolve(file, &reference))?,
            }
        }
        self.open.pop();
        Ok(())
    }

    fn all(&mut self, directory: &str) -> Result<(), ReadError> {
        for name in self.project.files_below(directory) {
            let is_changelog = [".sql", ".xml", ".yaml", ".yml", ".json"]
                .iter()
                .any(|ending| name.ends_with(ending));
            if is_changelog {
                self.file(&join(directory, &name))?;
            }
        }
        Ok(())
    }

    fn resolve(&self, from: &str, reference: &Reference) -> String {
        let path = reference
            .path
            .trim_start_matches("classpath:")
            .trim_start_matches('/');
        if reference.relative {
            join(parent(from), path)
        } else {
            join(&self.base, path)
        }
    }
}

/// A file of plain SQL is one changeset.
fn raw() -> Item {
    Item::Changeset(Changeset {
        id: "raw".to_owned(),
        author: "includeAll".to_owned(),
        ..Changeset::default()
    })
}

#[derive(Debug)]
struct Changesets {
    place: Place,
    table: TableName,
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
        let lock = TableName::within(
            self.table.schema.clone(),
            "databasechangeloglock".to_owned(),
        );
        vec![
            Wanted::new(self.table.clone(), required).optional(&["dateexecuted", "liquibase"]),
            Wanted::new(lock, &["locked"]).optional(&["lockedby", "lockgranted"]),
        ]
    }

    fn expected(&self) -> Expected {
        Expected::of(self).detailed(&self.sets, |held, detail| {
            detail.put("path", &held.path);
            detail.put("run_on_change", &held.set.run_on_change);
            detail.put("run_always", &held.set.run_always);
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
            let Some(record) = rows.remove(&migration.id) else {
                comparison
                    .entries
                    .push(Entry::of(migration, State::Pending));
                continue;
            };
            let is_current = record
                .checksum
                .as_deref()
                .is_none_or(|sum| sum.starts_with("9:"));
            let mut entry = recorded(migration, record);
            if entry.state == State::Edited && !is_current {
                entry.state = State::Applied;
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

fn record(row: &Row<'_>) -> Record {
    let text = |column| row.text(column).unwrap_or_default();
    let path = text("filename");
    let identity = format!(
        "{}::{}::{}",
        path.trim_start_matches("classpath:"),
        text("id"),
        text("author")
    );
    let mut record = Record::applied(identity, text("id"), text("author"))
        .at(row.time("dateexecuted"))
        .by(row
            .text("liquibase")
            .map(|version| format!("Liquibase {version}")));
    record.checksum = row.text("md5sum");
    record
}

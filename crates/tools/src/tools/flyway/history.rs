//! `flyway_schema_history`, as its rows are read.

use std::collections::{HashMap, HashSet};

use super::version::id;
use crate::compare::{Outcome, Record};
use crate::history::{Row, TableName, Tables, Wanted};

/// What is read of the history table.
pub(crate) fn wanted(table: &TableName) -> Wanted {
    let required = &[
        "installed_rank",
        "version",
        "description",
        "type",
        "checksum",
        "success",
    ];
    Wanted::new(table.clone(), required).optional(&["installed_on", "installed_by"])
}

/// The rows of a history, each version's or repeatable's last.
#[derive(Default)]
pub(crate) struct Ran {
    pub(crate) versioned: Vec<Record>,
    pub(crate) repeatable: HashMap<String, Record>,
    /// The version of `flyway baseline`.
    pub(crate) baseline: Option<String>,
    /// The ids of those that a baseline's file made.
    pub(crate) from_files: HashSet<String>,
}

impl Ran {
    pub(crate) fn of(tables: &Tables) -> Self {
        let mut rows: Vec<Row<'_>> = tables
            .get(0)
            .iter()
            .flat_map(|table| table.rows())
            .collect();
        rows.sort_by_key(|row| row.integer("installed_rank"));
        let mut versioned: HashMap<String, Record> = HashMap::new();
        let mut ran = Self::default();
        for row in rows {
            let kind = row.text("type").unwrap_or_default();
            let version = row.text("version");
            match (kind.as_str(), version) {
                ("SCHEMA", _) => {}
                ("BASELINE", version) => ran.baseline = version,
                // An undone or deleted migration is as if it had never run.
                (kind, Some(version)) if kind.starts_with("UNDO") || kind == "DELETE" => {
                    versioned.remove(&id(&version, ""));
                }
                ("DELETE", None) => {
                    ran.repeatable
                        .remove(&row.text("description").unwrap_or_default());
                }
                (kind, Some(version)) => {
                    let record = record(&row, &version);
                    if kind.ends_with("_BASELINE") {
                        ran.from_files.insert(record.id.clone());
                    }
                    versioned.insert(record.id.clone(), record);
                }
                (_, None) => {
                    let record = record(&row, "");
                    ran.repeatable.insert(record.name.clone(), record);
                }
            }
        }
        ran.versioned = versioned.into_values().collect();
        ran
    }
}

fn record(row: &Row<'_>, version: &str) -> Record {
    let description = row.text("description").unwrap_or_default();
    let shown = if version.is_empty() { "R" } else { version };
    let mut record = Record::applied(id(version, &description), shown, description)
        .at(row.time("installed_on"))
        .by(row.text("installed_by"));
    record.checksum = row.text("checksum");
    if row.truth("success") == Some(false) {
        record.outcome = Outcome::Failed("it began and did not end well".to_owned());
    }
    record
}

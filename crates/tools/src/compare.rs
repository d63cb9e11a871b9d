//! Files against rows, for tools whose history has a row for each migration.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::checksum::Checksum;
use crate::migration::Migration;
use crate::status::{Entry, State};

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The migrations in the order of execution.
    pub entries: Vec<Entry>,
    /// Rows that are not this project's.
    pub foreign: Vec<String>,
    /// What is wrong beside single migrations.
    pub warnings: Vec<String>,
    /// The tool's own way out.
    pub hints: Vec<String>,
}

impl Comparison {
    pub(crate) fn hint(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.hints.contains(&text) {
            self.hints.push(text);
        }
    }

    pub(crate) fn has(&self, state: State) -> bool {
        self.entries.iter().any(|entry| entry.state == state)
    }

    pub(crate) fn first(&self, state: State) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.state == state)
    }
}

impl Entry {
    pub(crate) fn of(migration: Migration, state: State) -> Self {
        Self {
            version: migration.version,
            name: migration.name,
            id: migration.id,
            file: Some(migration.file),
            state,
            why: None,
            at: None,
            by: None,
        }
    }

    pub(crate) fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }
}

/// What a row says became of a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The database has it.
    Applied,
    /// It began and did not end well; why.
    Failed(String),
}

/// A row of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What the history calls the migration.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Its name without the version.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
    /// When.
    pub at: Option<Timestamp>,
    /// In which run, or by whom.
    pub by: Option<String>,
    /// The recorded checksum.
    pub checksum: Option<String>,
}

impl Record {
    /// A row that says it is applied.
    pub(crate) fn applied(
        id: impl Into<String>,
        version: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            version: version.into(),
            name: name.into(),
            outcome: Outcome::Applied,
            at: None,
            by: None,
            checksum: None,
        }
    }

    pub(crate) fn at(mut self, at: Option<Timestamp>) -> Self {
        self.at = at;
        self
    }

    pub(crate) fn by(mut self, by: Option<String>) -> Self {
        self.by = by;
        self
    }

    fn onto(self, mut entry: Entry) -> Entry {
        entry.at = self.at;
        entry.by = self.by;
        entry
    }
}

/// How a tool treats what is not in line.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// Which of two ids comes first.
    pub(crate) order: fn(&str, &str) -> Ordering,
    /// The state of a migration that is not applied while a later one is, and why.
    pub(crate) late: (State, &'static str),
    /// What the tool does about a row without file.
    pub(crate) missing: &'static str,
}

/// Compares migrations, which are in order, with rows.
pub(crate) fn by_id(migrations: Vec<Migration>, records: Vec<Record>, rules: &Rules) -> Comparison {
    let known: HashSet<String> = migrations
        .iter()
        .map(|migration| migration.id.clone())
        .collect();
    let mut comparison = Comparison::default();
    let mut rows: HashMap<String, Record> = HashMap::with_capacity(records.len());
    let mut missing = Vec::new();
    for record in records {
        if !known.contains(&record.id) {
            missing.push(record);
        } else if let Some(earlier) = rows.insert(record.id.clone(), record) {
            comparison
                .warnings
                .push(format!("the history has {} more than once", earlier.id));
        }
    }
    let latest_missing = missing
        .iter()
        .map(|record| record.id.clone())
        .max_by(|a, b| (rules.order)(a, b));
    let last_applied = migrations
        .iter()
        .rposition(|migration| rows.contains_key(&migration.id));
    comparison.entries = migrations
        .into_iter()
        .enumerate()
        .map(|(at, migration)| match rows.remove(&migration.id) {
            Some(record) => recorded(migration, record),
            None => {
                // A list may have another order than the names in it; what it
                // does not hold has only its name.
                let is_late = last_applied.is_some_and(|last| at < last)
                    || latest_missing
                        .as_deref()
                        .is_some_and(|latest| (rules.order)(&migration.id, latest).is_lt());
                if is_late {
                    let (state, why) = rules.late;
                    Entry::of(migration, state).because(why)
                } else {
                    Entry::of(migration, State::Pending)
                }
            }
        })
        .collect();
    insert_missing(&mut comparison.entries, missing, rules);
    comparison
}

/// The state of a migration that has a row.
pub(crate) fn recorded(migration: Migration, record: Record) -> Entry {
    let (state, why) = match (&record.outcome, &migration.checksum, &record.checksum) {
        (Outcome::Failed(why), _, _) => (State::Failed, Some(why.clone())),
        (Outcome::Applied, Checksum::Any(any), Some(found)) if !any.contains(found) => (
            State::Edited,
            Some("the file is not what was applied".to_owned()),
        ),
        (Outcome::Applied, Checksum::Unknown(why), Some(_)) => (
            State::Applied,
            Some(format!("not checked for edits: {why}")),
        ),
        (Outcome::Applied, _, _) => (State::Applied, None),
    };
    let mut entry = Entry::of(migration, state);
    entry.why = why;
    record.onto(entry)
}

/// An entry for a row that has no file.
pub(crate) fn without_file(record: Record, why: &str) -> Entry {
    let (state, why) = match &record.outcome {
        Outcome::Applied => (State::MissingFile, why.to_owned()),
        Outcome::Failed(failed) => (State::Failed, format!("{failed}; it has no file either")),
    };
    let entry = Entry {
        version: record.version.clone(),
        name: record.name.clone(),
        id: record.id.clone(),
        file: None,
        state,
        why: Some(why).filter(|why| !why.is_empty()),
        at: None,
        by: None,
    };
    record.onto(entry)
}

/// Puts rows without file where they were in the order.
fn insert_missing(entries: &mut Vec<Entry>, mut missing: Vec<Record>, rules: &Rules) {
    if missing.is_empty() {
        return;
    }
    missing.sort_by(|a, b| (rules.order)(&a.id, &b.id));
    let mut merged = Vec::with_capacity(entries.len() + missing.len());
    let mut missing = missing.into_iter().peekable();
    for entry in entries.drain(..) {
        while let Some(record) =
            missing.next_if(|record| (rules.order)(&record.id, &entry.id).is_lt())
        {
            merged.push(without_file(record, rules.missing));
        }
        merged.push(entry);
    }
    merged.extend(missing.map(|record| without_file(record, rules.missing)));
    *entries = merged;
}

/// By the bytes of the text.
pub(crate) fn by_text(a: &str, b: &str) -> Ordering {
    a.cmp(b)
}

/// By the number a text begins with, then by the text.
pub(crate) fn by_number(a: &str, b: &str) -> Ordering {
    leading_digits(a)
        .cmp(&leading_digits(b))
        .then_with(|| a.cmp(b))
}

/// The digits a text begins with, in a form that compares as their number.
fn leading_digits(text: &str) -> (usize, &str) {
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    let digits = text[..end].trim_start_matches('0');
    (digits.len(), digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        order: by_number,
        late: (State::OutOfOrder, "late"),
        missing: "gone",
    };

    fn migration(id: &str) -> Migration {
        Migration::new(id, id, "", id)
    }

    fn states(files: &[&str], rows: &[&str]) -> Vec<String> {
        let files = files.iter().map(|id| migration(id)).collect();
        let rows = rows
            .iter()
            .map(|id| Record::applied(*id, *id, ""))
            .collect();
        by_id(files, rows, &RULES)
            .entries
            .iter()
            .map(|entry| format!("{} {}", entry.id, entry.state))
            .collect()
    }

    #[test]
    fn every_file_and_row_has_one_state() {
        assert_eq!(
            states(&["1", "2", "9", "10"], &["1", "3", "9"]),
            [
                "1 applied",
                "2 out of order",
                "3 missing file",
                "9 applied",
                "10 pending"
            ]
        );
        assert_eq!(states(&["1"], &[]), ["1 pending"]);
        assert_eq!(states(&[], &["4"]), ["4 missing file"]);
    }

    #[test]
    fn a_checksum_that_differs_is_an_edit() {
        let file = migration("1").with_checksum(Checksum::Any(vec!["a".to_owned()]));
        let mut row = Record::applied("1", "1", "");
        row.checksum = Some("b".to_owned());
        assert_eq!(recorded(file.clone(), row.clone()).state, State::Edited);
        row.checksum = Some("a".to_owned());
        assert_eq!(recorded(file, row).state, State::Applied);
    }

    #[test]
    fn a_second_row_is_told() {
        let rows = vec![Record::applied("1", "1", ""), Record::applied("1", "1", "")];
        let found = by_id(vec![migration("1")], rows, &RULES);
        assert_eq!(found.warnings, ["the history has 1 more than once"]);
    }

    #[test]
    fn a_hundred_thousand_rows_are_compared() {
        let ids: Vec<String> = (0..100_000).map(|number| number.to_string()).collect();
        let files = ids.iter().map(|id| migration(id)).collect();
        let rows = ids
            .iter()
            .rev()
            .map(|id| Record::applied(id, id, ""))
            .collect();
        let found = by_id(files, rows, &RULES);
        assert!(
            found
                .entries
                .iter()
                .all(|entry| entry.state == State::Applied)
        );
    }
}

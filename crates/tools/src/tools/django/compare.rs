//! Rows against the graph, with Django's rules for squashes.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use super::graph::Graph;
use super::migration_file::{Key, MigrationFile};
use crate::compare::{Comparison, Record, without_file};
use crate::migration::{Migration, split_stem};
use crate::status::{Entry, State};

pub(super) fn migration(file: &MigrationFile) -> Migration {
    let (version, name) = described(&file.key);
    Migration::new(id(&file.key), version, name, &file.file)
}

/// What people call it: `blog.0001` and `initial`.
fn described((app, stem): &Key) -> (String, String) {
    let (version, name) = split_stem(stem);
    (format!("{app}.{version}"), name)
}

fn id((app, name): &Key) -> String {
    format!("{app}.{name}")
}

pub(super) fn compare(graph: &Graph, rows: &HashMap<Key, Option<Timestamp>>) -> Comparison {
    let mut comparison = Comparison::default();
    let standing = Standing::new(graph, rows);
    let apps: HashSet<&str> = graph
        .migrations
        .iter()
        .map(|file| file.key.0.as_str())
        .collect();
    for file in &graph.migrations {
        let mut entry = standing.entry(file);
        entry.at = rows.get(&file.key).copied().flatten();
        comparison.entries.push(entry);
    }
    let listed: HashSet<&Key> = graph
        .migrations
        .iter()
        .flat_map(|file| std::iter::once(&file.key).chain(&file.replaces))
        .collect();
    let mut foreign: BTreeMap<&str, usize> = BTreeMap::new();
    let mut missing: Vec<(&Key, &Option<Timestamp>)> = Vec::new();
    for (key, at) in rows {
        if !apps.contains(key.0.as_str()) {
            *foreign.entry(&key.0).or_default() += 1;
        } else if !listed.contains(key) {
            missing.push((key, at));
        }
    }
    missing.sort_unstable();
    for (key, at) in missing {
        let (version, name) = described(key);
        let record = Record::applied(id(key), version, name).at(*at);
        comparison
            .entries
            .push(without_file(record, "`showmigrations` does not show it"));
    }
    comparison.foreign = foreign
        .iter()
        .map(|(app, count)| format!("{count} of app {app}, which is not in this directory"))
        .collect();
    inconsistencies(graph, &standing, &mut comparison);
    for (app, leaves) in standing.conflicts(graph) {
        comparison.warnings.push(format!(
            "app {app} has several leaves: {}; `migrate` refuses with \"Conflicting migrations\"",
            leaves.join(", ")
        ));
        comparison.hint("`python manage.py makemigrations --merge` joins them");
    }
    comparison
}

/// A migration that is applied before one it depends on. Like Django, by the
/// rows: what is replaced is checked as its squash, and that only once it has a row.
fn inconsistencies(graph: &Graph, standing: &Standing<'_>, comparison: &mut Comparison) {
    for (file, needs) in graph.migrations.iter().zip(&graph.needs) {
        let squash = standing.replaced.get(&file.key).copied();
        let node = squash.unwrap_or(&file.key);
        if !standing.recorded.contains(node) || !standing.is_applied(node) {
            continue;
        }
        for need in needs.iter().map(|need| &graph.migrations[*need]) {
            let counts = standing.is_applied(&need.key)
                || standing.is_replaced(&need.key)
                || file.replaces.contains(&need.key);
            if counts {
                continue;
            }
            for entry in &mut comparison.entries {
                if entry.id == id(&need.key) && entry.state == State::Pending {
                    entry.state = State::OutOfOrder;
                    entry.why = Some(format!("{} is applied and depends on it", id(node)));
                }
            }
            comparison.warnings.push(format!(
                "{} is applied before its dependency {}; `migrate` refuses with InconsistentMigrationHistory",
                id(node),
                id(&need.key)
            ));
        }
    }
}

/// Which migrations count as applied, and which a squash stands for.
struct Standing<'a> {
    /// Those that have a row.
    recorded: HashSet<&'a Key>,
    applied: HashSet<&'a Key>,
    /// Replaced ones that nobody runs any more, and by which squash.
    replaced: HashMap<&'a Key, &'a Key>,
    /// Squashes that cannot be used: some, but not all of theirs are applied.
    unusable: HashSet<&'a Key>,
}

impl<'a> Standing<'a> {
    fn new(graph: &'a Graph, rows: &'a HashMap<Key, Option<Timestamp>>) -> Self {
        let mut standing = Self {
            recorded: rows.keys().collect(),
            applied: rows.keys().collect(),
            replaced: HashMap::new(),
            unusable: HashSet::new(),
        };
        for squash in &graph.migrations {
            if squash.replaces.is_empty() {
                continue;
            }
            let applied = squash
                .replaces
                .iter()
                .filter(|key| standing.applied.contains(key))
                .count();
            if applied == squash.replaces.len() {
                standing.applied.insert(&squash.key);
            } else {
                standing.applied.remove(&squash.key);
            }
            if applied == 0 || applied == squash.replaces.len() {
                let replaced = squash.replaces.iter().map(|key| (key, &squash.key));
                standing.replaced.extend(replaced);
            } else {
                standing.unusable.insert(&squash.key);
            }
        }
        standing
    }

    fn is_applied(&self, key: &Key) -> bool {
        self.applied.contains(key)
    }

    fn is_replaced(&self, key: &Key) -> bool {
        self.replaced.contains_key(key)
    }

    fn entry(&self, file: &MigrationFile) -> Entry {
        let migration = migration(file);
        let key = &file.key;
        if self.unusable.contains(key) {
            return Entry::of(migration, State::Pending)
                .because("only some of what it replaces is applied; those run first");
        }
        match (self.is_applied(key), self.replaced.get(key)) {
            (true, Some(squash)) => {
                Entry::of(migration, State::Applied).because(format!("{} replaces it", id(squash)))
            }
            (true, None) => {
                let entry = Entry::of(migration, State::Applied);
                if file.replaces.is_empty() {
                    entry
                } else {
                    entry.because("all that it replaces is applied")
                }
            }
            (false, Some(squash)) if self.is_applied(squash) => {
                Entry::of(migration, State::Applied).because(format!("{} replaces it", id(squash)))
            }
            (false, Some(squash)) => Entry::of(migration, State::Superseded)
                .because(format!("{} runs in its place", id(squash))),
            (false, None) => Entry::of(migration, State::Pending),
        }
    }

    /// Apps with several leaves, when what is replaced does not count.
    fn conflicts<'g>(&self, graph: &'g Graph) -> Vec<(&'g str, Vec<&'g str>)> {
        graph
            .leaves()
            .into_iter()
            .map(|(app, leaves)| {
                let counted = leaves
                    .into_iter()
                    .filter(|name| !self.is_replaced(&(app.to_owned(), (*name).to_owned())))
                    .collect::<Vec<_>>();
                (app, counted)
            })
            .filter(|(_, leaves)| leaves.len() > 1)
            .collect()
    }
}

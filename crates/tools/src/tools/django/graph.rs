//! The order of migrations across apps.

use std::collections::{BTreeMap, BTreeSet};

use super::migration_file::{Key, MigrationFile};
use crate::project::ReadError;

/// Migrations in an order in which each comes after what it needs.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    pub(super) migrations: Vec<MigrationFile>,
    /// What each needs, by place.
    pub(super) needs: Vec<Vec<usize>>,
}

impl Graph {
    /// Orders migrations. Those of apps outside of the tree are not waited
    /// for; one that a squash replaces stands before it.
    pub(super) fn new(files: Vec<MigrationFile>) -> Result<Self, ReadError> {
        let files: BTreeMap<Key, MigrationFile> = files
            .into_iter()
            .map(|file| (file.key.clone(), file))
            .collect();
        let files: Vec<MigrationFile> = files.into_values().collect();
        let places: BTreeMap<&Key, usize> = files
            .iter()
            .enumerate()
            .map(|(at, file)| (&file.key, at))
            .collect();
        let replaced: BTreeMap<&Key, usize> = files
            .iter()
            .enumerate()
            .flat_map(|(at, file)| file.replaces.iter().map(move |key| (key, at)))
            .collect();
        let mut needs: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); files.len()];
        for (at, file) in files.iter().enumerate() {
            for key in &file.dependencies {
                let found = match key.1.as_str() {
                    "__first__" => first(&files, &key.0),
                    "__latest__" => last(&files, &key.0),
                    _ => places.get(key).or_else(|| replaced.get(key)).copied(),
                };
                match found {
                    Some(place) if place != at => {
                        needs[at].insert(place);
                    }
                    Some(_) => {}
                    None if files.iter().any(|other| other.key.0 == key.0) => {
                        return Err(ReadError::Contradiction(format!(
                            "{} depends on {}.{}, which no file holds",
                            file.file, key.0, key.1
                        )));
                    }
                    None => {}
                }
            }
            for key in &file.run_before {
                if let Some(place) = places.get(key) {
                    needs[*place].insert(at);
                }
            }
            for key in &file.replaces {
                if let Some(place) = places.get(key) {
                    needs[at].insert(*place);
                }
            }
        }
        let order = order(&files, &needs)?;
        let mut moved = vec![0; order.len()];
        for (to, from) in order.iter().enumerate() {
            moved[*from] = to;
        }
        Ok(Self {
            needs: order
                .iter()
                .map(|at| needs[*at].iter().map(|need| moved[*need]).collect())
                .collect(),
            migrations: order.iter().map(|at| files[*at].clone()).collect(),
        })
    }

    /// Migrations of one app that nothing of the app comes after.
    pub(super) fn leaves(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut followed = vec![false; self.migrations.len()];
        for (at, needed) in self.needs.iter().enumerate() {
            for need in needed {
                if self.migrations[*need].key.0 == self.migrations[at].key.0 {
                    followed[*need] = true;
                }
            }
        }
        let mut leaves: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (file, _) in self
            .migrations
            .iter()
            .zip(followed)
            .filter(|(_, followed)| !followed)
        {
            leaves.entry(&file.key.0).or_default().push(&file.key.1);
        }
        leaves
    }
}

/// The place of an app's migration that depends on none of the app.
fn first(files: &[MigrationFile], app: &str) -> Option<usize> {
    files.iter().position(|file| {
        file.key.0 == app && file.dependencies.iter().all(|(other, _)| other != app)
    })
}

/// The place of an app's migration that none of the app depends on.
fn last(files: &[MigrationFile], app: &str) -> Option<usize> {
    files.iter().rposition(|file| {
        file.key.0 == app
            && !files
                .iter()
                .any(|other| other.key.0 == app && other.dependencies.contains(&file.key))
    })
}

fn order(files: &[MigrationFile], needs: &[BTreeSet<usize>]) -> Result<Vec<usize>, ReadError> {
    let mut waits: Vec<usize> = needs.iter().map(BTreeSet::len).collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (at, needed) in needs.iter().enumerate() {
        for need in needed {
            followers[*need].push(at);
        }
    }
    let mut ready: BTreeSet<usize> = (0..needs.len()).filter(|at| waits[*at] == 0).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for follower in &followers[at] {
            waits[*follower] -= 1;
            if waits[*follower] == 0 {
                ready.insert(*follower);
            }
        }
    }
    if order.len() == needs.len() {
        return Ok(order);
    }
    let circle: Vec<&str> = (0..needs.len())
        .filter(|at| waits[*at] > 0)
        .map(|at| files[at].file.as_str())
        .collect();
    Err(ReadError::Contradiction(format!(
        "these depend on each other in a circle: {}",
        circle.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::{Graph, Key, MigrationFile};

    fn key(text: &str) -> Key {
        let (app, name) = text.split_once('.').unwrap();
        (app.to_owned(), name.to_owned())
    }

    fn file(name: &str, dependencies: &[&str]) -> MigrationFile {
        MigrationFile {
            key: key(name),
            file: format!("{name}.py"),
            dependencies: dependencies.iter().map(|name| key(name)).collect(),
            run_before: Vec::new(),
            replaces: Vec::new(),
        }
    }

    fn names(graph: &Graph) -> Vec<String> {
        graph
            .migrations
            .iter()
            .map(|file| format!("{}.{}", file.key.0, file.key.1))
            .collect()
    }

    #[test]
    fn apps_are_ordered_by_what_they_depend_on() {
        let mut early = file("b.0001", &[]);
        early.run_before = vec![key("a.0002")];
        let graph = Graph::new(vec![
            file("a.0002", &["a.0001"]),
            early,
            file("a.0001", &["auth.0001", "c.__first__"]),
            file("c.0001", &[]),
        ])
        .unwrap();
        assert_eq!(names(&graph), ["b.0001", "c.0001", "a.0001", "a.0002"]);
    }

    #[test]
    fn two_leaves_of_an_app_are_seen() {
        let graph = Graph::new(vec![
            file("a.0001", &[]),
            file("a.0002_x", &["a.0001"]),
            file("a.0002_y", &["a.0001"]),
        ])
        .unwrap();
        assert_eq!(graph.leaves()["a"], ["0002_x", "0002_y"]);
    }

    #[test]
    fn a_gap_in_an_own_app_is_named() {
        let error = Graph::new(vec![file("a.0002", &["a.0001"])]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.0002.py depends on a.0001, which no file holds"
        );
    }
}

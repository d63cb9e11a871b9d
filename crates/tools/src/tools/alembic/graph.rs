//! The graph of revisions: order, heads, and what an applied one implies.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::revision::Revision;
use crate::project::ReadError;

/// Revisions in an order in which each comes after what it needs.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    revisions: Vec<Revision>,
    places: HashMap<String, usize>,
    /// What each comes after and depends on, by place.
    needs: Vec<Vec<usize>>,
    /// Whether another comes after it.
    followed: Vec<bool>,
}

impl Graph {
    /// Orders revisions.
    pub(super) fn new(revisions: &[Revision]) -> Result<Self, ReadError> {
        let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, revision) in revisions.iter().enumerate() {
            if let Some(other) = by_id.insert(&revision.id, at) {
                return Err(ReadError::Contradiction(format!(
                    "{} and {} are both revision {}",
                    revisions[other].file, revision.file, revision.id
                )));
            }
        }
        let labels: HashMap<&str, usize> = revisions
            .iter()
            .enumerate()
            .flat_map(|(at, revision)| {
                revision
                    .labels
                    .iter()
                    .map(move |label| (label.as_str(), at))
            })
            .collect();
        let mut needs = Vec::with_capacity(revisions.len());
        let mut followed = vec![false; revisions.len()];
        for revision in revisions {
            let mut needed = Vec::new();
            for (at, name) in revision.down.iter().chain(&revision.depends_on).enumerate() {
                let found = by_id
                    .get(name.as_str())
                    .or_else(|| labels.get(name.as_str()))
                    .copied()
                    .or_else(|| abbreviated(&by_id, name));
                let Some(place) = found else {
                    return Err(ReadError::Contradiction(format!(
                        "{} comes after revision {name}, which no file holds",
                        revision.file
                    )));
                };
                needed.push(place);
                if at < revision.down.len() {
                    followed[place] = true;
                }
            }
            needs.push(needed);
        }
        let order = order(revisions, &needs)?;
        let mut moved = vec![0; order.len()];
        for (to, from) in order.iter().enumerate() {
            moved[*from] = to;
        }
        let revisions: Vec<Revision> = order.iter().map(|at| revisions[*at].clone()).collect();
        Ok(Self {
            places: revisions
                .iter()
                .enumerate()
                .map(|(at, revision)| (revision.id.clone(), at))
                .collect(),
            needs: order
                .iter()
                .map(|at| needs[*at].iter().map(|need| moved[*need]).collect())
                .collect(),
            followed: order.iter().map(|at| followed[*at]).collect(),
            revisions,
        })
    }

    /// The revisions in order.
    pub(super) fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    /// Revisions that nothing comes after.
    pub(super) fn heads(&self) -> Vec<&str> {
        self.revisions
            .iter()
            .zip(&self.followed)
            .filter(|(_, followed)| !**followed)
            .map(|(revision, _)| revision.id.as_str())
            .collect()
    }

    /// The place of a revision.
    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// What certainly is not applied if the history names these as its heads:
    /// everything that comes after them, for it would stand in their place.
    pub(super) fn beyond(&self, ids: &[usize]) -> HashSet<usize> {
        let mut beyond = HashSet::new();
        // Each comes after what it needs.
        for (at, needs) in self.needs.iter().enumerate() {
            let follows = |need: &usize| ids.contains(need) || beyond.contains(need);
            if needs.iter().any(follows) {
                beyond.insert(at);
            }
        }
        beyond
    }

    /// Everything that is applied if these are: they, and what they need.
    pub(super) fn implied(&self, ids: &[usize]) -> HashSet<usize> {
        let mut implied = HashSet::new();
        let mut left: Vec<usize> = ids.to_vec();
        while let Some(at) = left.pop() {
            if implied.insert(at) {
                left.extend(&self.needs[at]);
            }
        }
        implied
    }
}

/// Alembic takes the beginning of an id for it, if only one begins so.
fn abbreviated(by_id: &BTreeMap<&str, usize>, name: &str) -> Option<usize> {
    let mut matching = by_id
        .range(name..)
        .take_while(|(id, _)| id.starts_with(name));
    let (_, place) = matching.next()?;
    (name.len() > 3 && matching.next().is_none()).then_some(*place)
}

/// An order in which each comes after what it needs; among those that could
/// come next, the first by file.
fn order(revisions: &[Revision], needs: &[Vec<usize>]) -> Result<Vec<usize>, ReadError> {
    let mut waits: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (at, needed) in needs.iter().enumerate() {
        for need in needed {
            followers[*need].push(at);
        }
    }
    let mut ready: BTreeSet<(&str, usize)> = (0..needs.len())
        .filter(|at| waits[*at] == 0)
        .map(|at| (revisions[at].file.as_str(), at))
        .collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some((_, at)) = ready.pop_first() {
        order.push(at);
        for follower in &followers[at] {
            waits[*follower] -= 1;
            if waits[*follower] == 0 {
                ready.insert((&revisions[*follower].file, *follower));
            }
        }
    }
    if order.len() == needs.len() {
        return Ok(order);
    }
    let circle: Vec<&str> = (0..needs.len())
        .filter(|at| waits[*at] > 0)
        .map(|at| revisions[at].file.as_str())
        .collect();
    Err(ReadError::Contradiction(format!(
        "these come after each other in a circle: {}",
        circle.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::{Graph, Revision};

    fn revision(id: &str, down: &[&str]) -> Revision {
        Revision {
            id: id.to_owned(),
            down: down.iter().map(|id| (*id).to_owned()).collect(),
            depends_on: Vec::new(),
            labels: Vec::new(),
            message: String::new(),
            file: format!("{id}.py"),
        }
    }

    fn ids(graph: &Graph) -> Vec<&str> {
        graph
            .revisions()
            .iter()
            .map(|revision| revision.id.as_str())
            .collect()
    }

    #[test]
    fn each_comes_after_what_it_needs() {
        let mut late = revision("a9", &["z1"]);
        late.depends_on = vec!["b2".to_owned()];
        let graph = Graph::new(&[
            late,
            revision("z1", &[]),
            revision("b2", &[]),
            revision("m", &["z1", "b2"]),
        ])
        .unwrap();
        assert_eq!(ids(&graph), ["b2", "z1", "a9", "m"]);
        assert_eq!(graph.heads(), ["a9", "m"]);
    }

    #[test]
    fn an_applied_merge_implies_both_branches() {
        let graph = Graph::new(&[
            revision("a", &[]),
            revision("b", &["a"]),
            revision("c", &["a"]),
            revision("d", &["b", "c"]),
            revision("e", &["d"]),
        ])
        .unwrap();
        let implied = graph.implied(&[graph.place("d").unwrap()]);
        assert_eq!(implied.len(), 4);
        assert!(!implied.contains(&graph.place("e").unwrap()));
    }

    #[test]
    fn circles_gaps_and_doubles_are_named() {
        let error = |revisions: Vec<Revision>| Graph::new(&revisions).unwrap_err().to_string();
        assert_eq!(
            error(vec![revision("a", &["b"]), revision("b", &["a"])]),
            "these come after each other in a circle: a.py, b.py"
        );
        assert_eq!(
            error(vec![revision("a", &["x"])]),
            "a.py comes after revision x, which no file holds"
        );
        assert_eq!(
            error(vec![revision("a", &[]), revision("a", &[])]),
            "a.py and a.py are both revision a"
        );
    }
}

//! Heads in the history against the graph of the files.

use super::graph::Graph;
use super::migrations::migration;
use crate::compare::{Comparison, Record, without_file};
use crate::status::{Entry, State};

pub(super) fn compare(graph: &Graph, rows: Vec<String>, program: &str) -> Comparison {
    let mut comparison = Comparison::default();
    let (known, unknown): (Vec<String>, Vec<String>) =
        rows.into_iter().partition(|id| graph.place(id).is_some());
    let places: Vec<usize> = known.iter().filter_map(|id| graph.place(id)).collect();
    let implied = graph.implied(&places);
    let beyond = graph.beyond(&places);
    for (at, revision) in graph.revisions().iter().enumerate() {
        let migration = migration(revision);
        comparison.entries.push(if implied.contains(&at) {
            Entry::of(migration, State::Applied)
        } else if unknown.is_empty() || beyond.contains(&at) {
            Entry::of(migration, State::Pending)
        } else {
            Entry::of(migration, State::NotCheckable).because(format!(
                "the database is at {}, which no file holds",
                unknown.join(", ")
            ))
        });
    }
    for id in unknown {
        let why = format!("`{program}` fails: Can't locate revision identified by '{id}'");
        comparison
            .entries
            .push(without_file(Record::applied(&id, &id, ""), &why));
        comparison.hint(format!(
            "bring the file of {id} back; if it is gone for good: `{program} stamp --purge REVISION` \
             with the revision the schema really has"
        ));
    }
    let heads = graph.heads();
    if heads.len() > 1 {
        comparison.warnings.push(format!(
            "there are several heads: {}; `upgrade head` refuses them",
            heads.join(", ")
        ));
        comparison.hint(format!(
            "`{program} merge heads` joins them; `{program} upgrade heads` goes to all of them"
        ));
    }
    comparison
}

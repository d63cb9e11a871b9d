//! Versions as files spell them, by what a history calls them: `0007` is 7 there.

use std::collections::BTreeMap;

use shipgate_migrate::formats::Format;

use super::ledger::Lines;
use crate::project::Project;

/// The versions of a directory's files.
#[derive(Clone, Debug, Default)]
pub(super) struct Versions {
    /// In the order of names.
    spelt: Vec<(String, String)>,
}

impl Versions {
    /// Those in a directory; `id` tells what the history calls a version.
    pub(super) fn of(
        project: &Project,
        directory: &str,
        format: &dyn Format,
        id: fn(&str) -> String,
    ) -> Self {
        let names = project.files(directory).into_iter();
        let names = names.filter(|name| format.is_migration(name));
        let spelt = names.map(|name| {
            let (version, _) = format.version_and_description(&name);
            (id(&version), version)
        });
        Self {
            spelt: spelt.collect(),
        }
    }

    /// What the history calls them.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.spelt.iter().map(|(id, _)| id.as_str())
    }

    /// Gives the rows the versions of their files.
    pub(super) fn spell(&self, lines: &mut Lines) {
        let by_id: BTreeMap<&str, &str> = self
            .spelt
            .iter()
            .map(|(id, version)| (id.as_str(), version.as_str()))
            .collect();
        for record in &mut lines.records {
            if let Some(version) = by_id.get(record.id.as_str()) {
                record.id = (*version).to_owned();
            }
        }
    }
}

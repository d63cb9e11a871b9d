//! What became of each migration.

use shipgate_sql::Dialect;

use super::history::{Ran, wanted};
use super::source::{Kind, Source};
use super::version::{compare_versions, id};
use crate::checksum::Checksum;
use crate::compare::{Comparison, Record, Rules, by_id, recorded, without_file};
use crate::expected::Expected;
use crate::history::{HistoryError, TableName, Tables, Wanted};
use crate::migration::Migration;
use crate::status::{Entry, State};
use crate::tool::{Migrations, Place};

const RULES: Rules = Rules {
    order: compare_versions,
    late: (
        State::OutOfOrder,
        "later ones are applied; flyway leaves it out, unless told `outOfOrder`",
    ),
    missing: "flyway refuses to migrate: \"Detected applied migration not resolved locally\"",
};

/// A migration with what its checksum may be.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) source: Source,
    pub(super) checksum: Checksum,
}

impl Script {
    fn migration(&self) -> Migration {
        let Source {
            version,
            description,
            file,
            ..
        } = &self.source;
        let id = id(version, description);
        let shown = if version.is_empty() { "R" } else { version };
        Migration::new(id, shown, description, file).with_checksum(self.checksum.clone())
    }
}

#[derive(Debug)]
pub(super) struct FlywayMigrations {
    pub(super) place: Place,
    pub(super) table: TableName,
    pub(super) scripts: Vec<Script>,
    /// Files that came late are applied.
    pub(super) out_of_order: bool,
}

impl FlywayMigrations {
    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Script> {
        self.scripts
            .iter()
            .filter(move |script| script.source.kind == kind)
    }

    /// On a database without history the newest baseline stands for all
    /// versions up to its own.
    fn baseline_file(&self) -> Option<&Script> {
        self.of_kind(Kind::Baseline).last()
    }

    /// Rows without file that are not older than every file are a newer
    /// release's to Flyway, which goes on.
    fn tell_newer(&self, comparison: &mut Comparison) {
        let versions = self
            .scripts
            .iter()
            .map(|script| script.source.version.as_str());
        let newest = versions
            .filter(|version| !version.is_empty())
            .max_by(|a, b| compare_versions(a, b));
        for entry in &mut comparison.entries {
            let is_newer = entry.version != "R"
                && newest.is_none_or(|newest| compare_versions(&entry.id, newest).is_ge());
            if entry.state == State::MissingFile && is_newer {
                entry.why = Some(
                    "not older than any file: flyway takes it for a newer release's, and goes on"
                        .to_owned(),
                );
            }
        }
    }
}

impl Migrations for FlywayMigrations {
    fn place(&self) -> &Place {
        &self.place
    }

    fn listed(&self) -> Vec<Migration> {
        self.scripts.iter().map(Script::migration).collect()
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        vec![wanted(&self.table)]
    }

    fn expected(&self) -> Expected {
        let mut expected = Expected::of(self).detailed(&self.scripts, |script, detail| {
            detail.put("kind", &script.source.kind);
        });
        expected.detail.put("out_of_order", &self.out_of_order);
        expected
    }

    fn compare(&self, tables: &Tables) -> Result<Comparison, HistoryError> {
        let mut ran = Ran::of(tables);
        let is_fresh = ran.versioned.is_empty() && ran.baseline.is_none();
        let baseline_id = |script: &Script| id(&script.source.version, "");
        let applied_baselines: Vec<String> = self
            .of_kind(Kind::Baseline)
            .map(baseline_id)
            .filter(|id| ran.versioned.iter().any(|record| record.id == *id))
            .collect();
        let versions: Vec<Migration> = self
            .scripts
            .iter()
            .filter(|script| match script.source.kind {
                Kind::Versioned => !applied_baselines.contains(&baseline_id(script)),
                Kind::Baseline if is_fresh => self
                    .baseline_file()
                    .is_some_and(|newest| newest.source.file == script.source.file),
                Kind::Baseline => applied_baselines.contains(&baseline_id(script)),
                Kind::Repeatable => false,
            })
            .map(Script::migration)
            .collect();
        let rules = match self.out_of_order {
            true => Rules {
                late: (
                    State::OutOfOrder,
                    "later ones are applied; flyway applies it all the same, for outOfOrder is set",
                ),
                ..RULES
            },
            false => RULES,
        };
        let mut comparison = by_id(versions, std::mem::take(&mut ran.versioned), &rules);
        let stands = match is_fresh {
            true => self.baseline_file().map(baseline_id),
            false => ran.baseline.as_deref().map(|version| id(version, "")),
        };
        if let Some(stands) = stands {
            below(&mut comparison, &stands, is_fresh);
        }
        for script in self.of_kind(Kind::Repeatable) {
            let row = ran.repeatable.remove(&script.source.description);
            comparison.entries.push(repeatable(script.migration(), row));
        }
        let mut left: Vec<Record> = ran.repeatable.into_values().collect();
        left.sort_by(|a, b| a.id.cmp(&b.id));
        for record in left {
            comparison.entries.push(without_file(record, RULES.missing));
        }
        self.tell_newer(&mut comparison);
        if comparison.has(State::Failed) {
            comparison
                .warnings
                .push("flyway applies nothing while a migration stands as failed".to_owned());
            comparison.hint("when its changes are undone: `flyway repair`");
        }
        if comparison.has(State::Edited) {
            comparison.hint("flyway refuses to migrate; bring the applied text back, or accept the new one: `flyway repair`");
        }
        Ok(comparison)
    }
}

/// Versions that a baseline stands for.
fn below(comparison: &mut Comparison, baseline: &str, is_fresh: bool) {
    for entry in &mut comparison.entries {
        let order = compare_versions(&entry.id, baseline);
        if !matches!(entry.state, State::Pending | State::OutOfOrder) {
            continue;
        }
        if is_fresh && order.is_lt() {
            entry.state = State::Superseded;
            entry.why = Some(format!("baseline {baseline} runs in its place"));
        } else if !is_fresh && order.is_le() {
            entry.state = State::Applied;
            entry.why = Some(format!("baseline {baseline} stands for it"));
        }
    }
}

/// A repeatable migration runs again when it changes.
fn repeatable(migration: Migration, row: Option<Record>) -> Entry {
    let Some(row) = row else {
        return Entry::of(migration, State::Pending);
    };
    let mut entry = recorded(migration, row);
    if entry.state == State::Edited {
        entry.state = State::Pending;
        entry.why = Some("it changed and runs again".to_owned());
    }
    entry
}

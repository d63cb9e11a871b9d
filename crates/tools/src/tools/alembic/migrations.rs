//! Revisions as a tool's migrations.

use shipgate_sql::Dialect;

use super::graph::Graph;
use super::revision::Revision;
use crate::compare::Comparison;
use crate::expected::{BadExpectation, Expected};
use crate::history::{HistoryError, TableName, Tables, Wanted};
use crate::migration::Migration;
use crate::tool::{Migrations, Place};

/// The table all three write.
pub(super) const TABLE: &str = "alembic_version";

#[derive(Debug)]
pub(super) struct Revisions {
    pub(super) place: Place,
    pub(super) table: TableName,
    pub(super) graph: Graph,
    /// How the tool is told to go on: `alembic`, `flask db`.
    pub(super) program: &'static str,
}

impl Revisions {
    /// Revisions without their files.
    pub(super) fn expecting(
        expected: &Expected,
        program: &'static str,
    ) -> Result<Box<dyn Migrations>, BadExpectation> {
        let revisions = expected.migrations.iter().map(|migration| {
            Ok(Revision {
                id: migration.id.clone(),
                down: migration.detail.get("down")?,
                depends_on: migration.detail.get("depends_on")?,
                labels: migration.detail.get("labels")?,
                message: migration.name.clone(),
                file: migration.file.clone(),
            })
        });
        let revisions: Vec<Revision> = revisions.collect::<Result<_, BadExpectation>>()?;
        Ok(Box::new(Self {
            place: expected.place(),
            table: expected.table()?,
            graph: Graph::new(&revisions).map_err(|error| BadExpectation(error.to_string()))?,
            program,
        }))
    }
}

impl Migrations for Revisions {
    fn place(&self) -> &Place {
        &self.place
    }

    fn listed(&self) -> Vec<Migration> {
        self.graph.revisions().iter().map(migration).collect()
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        vec![Wanted::new(self.table.clone(), &["version_num"])]
    }

    fn expected(&self) -> Expected {
        Expected::of(self).detailed(self.graph.revisions(), |revision, detail| {
            detail.put("down", &revision.down);
            detail.put("depends_on", &revision.depends_on);
            detail.put("labels", &revision.labels);
        })
    }

    fn compare(&self, tables: &Tables) -> Result<Comparison, HistoryError> {
        let rows = tables
            .get(0)
            .iter()
            .flat_map(|table| table.rows())
            .filter_map(|row| row.text("version_num"))
            .collect();
        Ok(super::compare::compare(&self.graph, rows, self.program))
    }

    fn heads(&self) -> Vec<String> {
        self.graph.heads().into_iter().map(str::to_owned).collect()
    }
}

pub(super) fn migration(revision: &Revision) -> Migration {
    Migration::new(
        &revision.id,
        &revision.id,
        &revision.message,
        &revision.file,
    )
}

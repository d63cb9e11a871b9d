//! The report of `status` as a template's data.

use shipgate_template::Value;

use super::env::{files, with_nested_env};
use super::record::{Empty, Record};
use super::time::{duration, time};
use crate::history::Revision;
use crate::report::{Palette, StatusReport};

/// The type of the report, which `default` takes.
pub(super) const TYPE: &str = "*cmdlog.MigrateStatus";

impl StatusReport<'_> {
    /// The report as a template's data: its fields as its JSON names them,
    /// `.Left` and `.FromCheckpoint`. The palette colours what `default` prints.
    #[must_use]
    pub fn value(&self, palette: Palette) -> Value {
        let text = |text: &str| Value::from(text);
        let applied = Value::list_of("*migrate.Revision", self.applied.iter().map(revision));
        with_nested_env(Record::new(TYPE), &self.env)
            .with("Available", files(&self.available), Empty::LeftOut)
            .with("OutOfOrder", files(&self.out_of_order), Empty::LeftOut)
            .with("Pending", files(&self.pending), Empty::LeftOut)
            .with("Applied", applied, Empty::LeftOut)
            .with("Current", text(&self.current), Empty::LeftOut)
            .with("Next", text(&self.next), Empty::LeftOut)
            .with("Count", Value::from(self.count), Empty::LeftOut)
            .with("Total", Value::from(self.total), Empty::LeftOut)
            .with("Status", text(self.status), Empty::LeftOut)
            .with("Error", text(&self.error), Empty::LeftOut)
            .with("SQL", text(&self.sql), Empty::LeftOut)
            .with_getter("Left", Value::from(self.total - self.count))
            .with_getter("FromCheckpoint", Value::from(self.from_checkpoint))
            .with_report(self.text(palette).to_string())
            .into_value()
    }
}

fn revision(row: &Revision) -> Value {
    let text = |text: &str| Value::from(text);
    let hashes = row.partial_hashes.iter().map(|hash| text(hash));
    let nanos = Value::from(row.execution_time.as_nanos());
    Record::new("*migrate.Revision")
        .with("Version", text(&row.version), Empty::Kept)
        .with("Description", text(&row.description), Empty::Kept)
        .with("Type", text(&row.kind.to_string()), Empty::Kept)
        .with("Applied", Value::from(row.applied), Empty::Kept)
        .with("Total", Value::from(row.total), Empty::Kept)
        .with("ExecutedAt", time(row.executed_at), Empty::Kept)
        .with_field("ExecutionTime", duration(row.execution_time))
        .with_member("ExecutionTime", nanos, Empty::Kept)
        .with("Error", text(&row.error), Empty::LeftOut)
        .with("ErrorStmt", text(&row.error_stmt), Empty::LeftOut)
        .with_field("Hash", text(&row.hash))
        .with_field("PartialHashes", Value::list_of("string", hashes))
        .with(
            "OperatorVersion",
            text(&row.operator_version),
            Empty::LeftOut,
        )
        .into_value()
}

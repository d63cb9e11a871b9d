//! The history: which migrations a database has, as `atlas_schema_revisions` keeps it.

mod drift;
mod kind;
mod revision;
mod sqlite;
mod store;

pub use drift::{Change, ChangeKind, Drift};
pub use kind::RevisionKind;
pub use revision::Revision;
pub use store::{History, HistoryError, Snapshot, Started, history_for};

/// The table's name.
pub const TABLE: &str = "atlas_schema_revisions";

/// A row that is no revision: it names the database to a cloud service.
pub(crate) const CLOUD_IDENTIFIER: &str = ".atlas_cloud_identifier";

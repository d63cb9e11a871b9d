//! The history: which migrations a database has, as `atlas_schema_revisions` keeps it.

mod clean;
mod columns;
mod drift;
mod kind;
mod mysql;
mod placement;
mod postgres;
mod revision;
mod rows;
mod sqlite;
mod store;
mod updates;

pub use drift::{Change, ChangeKind, Drift};
pub use kind::RevisionKind;
pub(crate) use placement::quoted_text;
pub use revision::Revision;
pub use store::{
    AMBIGUITY_NOTICE, Entrance, Failed, History, HistoryChoice, HistoryError, RowStatement,
    Snapshot, Started, Timing, history_of, progress_of,
};

/// The table's name.
pub const TABLE: &str = "atlas_schema_revisions";

/// The table of half-applied files beside another program's history.
pub const PROGRESS_TABLE: &str = "shipgate_progress";

/// A row that is no revision: it names the database to a cloud service.
pub(crate) const CLOUD_IDENTIFIER: &str = ".atlas_cloud_identifier";

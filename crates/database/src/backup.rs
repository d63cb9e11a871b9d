//! Backups: a directory of named, verified copies of one database.
//!
//! [`Store`] owns the directory: it names, lists, prunes and verifies, and
//! nothing appears in it half-written. [`Engine`] knows the database: it
//! copies, checks, compares and restores.
//!
//! ```text
//! backups/
//!   r12/
//!     data.db         the copy, in the engine's own format
//!     manifest.json   a BackupInfo
//! ```

mod engine;
mod error;
mod files;
mod info;
mod lost_writes;
mod options;
mod store;
mod task;
mod unsupported;

pub use engine::{Checked, Contents, Engine, Restored, TableContent};
pub use error::BackupError;
pub use info::BackupInfo;
pub use lost_writes::LostWrites;
pub use options::{BackupEvent, BackupOptions, EventHook};
pub use store::{Listed, Store};

pub(crate) use files::{copy_synced, sync_directory, sync_file};
pub(crate) use task::{Stop, run};
pub(crate) use unsupported::Unsupported;

//! Migration directories, checksums, history, plan and apply.
//!
//! A [`Directory`](directory::Directory) is read and checked against its
//! `atlas.sum`; the [history](history) is read from the database; [`plan`] is a
//! pure function of both; [`apply`](apply::apply) carries it out under the
//! database's migration lock and tells what happens as typed
//! [events](apply::ApplyEvent). Every verb is a function with a report whose
//! text and JSON equal Atlas's.
//!
//! This crate never prints, reads no environment and no clock of its own. It
//! speaks to databases only through `shipgate-database` and splits scripts
//! only through `shipgate-sql`; it knows nothing about releases.

pub mod apply;
pub mod directive;
pub mod directory;
pub mod formats;
mod golang;
mod hash;
pub mod history;
mod import;
mod list;
mod new;
pub mod plan;
mod replay;
pub mod report;
pub mod script;
mod set;
mod settle;
mod status;
pub mod sum;
#[cfg(test)]
mod testing;
mod transaction;
mod validate;
mod verify;

pub use golang::{BadDuration, GoDuration, GoTime, GoUrl, to_json};
pub use hash::{HashError, hash, hash_merged};
pub use import::{ImportError, Imported, import};
pub use list::{Listed, list};
pub use new::{NewError, create, new};
pub use replay::{ReplayError, replay};
pub use set::{SetError, SetOptions, set};
pub use settle::{Effect, Settled, settle};
pub use status::{Reading, StatusError, status};
pub use transaction::{TxMode, TxModeError};
pub use validate::{FileWarning, ValidateError, Validated, validate};
pub use verify::{Expected, Verified, VerifyError, verify};

//! The journal: the append-only, fsynced record of a release's transitions,
//! and the only truth about what happened.

mod file;
mod frame;
mod record;
#[cfg(test)]
mod tests;

pub(crate) use file::FORMAT;
pub use file::{Journal, JournalError};
pub use record::{EndState, Entry, Outcome, Record, ReleaseKind};

//! `atlas.sum`: the checksums of a migration directory.

mod check;
mod compute;
mod conflict;
mod line_endings;
mod merge;
mod parse;

pub use check::{ChecksumError, Culprit, CulpritKind, check};
pub(crate) use compute::Proof;
pub use compute::{Entry, HashChain, Sum};
pub use conflict::{Conflict, ConflictSide};
pub use merge::{Merge, MergeError, MergedSide, merge};
pub use parse::{FormatError, RecordedSum};

//! Directives: comments of the form `-- atlas:txmode none` that a migration
//! file gives about itself.
//!
//! # The rule
//! A file's directives stand in its opening comment block: the lines from the
//! first byte (or after a byte order mark) that begin with `--` or `#`, up to
//! the first line that does not. Whether an empty line follows the block does
//! not matter, nor do line endings or blanks at a line's end. Other comment
//! lines may stand in the block. `sum` and `delimiter` count in the first line
//! only; `delimiter` must follow `-- ` exactly. What looks like a directive
//! and is none under this rule is reported as a [`Warning`].
//!
//! Shipgate's own directives (`-- shipgate:lock_timeout 2s`) stand in the same
//! block, in the files of every layout; of Atlas's the other layouts have few
//! ([`Known`]).

mod file;
mod line;
mod search;
mod warning;

pub(crate) use file::asserts_one_of;
pub use file::{FileDirectives, PatienceDirective};
pub(crate) use search::{FoundLine, LineSearch};
pub use warning::{Known, Warning, WarningReason, warnings};
pub(crate) use warning::{MARKS, in_order, warning};

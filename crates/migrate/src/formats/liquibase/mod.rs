//! Liquibase: formatted SQL, whose changesets begin with `--changeset author:id`.
//!
//! Source: <https://docs.liquibase.com/concepts/changelogs/sql-format.html>, and
//! for what counts as which mark the behaviour of Liquibase 4.28.

mod format;
mod header;
mod mark;

pub(super) use format::Liquibase;
pub use header::{ChangesetHeader, is_for_database};
pub use mark::{Ignored, Mark};

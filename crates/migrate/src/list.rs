//! `ls`: the migrations of a directory.

use crate::directory::{Directory, File};

/// Which migrations are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listed {
    /// All of them.
    #[default]
    All,
    /// The last one.
    Latest,
}

/// A directory's migrations in the order of execution. Checksums do not matter.
#[must_use]
pub fn list(directory: &Directory, listed: Listed) -> &[File] {
    let files = directory.files();
    let first = match listed {
        Listed::All => 0,
        Listed::Latest => files.len().saturating_sub(1),
    };
    &files[first..]
}

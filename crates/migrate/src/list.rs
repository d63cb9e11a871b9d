//! `ls`: the migrations of a directory.

use crate::directory::{Directory, DirectoryError, File, Location};

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
///
/// # Errors
/// The directory cannot be read.
pub fn list(location: Location, listed: Listed) -> Result<Vec<File>, DirectoryError> {
    let directory = Directory::open(location)?;
    let files = directory.files();
    let first = match listed {
        Listed::All => 0,
        Listed::Latest => files.len().saturating_sub(1),
    };
    Ok(files[first..].to_vec())
}

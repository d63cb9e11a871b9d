//! `hash`: write the checksums anew.

use crate::directory::{Directory, DirectoryError, Location};
use crate::sum::{Merge, MergeError};

/// Writes a directory's checksum file anew.
///
/// # Errors
/// The directory cannot be read or the file not be written.
pub fn hash(location: Location) -> Result<Directory, DirectoryError> {
    let mut directory = Directory::open(location)?;
    directory.write_sum()?;
    Ok(directory)
}

/// Why a git conflict was not resolved.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The directory cannot be read or written, or both sides have one version.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// One side did more than add files.
    #[error(transparent)]
    Merge(#[from] MergeError),
}

/// Writes the checksum file anew if it has a git conflict in which both sides
/// only added files, and says what each side added.
///
/// # Errors
/// [`HashError`]; the checksum file is as it was.
pub fn hash_merged(location: Location) -> Result<Merge, HashError> {
    let mut directory = Directory::open(location)?;
    let merge = directory.merge_sum()?;
    directory.check_versions()?;
    directory.write_sum()?;
    Ok(merge)
}

//! `hash`: write the checksums anew.

use crate::directory::{Directory, DirectoryError, Location};

/// Writes a directory's checksum file anew.
///
/// # Errors
/// The directory cannot be read or the file not be written.
pub fn hash(location: Location) -> Result<Directory, DirectoryError> {
    let mut directory = Directory::open(location)?;
    directory.write_sum()?;
    Ok(directory)
}

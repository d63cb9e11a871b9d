//! `new`: an empty migration file.

use std::fs;
use std::path::PathBuf;

use jiff::{Timestamp, ToSpan};

use crate::directory::{Bookkeeping, Directory, DirectoryError, Location, create_new};
use crate::sum::ChecksumError;

/// Why no file was created.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// The directory cannot be read or written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The directory's checksums do not hold.
    #[error(transparent)]
    Checksum(#[from] ChecksumError),
}

/// Creates an empty migration whose version is the time, and writes the
/// checksums anew. A missing directory is created. A version that is taken
/// makes way for the next free second.
///
/// # Errors
/// The directory's checksums do not hold, the name has a path separator, or
/// something cannot be written.
pub fn new(
    location: Location,
    name: Option<&str>,
    now: Timestamp,
) -> Result<Vec<PathBuf>, NewError> {
    if let Some(name) = name.filter(|name| name.contains(['/', '\\', '\n', '\0'])) {
        return Err(DirectoryError::NameWithSeparator(name.to_owned()).into());
    }
    fs::create_dir_all(location.path()).map_err(|source| DirectoryError::Write {
        path: location.path().display().to_string(),
        source,
    })?;
    let directory = Directory::open(location.clone())?;
    directory.check_sum()?;
    directory.check_versions()?;
    let version = free_version(&directory, now);
    let mut created = Vec::new();
    for file in location
        .format()
        .new_files(&version, name.filter(|name| !name.is_empty()))
    {
        let path = location.path().join(&file.name);
        if let Err(error) = create_new(&path, file.content.as_bytes()) {
            return Err(taken_back(&created, error));
        }
        created.push(path);
    }
    if location.bookkeeping() == Bookkeeping::Atlas
        && let Err(error) = Directory::open(location).and_then(|mut new| new.write_sum())
    {
        return Err(taken_back(&created, error));
    }
    Ok(created)
}

/// Removes files without a checksum, which would be an error of the directory.
fn taken_back(created: &[PathBuf], error: DirectoryError) -> NewError {
    for path in created {
        // The first error is the one to tell.
        let _ = fs::remove_file(path);
    }
    error.into()
}

fn free_version(directory: &Directory, now: Timestamp) -> String {
    let mut moment = now;
    loop {
        let version = moment.strftime("%Y%m%d%H%M%S").to_string();
        if directory.position(&version).is_none() {
            return version;
        }
        // At the end of time there is nothing later to try.
        match moment.checked_add(1.second()) {
            Ok(later) => moment = later,
            Err(_) => return version,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use jiff::Timestamp;

    use super::new;
    use crate::directory::Location;

    #[test]
    fn without_a_checksum_no_file_stays() {
        let temporary = tempfile::tempdir().unwrap();
        // Stands where the checksum file is written first.
        let in_the_way = format!(".atlas.sum.{}.tmp", std::process::id());
        fs::create_dir(temporary.path().join(&in_the_way)).unwrap();
        let url = format!(
            "file://{}?format=golang-migrate",
            temporary.path().display()
        );
        let error = new(
            Location::parse(&url).unwrap(),
            Some("a"),
            Timestamp::UNIX_EPOCH,
        )
        .unwrap_err();
        assert!(
            error.to_string().ends_with("atlas.sum: is a directory"),
            "{error}"
        );
        let left: Vec<_> = fs::read_dir(temporary.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, [in_the_way.as_str()]);
    }
}

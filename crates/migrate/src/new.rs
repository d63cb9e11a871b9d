//! `new`: an empty migration file.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{Timestamp, ToSpan};

use crate::directory::{Bookkeeping, Directory, DirectoryError, Location, create_new};
use crate::formats::NewFile;
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
    check_name(name.unwrap_or_default())?;
    fs::create_dir_all(location.path()).map_err(|source| DirectoryError::Write {
        path: location.path().display().to_string(),
        source,
    })?;
    let directory = Directory::open(location.clone())?;
    directory.check_sum()?;
    directory.check_versions()?;
    let version = free_version(&directory, now);
    let files = location
        .format()
        .new_files(&version, name.filter(|name| !name.is_empty()));
    let created = create(location.path(), name.unwrap_or_default(), &files)?;
    if location.bookkeeping() == Bookkeeping::Atlas
        && let Err(error) = Directory::open(location).and_then(|mut new| new.write_sum())
    {
        // Files without a checksum are an error of the directory.
        take_back(&created);
        return Err(error.into());
    }
    Ok(created)
}

/// Creates the files of a migration of this name, and the folders in which they
/// are; all of them or none.
///
/// # Errors
/// The name has a path separator, or a file is there already or cannot be written.
pub fn create(
    directory: &Path,
    name: &str,
    files: &[NewFile],
) -> Result<Vec<PathBuf>, DirectoryError> {
    check_name(name)?;
    let mut created = Vec::new();
    for file in files {
        let path = directory.join(&file.name);
        if let Err(error) = create_one(&path, file.content.as_bytes()) {
            take_back(&created);
            return Err(error);
        }
        created.push(path);
    }
    Ok(created)
}

fn create_one(path: &Path, content: &[u8]) -> Result<(), DirectoryError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| DirectoryError::Write {
            path: folder.display().to_string(),
            source,
        })?;
    }
    create_new(path, content)
}

/// Removes what was begun; that it failed is told by its own error.
fn take_back(created: &[PathBuf]) {
    for path in created {
        let _ = fs::remove_file(path);
    }
}

fn check_name(name: &str) -> Result<(), DirectoryError> {
    match name.contains(['/', '\\', '\n', '\0']) {
        true => Err(DirectoryError::NameWithSeparator(name.to_owned())),
        false => Ok(()),
    }
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

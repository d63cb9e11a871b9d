//! Reading the files of a directory, one after the other: what they cost is the
//! system's calls and the allocator, which a second thread makes dearer.

use std::fs;

use super::content::{Folder, HELD_TOGETHER, read_error};
use crate::directory::{DirectoryError, File, Location};

/// The files of these names, in this order.
///
/// # Errors
/// That of the first that cannot be read.
pub(super) fn read_files(
    location: &Location,
    folder: &Folder<'_>,
    names: Vec<String>,
) -> Result<Vec<File>, DirectoryError> {
    let mut reader = folder.reader();
    let mut room = HELD_TOGETHER;
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let settings = settings(location, &name)?;
        files.push(File::read(
            location.format(),
            name,
            &mut reader,
            settings.as_deref(),
            &mut room,
        )?);
    }
    Ok(files)
}

/// The content of the file with a migration's settings, if there is one.
fn settings(location: &Location, name: &str) -> Result<Option<String>, DirectoryError> {
    let Some(settings) = location.format().settings_name(name) else {
        return Ok(None);
    };
    let path = location.path().join(&settings);
    if !path.exists() {
        return Ok(None);
    }
    let content = fs::read(&path).map_err(|source| read_error(&settings, &path, source))?;
    Ok(Some(String::from_utf8_lossy(&content).into_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use crate::directory::{Directory, DirectoryError, Location};

    fn open(directory: &TempDir) -> Result<Directory, DirectoryError> {
        Directory::open(Location::parse(&directory.path().display().to_string()).unwrap())
    }

    fn of_files(count: usize) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        for number in 0..count {
            let name = format!("{number:04}.sql");
            fs::write(directory.path().join(name), format!("SELECT {number};\n")).unwrap();
        }
        directory
    }

    #[test]
    fn files_are_read_in_the_order_of_their_names() {
        for count in [0, 1, 200] {
            let directory = open(&of_files(count)).unwrap();
            assert_eq!(directory.files().len(), count);
            for (number, file) in directory.files().iter().enumerate() {
                assert_eq!(file.name(), format!("{number:04}.sql"));
                assert_eq!(file.text().unwrap(), format!("SELECT {number};\n"));
            }
        }
    }

    #[test]
    fn the_first_that_cannot_be_read_is_told() {
        let directory = of_files(200);
        for number in [140, 80, 199] {
            let path = directory.path().join(format!("{number:04}.sql"));
            fs::remove_file(&path).unwrap();
            fs::create_dir(&path).unwrap();
        }
        match open(&directory) {
            Err(DirectoryError::Read { name, .. }) => assert_eq!(name, "0080.sql"),
            other => panic!("{other:?}"),
        }
    }
}

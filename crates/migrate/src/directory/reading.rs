//! Reading the files of a directory, on two threads where there are many: most
//! of the time goes into the system's calls.

use std::fs;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::content::{Folder, HELD_TOGETHER, read_error};
use crate::directory::{DirectoryError, File, Location};

/// Files that a thread takes at a time.
const SHARE: usize = 32;

/// Files up to which a second thread costs more than it brings.
const FEW: usize = 128;

/// Files that are read by whoever takes them first.
pub(super) struct Reading<'d> {
    location: &'d Location,
    folder: &'d Folder<'d>,
    names: &'d [String],
    /// The place of the first name that nobody has taken.
    next: AtomicUsize,
}

/// Some of the files in their order, and the place of the first.
struct Share {
    place: usize,
    files: Result<Vec<File>, DirectoryError>,
}

impl<'d> Reading<'d> {
    pub(super) const fn new(
        location: &'d Location,
        folder: &'d Folder<'d>,
        names: &'d [String],
    ) -> Self {
        Self {
            location,
            folder,
            names,
            next: AtomicUsize::new(0),
        }
    }

    /// All files, in the order of their names.
    ///
    /// # Errors
    /// That of the first that cannot be read.
    pub(super) fn files(&self) -> Result<Vec<File>, DirectoryError> {
        let mut shares = if self.names.len() > FEW {
            self.shares_of_two()
        } else {
            self.shares(HELD_TOGETHER)
        };
        shares.sort_unstable_by_key(|share| share.place);
        let mut files = Vec::with_capacity(self.names.len());
        for share in shares {
            files.append(&mut share.files?);
        }
        Ok(files)
    }

    fn shares_of_two(&self) -> Vec<Share> {
        let half = || self.shares(HELD_TOGETHER / 2);
        thread::scope(|scope| {
            let second = thread::Builder::new().spawn_scoped(scope, half);
            let mut shares = half();
            // Where there is no second thread, the first has taken everything.
            if let Ok(second) = second {
                shares.append(&mut second.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            shares
        })
    }

    /// Takes and reads shares until none is left or one fails. `room` is how
    /// many bytes of them may be held.
    fn shares(&self, mut room: usize) -> Vec<Share> {
        let mut reader = self.folder.reader();
        let format = self.location.format();
        let mut shares = Vec::new();
        loop {
            let place = self.next.fetch_add(SHARE, Ordering::Relaxed);
            if place >= self.names.len() {
                return shares;
            }
            let names = self.names[place..].iter().take(SHARE);
            let files: Result<Vec<File>, DirectoryError> = names
                .map(|name| {
                    let settings = settings(self.location, name)?;
                    File::read(format, name, &mut reader, settings.as_deref(), &mut room)
                })
                .collect();
            let has_failed = files.is_err();
            shares.push(Share { place, files });
            if has_failed {
                return shares;
            }
        }
    }
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
    fn many_files_are_read_in_the_order_of_their_names() {
        for count in [0, 1, 128, 129, 160, 1_000] {
            let directory = open(&of_files(count)).unwrap();
            assert_eq!(directory.files().len(), count);
            for (number, file) in directory.files().iter().enumerate() {
                assert_eq!(file.name(), format!("{number:04}.sql"));
                assert_eq!(file.text().unwrap(), format!("SELECT {number};\n"));
            }
        }
    }

    #[test]
    fn the_first_of_many_that_cannot_be_read_is_told() {
        let directory = of_files(1_000);
        for number in [700, 400, 999] {
            let path = directory.path().join(format!("{number:04}.sql"));
            fs::remove_file(&path).unwrap();
            fs::create_dir(&path).unwrap();
        }
        match open(&directory) {
            Err(DirectoryError::Read { name, .. }) => assert_eq!(name, "0400.sql"),
            other => panic!("{other:?}"),
        }
    }
}

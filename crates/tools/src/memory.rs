//! What was read of a project. Every tool looks for its own signs in the same
//! few places: who asks second does not go to the disk again.

use std::collections::HashMap;
use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of files that are remembered together.
const ROOM: usize = 4 << 20;

/// What a directory holds, names in byte order.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    pub(crate) files: Vec<String>,
    pub(crate) directories: Vec<String>,
    pub(crate) unread: Vec<Unread>,
}

/// What a directory holds and nobody can read.
#[derive(Debug)]
pub(crate) struct Unread {
    /// Its name; none if it is the directory itself.
    pub(crate) name: String,
    kind: io::ErrorKind,
    code: Option<i32>,
}

impl Unread {
    fn new(name: impl Into<String>, error: &io::Error) -> Self {
        Self {
            name: name.into(),
            kind: error.kind(),
            code: error.raw_os_error(),
        }
    }

    /// Why.
    pub(crate) fn error(&self) -> io::Error {
        self.code
            .map_or_else(|| self.kind.into(), io::Error::from_raw_os_error)
    }
}

/// What was read, by its path as it was asked for.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    folders: Mutex<HashMap<String, Arc<Folder>>>,
    files: Mutex<Files>,
}

#[derive(Debug, Default)]
struct Files {
    by_path: HashMap<String, Arc<[u8]>>,
    bytes: usize,
}

impl Memory {
    /// What the directory `path` below `root` holds.
    pub(crate) fn folder(&self, root: &Path, path: &str) -> Arc<Folder> {
        let mut folders = lock(&self.folders);
        if let Some(folder) = folders.get(path) {
            return Arc::clone(folder);
        }
        let folder = Arc::new(Folder::read(&root.join(path)));
        folders.insert(path.to_owned(), Arc::clone(&folder));
        folder
    }

    /// The content of the file `path` below `root`.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn file(&self, root: &Path, path: &str) -> io::Result<Arc<[u8]>> {
        let mut files = lock(&self.files);
        if let Some(content) = files.by_path.get(path) {
            return Ok(Arc::clone(content));
        }
        let content: Arc<[u8]> = fs::read(root.join(path))?.into();
        if content.len() <= ROOM - files.bytes {
            files.bytes += content.len();
            files.by_path.insert(path.to_owned(), Arc::clone(&content));
        }
        Ok(content)
    }
}

impl Folder {
    fn read(path: &Path) -> Self {
        let mut folder = Self::default();
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => {
                folder.unread.push(Unread::new("", &error));
                return folder;
            }
        };
        for entry in entries.filter_map(Result::ok) {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            match Kind::of(&entry) {
                Ok(Kind::File) => folder.files.push(name),
                Ok(Kind::Directory) => folder.directories.push(name),
                Ok(Kind::Other) => {}
                Err(error) => folder.unread.push(Unread::new(name, &error)),
            }
        }
        folder.files.sort_unstable();
        folder.directories.sort_unstable();
        folder
    }
}

enum Kind {
    File,
    Directory,
    Other,
}

impl Kind {
    /// What an entry is, or what it is a link to.
    fn of(entry: &DirEntry) -> io::Result<Self> {
        let mut kind = entry.file_type()?;
        if kind.is_symlink() {
            kind = fs::metadata(entry.path())?.file_type();
        }
        Ok(match kind {
            kind if kind.is_file() => Self::File,
            kind if kind.is_dir() => Self::Directory,
            _ => Self::Other,
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::Memory;

    #[test]
    fn what_was_read_once_is_not_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("1.sql");
        fs::write(&file, "A;").unwrap();
        let memory = Memory::default();
        assert_eq!(&*memory.file(directory.path(), "1.sql").unwrap(), b"A;");
        assert_eq!(memory.folder(directory.path(), "").files, ["1.sql"]);
        fs::remove_file(&file).unwrap();
        assert_eq!(&*memory.file(directory.path(), "1.sql").unwrap(), b"A;");
        assert_eq!(memory.folder(directory.path(), "").files, ["1.sql"]);
    }

    #[test]
    fn a_link_counts_as_what_it_leads_to() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("b")).unwrap();
        fs::write(at("a"), "").unwrap();
        symlink(at("a"), at("d")).unwrap();
        symlink(at("b"), at("c")).unwrap();
        symlink(at("nowhere"), at("e")).unwrap();
        let folder = Memory::default().folder(directory.path(), "");
        assert_eq!(folder.files, ["a", "d"]);
        assert_eq!(folder.directories, ["b", "c"]);
    }
}

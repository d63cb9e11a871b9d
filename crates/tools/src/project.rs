//! The files of a project, as a tool's reader asks for them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::dependencies::Dependencies;
use crate::memory::{Folder, Memory};

/// Directories nobody keeps migrations of their own in.
const NOT_OURS: [&str; 12] = [
    "node_modules",
    "target",
    "vendor",
    "venv",
    "env",
    "site-packages",
    "__pycache__",
    "dist",
    "build",
    "_build",
    "deps",
    "tmp",
];

/// How deep a search goes.
const DEPTH: usize = 12;

/// A project's directory. Paths are relative to it, with `/`. What was read is
/// remembered: who wants to see what has changed since makes a new one.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    dependencies: OnceLock<Dependencies>,
    unread: Mutex<Option<ReadError>>,
    memory: Memory,
}

impl Project {
    /// The project in this directory.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            dependencies: OnceLock::new(),
            unread: Mutex::new(None),
            memory: Memory::default(),
        }
    }

    /// Its directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What it depends on, as its manifests say.
    pub fn dependencies(&self) -> &Dependencies {
        self.dependencies.get_or_init(|| Dependencies::of(self))
    }

    /// The first thing that is there and could not be read, since this was last
    /// asked: what it holds is not nothing.
    pub fn take_unread(&self) -> Option<ReadError> {
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        unread.take()
    }

    /// Remembers what was left out because it could not be read.
    pub(crate) fn cannot_read(&self, error: ReadError) {
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        unread.get_or_insert(error);
    }

    /// The same, unless it simply is not there.
    fn leave_out(&self, path: &str, source: io::Error) {
        let is_absent = matches!(
            source.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
        );
        if !is_absent {
            let path = path.to_owned();
            self.cannot_read(ReadError::File { path, source });
        }
    }

    /// A file as text; `None` if there is none that can be read.
    pub fn text(&self, path: &str) -> Option<String> {
        match self.memory.file(&self.root, path) {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => {
                self.leave_out(path, error);
                None
            }
        }
    }

    /// A file that must be there.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        match self.memory.file(&self.root, path) {
            Ok(content) => Ok(content.to_vec()),
            Err(source) => Err(ReadError::File {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// A text file that must be there.
    ///
    /// # Errors
    /// It cannot be read, or is not UTF-8.
    pub fn read_text(&self, path: &str) -> Result<String, ReadError> {
        String::from_utf8(self.read(path)?).map_err(|error| {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            ReadError::Content {
                path: path.to_owned(),
                line,
                message: "this is not UTF-8 text".to_owned(),
            }
        })
    }

    /// Whether there is such a file.
    pub fn is_file(&self, path: &str) -> bool {
        self.metadata(path).is_some_and(|found| found.is_file())
    }

    /// Whether there is such a directory.
    pub fn is_directory(&self, path: &str) -> bool {
        self.metadata(path).is_some_and(|found| found.is_dir())
    }

    fn metadata(&self, path: &str) -> Option<fs::Metadata> {
        match fs::metadata(self.root.join(path)) {
            Ok(found) => Some(found),
            Err(error) => {
                self.leave_out(path, error);
                None
            }
        }
    }

    /// The first of these that is a file.
    pub fn first_file<'a>(&self, paths: &[&'a str]) -> Option<&'a str> {
        paths.iter().find(|path| self.is_file(path)).copied()
    }

    /// The first of these that is a directory.
    pub fn first_directory<'a>(&self, paths: &[&'a str]) -> Option<&'a str> {
        paths.iter().find(|path| self.is_directory(path)).copied()
    }

    /// Names of the files directly in a directory, in byte order; none if it
    /// cannot be read.
    pub fn files(&self, directory: &str) -> Vec<String> {
        self.folder(directory).files.clone()
    }

    /// Names of the directories directly in a directory, in byte order.
    pub fn directories(&self, directory: &str) -> Vec<String> {
        self.folder(directory).directories.clone()
    }

    /// Paths of all files below a directory, relative to it, in byte order;
    /// hidden directories and those of dependencies are left out.
    pub fn files_below(&self, directory: &str) -> Vec<String> {
        let mut found = BTreeSet::new();
        self.collect(directory, "", 0, &mut found);
        found.into_iter().collect()
    }

    /// Directories of the project down to `depth` levels, without hidden ones,
    /// those of dependencies, and those that cannot be read.
    pub fn directories_below(&self, depth: usize) -> Vec<String> {
        let mut found = Vec::new();
        let mut level = vec![String::new()];
        for _ in 0..depth {
            let mut next = Vec::new();
            for parent in &level {
                // A search passes by what it may not enter: a database's own files.
                let folder = self.memory.folder(&self.root, parent);
                for path in folder.directories.iter().filter(|name| is_ours(name)) {
                    let path = join(parent, path);
                    let full = self.root.join(&path);
                    if !full.is_symlink() && fs::read_dir(full).is_ok() {
                        next.push(path);
                    }
                }
            }
            found.extend(next.iter().cloned());
            level = next;
        }
        found
    }

    fn collect(&self, directory: &str, below: &str, depth: usize, found: &mut BTreeSet<String>) {
        let here = join(directory, below);
        for name in self.files(&here) {
            found.insert(join(below, &name));
        }
        if depth == DEPTH {
            return;
        }
        for name in self.directories(&here) {
            if is_ours(&name) && !self.root.join(&here).join(&name).is_symlink() {
                self.collect(directory, &join(below, &name), depth + 1, found);
            }
        }
    }

    /// What a directory holds; what of it cannot be read is remembered.
    fn folder(&self, directory: &str) -> Arc<Folder> {
        let folder = self.memory.folder(&self.root, directory);
        for unread in &folder.unread {
            self.leave_out(&join(directory, &unread.name), unread.error());
        }
        folder
    }
}

/// `name` in `directory`; either may be empty.
pub(crate) fn join(directory: &str, name: &str) -> String {
    let directory = clean(directory);
    let name = clean(name);
    match (directory, name) {
        ("", name) => name.to_owned(),
        (directory, "") => directory.to_owned(),
        (directory, name) => format!("{}/{name}", directory.trim_end_matches('/')),
    }
}

/// A directory's path as it is shown: without `./` before and `/` behind.
pub(crate) fn clean(path: &str) -> &str {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./") {
        path = rest.trim_start_matches('/');
    }
    match path {
        "." => "",
        "/" => "/",
        path => path.trim_end_matches('/'),
    }
}

/// The last part of a path.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The directory of a path; empty for the project's own.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

fn is_ours(name: &str) -> bool {
    !name.starts_with('.') && !NOT_OURS.contains(&name)
}

/// Why a project's migrations cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A file is not in the language it should be in.
    #[error("{path}:{line}:{column}: {message}")]
    Syntax {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A file does not hold what it should.
    #[error("{path}:{line}: {message}")]
    Content {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong and what would be right.
        message: String,
    },
    /// There is no directory with migrations.
    #[error("no directory {path} with the migrations of {tool}")]
    NoDirectory {
        /// Where it should be.
        path: String,
        /// The tool's title.
        tool: &'static str,
    },
    /// The migrations contradict each other.
    #[error("{0}")]
    Contradiction(String),
}

impl ReadError {
    /// The file it is about, relative to the project's directory.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::File { path, .. } | Self::Syntax { path, .. } | Self::Content { path, .. } => {
                Some(path)
            }
            Self::NoDirectory { .. } | Self::Contradiction(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_and_shown_without_dots() {
        assert_eq!(join("./db", "migrate"), "db/migrate");
        assert_eq!(join("", "a"), "a");
        assert_eq!(join("a/", ""), "a");
        assert_eq!(clean("././x/"), "x");
        assert_eq!(clean("."), "");
        assert_eq!(join("/abs", "x"), "/abs/x");
    }

    #[test]
    fn dependencies_directories_are_not_searched() {
        let directory = tempfile::tempdir().unwrap();
        for path in ["a/1.sql", "node_modules/x/2.sql", ".git/3.sql", "4.sql"] {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let project = Project::new(directory.path());
        assert_eq!(project.files_below(""), ["4.sql", "a/1.sql"]);
        assert_eq!(project.directories_below(3), ["a"]);
    }
}

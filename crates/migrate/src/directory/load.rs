//! Reading a migration directory.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::directory::{DirectoryError, File, Location, replace};
use crate::sum::{self, ChecksumError, Sum};

/// The name of the checksum file.
const SUM_FILE: &str = "atlas.sum";

/// A migration directory as it was when it was opened.
#[derive(Clone, Debug)]
pub struct Directory {
    location: Location,
    files: Vec<File>,
    by_version: HashMap<String, usize>,
    sum: Sum,
    recorded: Option<Vec<u8>>,
}

impl Directory {
    /// Reads every migration and the checksum file.
    ///
    /// # Errors
    /// The directory does not exist or a file cannot be read.
    pub fn open(location: Location) -> Result<Self, DirectoryError> {
        let path = location.path();
        let shown = path.display().to_string();
        let metadata = fs::metadata(path).map_err(|source| DirectoryError::Stat {
            path: shown.clone(),
            source,
        })?;
        if !metadata.is_dir() {
            return Err(DirectoryError::NotADirectory(shown));
        }
        let mut files = Vec::new();
        for name in migration_names(&location)? {
            let path = location.path().join(&name);
            let content = read(&name, &path)?;
            files.push(File::new(location.format(), &name, path, content));
        }
        let sum_path = location.path().join(SUM_FILE);
        let recorded = match fs::read(&sum_path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => {
                return Err(DirectoryError::Read {
                    name: SUM_FILE.to_owned(),
                    path: sum_path.display().to_string(),
                    source,
                });
            }
        };
        Ok(Self::of_files(location, files, recorded))
    }

    /// A directory of files that were read elsewhere, with the content of its checksum file.
    #[must_use]
    pub fn of_files(location: Location, files: Vec<File>, recorded: Option<Vec<u8>>) -> Self {
        Self {
            sum: Sum::of(&files),
            by_version: files
                .iter()
                .enumerate()
                .map(|(index, file)| (file.version().to_owned(), index))
                .collect(),
            location,
            files,
            recorded,
        }
    }

    /// Where the directory is.
    #[must_use]
    pub const fn location(&self) -> &Location {
        &self.location
    }

    /// The migrations, by file name, byte by byte.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The file of a version.
    #[must_use]
    pub fn file(&self, version: &str) -> Option<&File> {
        self.position(version).map(|position| &self.files[position])
    }

    /// The place of a version's file among [`Directory::files`], from 0.
    #[must_use]
    pub fn position(&self, version: &str) -> Option<usize> {
        self.by_version.get(version).copied()
    }

    /// The checksums of the files as they are.
    #[must_use]
    pub const fn sum(&self) -> &Sum {
        &self.sum
    }

    /// Whether the checksum file says what the files say.
    ///
    /// # Errors
    /// It is missing, not readable as such, or differs.
    pub fn check_sum(&self) -> Result<(), ChecksumError> {
        sum::check(&self.files, &self.sum, self.recorded.as_deref())
    }

    /// Whether every version belongs to one file only.
    ///
    /// # Errors
    /// Two files have the same version.
    pub fn check_versions(&self) -> Result<(), DirectoryError> {
        let mut by_version: Vec<&File> = self.files.iter().collect();
        by_version.sort_by_key(|file| file.version());
        match by_version
            .windows(2)
            .find(|pair| pair[0].version() == pair[1].version())
        {
            Some(pair) => Err(DirectoryError::DuplicateVersion {
                version: pair[0].version().to_owned(),
                first: pair[0].name().to_owned(),
                second: pair[1].name().to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// Writes the checksum file anew, in one step.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_sum(&mut self) -> Result<(), DirectoryError> {
        let text = self.sum.to_string();
        replace(&self.location.path().join(SUM_FILE), text.as_bytes())?;
        self.recorded = Some(text.into_bytes());
        Ok(())
    }
}

fn migration_names(location: &Location) -> Result<Vec<String>, DirectoryError> {
    let path = location.path();
    let stat = |source| DirectoryError::Stat {
        path: path.display().to_string(),
        source,
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(stat)? {
        let name = entry.map_err(stat)?.file_name();
        match name.to_str() {
            Some(name) if location.format().is_migration(name) => names.push(name.to_owned()),
            Some(_) => {}
            None if location.format().is_migration(&name.to_string_lossy()) => {
                return Err(DirectoryError::FileName(PathBuf::from(name)));
            }
            None => {}
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn read(name: &str, path: &Path) -> Result<Vec<u8>, DirectoryError> {
    fs::read(path).map_err(|source| DirectoryError::Read {
        name: name.to_owned(),
        path: path.display().to_string(),
        source,
    })
}

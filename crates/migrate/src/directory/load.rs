//! Reading a migration directory.

use std::cmp::Ordering;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::content::{Folder, read_error};
use super::location::FilesInMemory;
use super::reading::read_files;
use crate::directory::{Bookkeeping, DirectoryError, File, Location, Sorted, replace};
use crate::history::Revision;
use crate::sum::{self, ChecksumError, Merge, MergeError, Proof, Sum};

/// The name of the checksum file.
const SUM_FILE: &str = "atlas.sum";

/// A migration directory as it was when it was opened.
#[derive(Clone, Debug)]
pub struct Directory {
    location: Location,
    files: Vec<File>,
    /// The places of the files, by their versions.
    by_version: Sorted,
    sum: Sum,
    recorded: Option<Vec<u8>>,
    /// What [`Directory::check_sum`] found.
    checked: OnceLock<Result<(), ChecksumError>>,
}

impl Directory {
    /// Reads every migration and the checksum file.
    ///
    /// # Errors
    /// The directory does not exist or a file cannot be read.
    pub fn open(location: Location) -> Result<Self, DirectoryError> {
        if let Some(FilesInMemory(held)) = location.files_in_memory() {
            let held = Arc::clone(held);
            return Self::of_memory(location, &held);
        }
        let path = location.path();
        let shown = path.display().to_string();
        let metadata = fs::metadata(path).map_err(|source| DirectoryError::Stat {
            path: shown.clone(),
            source,
        })?;
        if !metadata.is_dir() {
            return Err(DirectoryError::NotADirectory(shown));
        }
        let folder = Folder::open(path).map_err(|source| DirectoryError::Stat {
            path: shown,
            source,
        })?;
        let names = migration_names(&location)?;
        let files = read_files(&location, &folder, names)?;
        let sum_path = location.path().join(SUM_FILE);
        let recorded = match fs::read(&sum_path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => {
                return Err(read_error(SUM_FILE, &sum_path, source));
            }
        };
        Self::of_files(location, files, recorded)
    }

    fn of_memory(location: Location, held: &[(String, Vec<u8>)]) -> Result<Self, DirectoryError> {
        let format = location.format();
        let content = |name: &str| held.iter().find(|(known, _)| known == name);
        let names = held.iter().map(|(name, _)| name.clone());
        let names = format.arrange(names.filter(|name| format.is_migration(name)).collect());
        let files = names.into_iter().filter_map(|name| {
            let (_, bytes) = content(&name)?;
            let settings = format
                .settings_name(&name)
                .and_then(|settings| content(&settings))
                .map(|(_, bytes)| String::from_utf8_lossy(bytes));
            let path = location.path().join(&name);
            Some(File::new(
                format,
                name,
                path,
                bytes.clone(),
                settings.as_deref(),
            ))
        });
        let files = files.collect();
        let mut directory = Self::of_files(location, files, None)?;
        directory.recorded = Some(directory.sum.to_string().into_bytes());
        Ok(directory)
    }

    /// A directory of files that were read elsewhere, with the content of its checksum file.
    ///
    /// # Errors
    /// A file that stayed on disk cannot be read.
    pub fn of_files(
        location: Location,
        files: Vec<File>,
        recorded: Option<Vec<u8>>,
    ) -> Result<Self, DirectoryError> {
        Ok(Self {
            sum: Sum::of(&files)?,
            by_version: Sorted::of(&files, File::version),
            location,
            files,
            recorded,
            checked: OnceLock::new(),
        })
    }

    /// Where the directory is.
    #[must_use]
    pub const fn location(&self) -> &Location {
        &self.location
    }

    /// The migrations, in the order of execution.
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
        self.by_version.find(&self.files, File::version, version)
    }

    /// Whether the file of a version is executed again when it changes, as far
    /// as file or version tell.
    #[must_use]
    pub fn is_repeatable(&self, version: &str) -> bool {
        match self.file(version) {
            Some(file) => file.is_repeatable(),
            None => self.location.format().is_repeatable(version),
        }
    }

    /// Which of two versions comes first here. Where versions tell nothing of
    /// the order, those without a file come before all others.
    #[must_use]
    pub fn compare_versions(&self, a: &str, b: &str) -> Ordering {
        let format = self.location.format();
        let by_version = format.compare_versions(a, b);
        match format.goes_by_place() {
            true => (self.position(a).cmp(&self.position(b))).then(by_version),
            false => by_version,
        }
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
        if self.location.bookkeeping() == Bookkeeping::Tool {
            return Ok(());
        }
        let check = || sum::check(&self.files, &self.sum, self.recorded.as_deref());
        self.checked.get_or_init(check).clone()
    }

    /// What both sides of a git conflict in the checksum file added.
    ///
    /// # Errors
    /// There is no conflict, or a side did more than add files.
    pub fn merge_sum(&self) -> Result<Merge, MergeError> {
        sum::merge(&self.files, self.recorded.as_deref())
    }

    /// What the history records as a file's hash: its entry in the checksums,
    /// for a repeatable one, and where there are no checksums, the hash of its
    /// content alone.
    #[must_use]
    pub fn hash_of(&self, file: &File) -> String {
        if file.is_repeatable() || self.location.bookkeeping() == Bookkeeping::Tool {
            return self.sum.hash_alone(file);
        }
        self.sum.hash_of(file.name()).unwrap_or_default().to_owned()
    }

    /// What proves, once a file that stayed on disk was read to its end, that
    /// it is the one whose checksum was computed; none for a file that is held
    /// or has no checksum.
    pub(crate) fn proof_of(&self, file: &File) -> Option<Proof> {
        self.sum.proof_of(file.name())
    }

    /// A history's rows in the order of this directory's versions, repeatable
    /// ones first.
    #[must_use]
    pub fn in_order(&self, mut revisions: Vec<Revision>) -> Vec<Revision> {
        let format = self.location.format();
        for row in &mut revisions {
            if let Some(version) = format.version_of_row(&row.version, &row.description) {
                row.version = version;
            }
        }
        revisions.sort_by(|a, b| {
            let repeatable = |row: &Revision| self.is_repeatable(&row.version);
            repeatable(b)
                .cmp(&repeatable(a))
                .then_with(|| self.compare_versions(&a.version, &b.version))
        });
        // Of a row of ours and one of another program's the first is ours.
        revisions.dedup_by(|b, a| a.version == b.version);
        revisions
    }

    /// Whether the tool whose directory this is would take every file, with
    /// one file per version, in the order in which they are executed.
    ///
    /// # Errors
    /// Two files have the same version, or a name is wrong.
    pub fn check_versions(&self) -> Result<(), DirectoryError> {
        let format = self.location.format();
        if let Some((file, fault)) = self
            .files
            .iter()
            .find_map(|file| Some((file, format.name_fault(file.name())?)))
        {
            return Err(DirectoryError::Name {
                name: file.name().to_owned(),
                fault,
            });
        }
        let mut by_version: Vec<&File> = self.files.iter().collect();
        by_version.sort_by(|a, b| format.compare_versions(a.version(), b.version()));
        let is_same = |pair: &&[&File]| {
            format.compare_versions(pair[0].version(), pair[1].version()) == Ordering::Equal
        };
        if let Some(pair) = by_version.windows(2).find(is_same) {
            return Err(DirectoryError::DuplicateVersion {
                version: pair[0].version().to_owned(),
                first: pair[0].name().to_owned(),
                second: pair[1].name().to_owned(),
            });
        }
        if !format.goes_by_version() {
            return Ok(());
        }
        match self.files.windows(2).find(|pair| {
            format.compare_versions(pair[0].version(), pair[1].version()) == Ordering::Greater
        }) {
            None => Ok(()),
            Some(pair) => Err(DirectoryError::OrderContradicts {
                tool: format.name(),
                first: pair[0].name().to_owned(),
                second: pair[1].name().to_owned(),
            }),
        }
    }

    /// Writes the checksum file anew, in one step.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_sum(&mut self) -> Result<(), DirectoryError> {
        if self.location.bookkeeping() == Bookkeeping::Tool {
            return Err(DirectoryError::WithoutSum(self.location.format().name()));
        }
        let text = self.sum.to_string();
        replace(&self.location.path().join(SUM_FILE), text.as_bytes())?;
        self.recorded = Some(text.into_bytes());
        self.checked = OnceLock::new();
        Ok(())
    }
}

fn migration_names(location: &Location) -> Result<Vec<String>, DirectoryError> {
    let mut names = Vec::new();
    collect_names(location, "", &mut names)?;
    Ok(location.format().arrange(names))
}

/// Adds the migrations in a folder of the directory; `prefix` is the folder
/// with a `/` at its end.
fn collect_names(
    location: &Location,
    prefix: &str,
    names: &mut Vec<String>,
) -> Result<(), DirectoryError> {
    let path = location.path().join(prefix);
    let format = location.format();
    let stat = |source| DirectoryError::Stat {
        path: path.display().to_string(),
        source,
    };
    for entry in fs::read_dir(&path).map_err(stat)? {
        let entry = entry.map_err(stat)?;
        let name = entry.file_name();
        let is_folder = format.is_recursive() && entry.file_type().map_err(stat)?.is_dir();
        let mut name = match name.into_string() {
            Ok(name) => name,
            Err(name) if is_folder || format.is_migration(&name.to_string_lossy()) => {
                return Err(DirectoryError::FileName(PathBuf::from(name)));
            }
            Err(_) => continue,
        };
        let is_hidden = name.starts_with('.');
        if !prefix.is_empty() {
            name.insert_str(0, prefix);
        }
        if is_folder {
            if !is_hidden {
                collect_names(location, &format!("{name}/"), names)?;
            }
        } else if format.is_migration(&name) {
            names.push(name);
        } else if let Some(fault) = format.foreign_fault(&name) {
            return Err(DirectoryError::Name { name, fault });
        }
    }
    Ok(())
}

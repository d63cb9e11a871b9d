//! `validate`: is the directory as it was recorded?

use crate::directive::{self, FoundLine, LineSearch, Warning};
use crate::directory::{Directory, DirectoryError, File};
use crate::sum::ChecksumError;

/// Why a directory is not valid.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    /// It cannot be read, or two files have one version.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Its files are not those that were recorded.
    #[error(transparent)]
    Checksum(#[from] ChecksumError),
}

/// A valid directory.
#[derive(Clone, Debug)]
pub struct Validated {
    /// The directory.
    pub directory: Directory,
    /// Lines that look like directives and are none.
    pub warnings: Vec<FileWarning>,
}

/// A line of a file that looks like a directive and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileWarning {
    /// The file's name.
    pub file: String,
    /// The line and why it is not obeyed.
    pub warning: Warning,
}

/// Checks a directory's checksums and versions.
///
/// # Errors
/// [`ValidateError`].
pub fn validate(directory: Directory) -> Result<Validated, ValidateError> {
    directory.check_sum()?;
    directory.check_versions()?;
    let mut warnings = Vec::new();
    for file in directory.files() {
        let of_file = warnings_of(file)?.into_iter();
        warnings.extend(of_file.map(|warning| FileWarning {
            file: file.name().to_owned(),
            warning,
        }));
    }
    Ok(Validated {
        warnings,
        directory,
    })
}

fn warnings_of(file: &File) -> Result<Vec<Warning>, DirectoryError> {
    let known = file.format().known_directives();
    let mut found = Vec::new();
    let mut see = |line: &FoundLine<'_>| found.extend(directive::warning(line, &known));
    let mut search = LineSearch::new(&directive::MARKS);
    let mut pieces = file.pieces()?;
    while let Some(piece) = pieces.next()? {
        search.feed(piece, &mut see);
    }
    search.finish(&mut see);
    directive::in_order(&mut found);
    Ok(found)
}

//! Writing files into a migration directory so that a crash leaves the old one or the new one.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::directory::DirectoryError;

/// Replaces a file's content in one step.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), DirectoryError> {
    write_and_rename(path, content).map_err(|source| failure(path, source))
}

/// Creates a file that must not exist yet.
pub(crate) fn create_new(path: &Path, content: &[u8]) -> Result<(), DirectoryError> {
    let create = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    create().map_err(|source| {
        if source.kind() != io::ErrorKind::AlreadyExists {
            // Half of a file is none; the first error is the one to tell.
            let _ = fs::remove_file(path);
        }
        failure(path, source)
    })
}

fn write_and_rename(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = directory.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = (|| {
        let mut file = fs::File::create(&temporary)?;
        if let Ok(metadata) = fs::metadata(path) {
            file.set_permissions(metadata.permissions())?;
        }
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        fs::File::open(directory)?.sync_all()
    })();
    if written.is_err() {
        // The first error is the one to tell; a leftover is harmless.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn failure(path: &Path, source: io::Error) -> DirectoryError {
    DirectoryError::Write {
        path: path.display().to_string(),
        source,
    }
}

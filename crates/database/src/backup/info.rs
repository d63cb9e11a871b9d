//! The manifest of a backup.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BackupError, Contents};

/// Name of the file in a backup's directory.
pub(super) const MANIFEST: &str = "manifest.json";

/// Version of the manifest's format.
const VERSION: u32 = 1;

/// What is known about a backup. Serialised it is its `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupInfo {
    /// Version of this format: 1.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// When it was asked for.
    pub taken_at: Timestamp,
    /// The database's URL with its secrets hidden.
    pub source: String,
    /// The data's file name in the backup's directory.
    pub file: String,
    /// Size of that file.
    pub bytes: u64,
    /// SHA-256 of that file, in hexadecimal.
    pub sha256: String,
    /// How long taking and verifying it took, in milliseconds.
    pub duration_ms: u64,
    /// What is in it.
    pub contents: Contents,
    /// The data; known to the store that holds it.
    #[serde(skip)]
    pub path: PathBuf,
}

impl BackupInfo {
    pub(super) const VERSION: u32 = VERSION;

    /// Rows in all tables.
    pub fn rows(&self) -> u64 {
        self.contents.tables.iter().map(|table| table.rows).sum()
    }

    /// Reads the manifest in a backup's directory.
    pub(super) fn read(directory: &Path) -> Result<Self, BackupError> {
        let path = directory.join(MANIFEST);
        let unreadable = |message: String| BackupError::Manifest {
            path: path.clone(),
            message,
        };
        let text = fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
        let mut info: Self =
            serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
        if info.version > VERSION {
            return Err(unreadable(format!(
                "its format is version {}, this program knows up to {VERSION}",
                info.version
            )));
        }
        if info.file.contains('/') || info.file.is_empty() {
            return Err(unreadable(format!("`{}` is no file name", info.file)));
        }
        info.path = directory.join(&info.file);
        Ok(info)
    }
}

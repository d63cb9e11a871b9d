//! What a database must do so that its backups can be kept.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{BackupError, BackupOptions, LostWrites};

/// Copies, checks, compares and restores one database.
#[async_trait]
pub trait Engine: Send + Sync {
    /// The database's URL with its secrets hidden.
    fn source(&self) -> String;

    /// File name of a backup's data: `data.db`.
    fn data_name(&self) -> &'static str;

    /// Writes a copy of the database to `data`, which is not there yet, while
    /// others go on writing to it; checks the copy and compares it, table by
    /// table, with the very state that was copied. The file is on disk when
    /// this returns; on an error it may be there in part.
    ///
    /// # Errors
    /// See [`BackupError`].
    async fn take(&self, data: &Path, options: &BackupOptions) -> Result<Contents, BackupError>;

    /// Checks a copy and reads what is in it.
    ///
    /// # Errors
    /// [`BackupError::Damaged`], or that it cannot be read.
    async fn check(&self, data: &Path, options: &BackupOptions) -> Result<Contents, BackupError>;

    /// Puts a copy in the database's place, all or nothing.
    ///
    /// # Errors
    /// See [`BackupError`]; the database is then as it was.
    async fn restore(
        &self,
        data: &Path,
        contents: &Contents,
        options: &BackupOptions,
    ) -> Result<Restored, BackupError>;

    /// What was written since the copy was taken, for each table in which
    /// something was; tables in `ignore` are not looked at.
    ///
    /// # Errors
    /// See [`BackupError`].
    async fn lost_writes(
        &self,
        data: &Path,
        ignore: &[&str],
        options: &BackupOptions,
    ) -> Result<Vec<LostWrites>, BackupError>;
}

/// What is in a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Size of a page in bytes; 0 where there are no pages.
    pub page_size: u64,
    /// Number of pages.
    pub pages: u64,
    /// Permission bits of the database file, where it is one.
    pub mode: Option<u32>,
    /// How it was checked.
    pub checked: Checked,
    /// Every table, in order of name.
    pub tables: Vec<TableContent>,
}

/// How a copy was checked, beyond comparing its tables with the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checked {
    /// By the database's own full check.
    Integrity,
    /// By its quick check, because the full one was not possible.
    Quick {
        /// Why not.
        reason: String,
    },
    /// Not at all, because neither was possible.
    ContentOnly {
        /// Why not.
        reason: String,
    },
}

/// What is in a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableContent {
    /// Its name.
    pub name: String,
    /// Number of rows.
    pub rows: u64,
    /// SHA-256 over all rows in the order of their keys, in hexadecimal.
    pub checksum: String,
}

/// How a restore went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restored {
    /// In one transaction of the database, so that every process that has it
    /// open sees the restored state from then on.
    InPlace {
        /// Tables another process wrote to right after.
        written_since: Vec<String>,
    },
    /// There was no database; the copy was put there.
    Created,
    /// What was there could not be opened; it was put aside.
    Replaced {
        /// Where it is now.
        damaged: PathBuf,
    },
}

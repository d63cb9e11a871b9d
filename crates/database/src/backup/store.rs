//! The directory that holds a database's backups.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::files::{digest, make_private_directory, sync_directory, write_private};
use super::info::MANIFEST;
use super::{
    BackupError, BackupInfo, BackupOptions, Engine, LostWrites, Restored, copy_synced, run,
};

/// Begins the names of directories that are being written or removed.
const UNFINISHED: &str = ".tmp-";
const LOCK: &str = ".lock";

/// A directory of backups of one database.
///
/// A backup is written to a directory of another name and renamed when it is
/// whole and on disk, so one that can be listed is whole.
#[derive(Clone)]
pub struct Store {
    directory: PathBuf,
    engine: Arc<dyn Engine>,
}

/// What is in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The backups, oldest first.
    pub backups: Vec<BackupInfo>,
    /// Directories whose manifest cannot be read, by name.
    pub unreadable: Vec<(String, BackupError)>,
}

impl Store {
    /// The backups in `directory`, which is made with the first one.
    pub fn new(directory: PathBuf, engine: Arc<dyn Engine>) -> Self {
        Self { directory, engine }
    }

    /// Takes and verifies a backup.
    ///
    /// # Errors
    /// See [`BackupError`]; nothing of the backup is left then.
    pub async fn create(
        &self,
        name: &str,
        taken_at: Timestamp,
        options: &BackupOptions,
    ) -> Result<BackupInfo, BackupError> {
        check_name(name)?;
        make_private_directory(&self.directory)?;
        let _lock = self.lock(options.lock_timeout).await?;
        let place = self.directory.join(name);
        if place.exists() {
            return Err(BackupError::Exists {
                name: name.to_owned(),
            });
        }
        self.remove_unfinished()?;
        let unfinished = Unfinished(self.directory.join(format!("{UNFINISHED}{name}")));
        make_private_directory(&unfinished.0)?;
        let started = Instant::now();
        let data = unfinished.0.join(self.engine.data_name());
        let contents = self.engine.take(&data, options).await?;
        let (bytes, sha256) = run({
            let data = data.clone();
            move |stop| digest(&data, stop)
        })
        .await?;
        let duration = started.elapsed().as_millis();
        let info = BackupInfo {
            version: BackupInfo::VERSION,
            name: name.to_owned(),
            taken_at,
            source: self.engine.source(),
            file: self.engine.data_name().to_owned(),
            bytes,
            sha256,
            duration_ms: u64::try_from(duration).unwrap_or(u64::MAX),
            contents,
            path: place.join(self.engine.data_name()),
        };
        self.publish(&unfinished.0, &place, &info)?;
        Ok(info)
    }

    fn publish(
        &self,
        unfinished: &Path,
        place: &Path,
        info: &BackupInfo,
    ) -> Result<(), BackupError> {
        let manifest = unfinished.join(MANIFEST);
        let mut text = serde_json::to_vec_pretty(info).map_err(|error| BackupError::Manifest {
            path: manifest.clone(),
            message: error.to_string(),
        })?;
        text.push(b'\n');
        write_private(&manifest, &text)?;
        sync_directory(unfinished)?;
        fs::rename(unfinished, place).map_err(|error| BackupError::io(place, &error))?;
        sync_directory(&self.directory)
    }

    /// Every backup.
    ///
    /// # Errors
    /// If the directory cannot be read; one that is not there holds none.
    pub fn list(&self) -> Result<Listed, BackupError> {
        let mut listed = Listed::default();
        for name in self.names()? {
            match BackupInfo::read(&self.directory.join(&name)) {
                Ok(info) => listed.backups.push(info),
                Err(error) => listed.unreadable.push((name, error)),
            }
        }
        listed
            .backups
            .sort_by(|a, b| (a.taken_at, &a.name).cmp(&(b.taken_at, &b.name)));
        Ok(listed)
    }

    /// What is known about a backup.
    ///
    /// # Errors
    /// [`BackupError::Unknown`] with the names there are.
    pub fn info(&self, name: &str) -> Result<BackupInfo, BackupError> {
        check_name(name)?;
        let place = self.directory.join(name);
        if !place.is_dir() {
            return Err(BackupError::Unknown {
                name: name.to_owned(),
                known: self.names()?,
            });
        }
        BackupInfo::read(&place)
    }

    /// Checks that a backup is the one that was taken: its SHA-256, the
    /// database's own check, and every table.
    ///
    /// # Errors
    /// What is not as it was.
    pub async fn verify(
        &self,
        name: &str,
        options: &BackupOptions,
    ) -> Result<BackupInfo, BackupError> {
        let info = self.info(name)?;
        self.check_digest(&info).await?;
        let found = self.engine.check(&info.path, options).await?;
        for expected in &info.contents.tables {
            let table = found
                .tables
                .iter()
                .find(|table| table.name == expected.name);
            if table != Some(expected) {
                return Err(BackupError::Differs {
                    table: expected.name.clone(),
                    message: match table {
                        None => "it is missing".to_owned(),
                        Some(table) => format!("{} rows, expected {}", table.rows, expected.rows),
                    },
                });
            }
        }
        Ok(info)
    }

    async fn check_digest(&self, info: &BackupInfo) -> Result<(), BackupError> {
        let path = info.path.clone();
        let (_, found) = run(move |stop| digest(&path, stop)).await?;
        if found == info.sha256 {
            return Ok(());
        }
        Err(BackupError::Altered {
            path: info.path.clone(),
            expected: info.sha256.clone(),
            found,
        })
    }

    /// Removes the oldest backups until `keep` are left; those named in
    /// `protect` stay and do not count. Returns the names removed.
    ///
    /// # Errors
    /// If a directory cannot be removed; those before it are gone.
    pub async fn prune(
        &self,
        keep: usize,
        protect: &[&str],
        options: &BackupOptions,
    ) -> Result<Vec<String>, BackupError> {
        if !self.directory.is_dir() {
            return Ok(Vec::new());
        }
        let _lock = self.lock(options.lock_timeout).await?;
        let backups = self.list()?.backups;
        let candidates: Vec<_> = backups
            .into_iter()
            .filter(|info| !protect.contains(&info.name.as_str()))
            .collect();
        let surplus = candidates.len().saturating_sub(keep);
        let mut removed = Vec::new();
        for info in candidates.into_iter().take(surplus) {
            // Renamed first: half a backup is never listed.
            let place = self.directory.join(&info.name);
            let unfinished = self.directory.join(format!("{UNFINISHED}{}", info.name));
            fs::rename(&place, &unfinished).map_err(|error| BackupError::io(&place, &error))?;
            removed.push(info.name);
        }
        sync_directory(&self.directory)?;
        self.remove_unfinished()?;
        Ok(removed)
    }

    /// Puts a backup in the database's place, after checking that it is the
    /// one that was taken.
    ///
    /// # Errors
    /// See [`BackupError`]; the database is then as it was.
    pub async fn restore(
        &self,
        name: &str,
        options: &BackupOptions,
    ) -> Result<Restored, BackupError> {
        let info = self.info(name)?;
        self.check_digest(&info).await?;
        self.engine
            .restore(&info.path, &info.contents, options)
            .await
    }

    /// Copies a backup's data to `target`, which is not there yet, and flushes
    /// it: a database of its own, for a rehearsal.
    ///
    /// # Errors
    /// See [`BackupError`]; nothing of the copy is left then.
    pub async fn copy_to(&self, name: &str, target: &Path) -> Result<(), BackupError> {
        let info = self.info(name)?;
        let target = target.to_owned();
        run(move |stop| {
            copy_synced(&info.path, &target, 0o600, stop)?;
            let directory = target.parent().unwrap_or(Path::new("/"));
            sync_directory(directory)
        })
        .await
    }

    /// What was written to the database since a backup was taken, and would
    /// be lost by restoring it; tables in `ignore` are not looked at.
    ///
    /// # Errors
    /// See [`BackupError`].
    pub async fn lost_writes(
        &self,
        name: &str,
        ignore: &[&str],
        options: &BackupOptions,
    ) -> Result<Vec<LostWrites>, BackupError> {
        let info = self.info(name)?;
        self.engine.lost_writes(&info.path, ignore, options).await
    }

    fn names(&self) -> Result<Vec<String>, BackupError> {
        let failed = |error: std::io::Error| BackupError::io(&self.directory, &error);
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            if let Ok(name) = entry.file_name().into_string()
                && check_name(&name).is_ok()
                && entry.path().is_dir()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Removes what a process that died left behind. Needs the store's lock.
    fn remove_unfinished(&self) -> Result<(), BackupError> {
        let failed = |error: std::io::Error| BackupError::io(&self.directory, &error);
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry
                .file_name()
                .as_encoded_bytes()
                .starts_with(UNFINISHED.as_bytes())
            {
                fs::remove_dir_all(entry.path())
                    .map_err(|error| BackupError::io(&entry.path(), &error))?;
            }
        }
        Ok(())
    }

    /// Keeps other processes from changing the store until it is dropped.
    async fn lock(&self, timeout: Duration) -> Result<File, BackupError> {
        let path = self.directory.join(LOCK);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| BackupError::io(&path, &error))?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(BackupError::io(&path, &error)),
                Err(TryLockError::WouldBlock) if started.elapsed() >= timeout => {
                    return Err(BackupError::StoreLocked {
                        directory: self.directory.clone(),
                        waited: timeout,
                    });
                }
                Err(TryLockError::WouldBlock) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

/// A directory that is removed unless it was renamed.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn check_name(name: &str) -> Result<(), BackupError> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let fine = name.len() <= 200
        && name.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && name.chars().all(plain);
    if fine {
        Ok(())
    } else {
        Err(BackupError::Name {
            name: name.to_owned(),
        })
    }
}

//! Backups of a SQLite database as a release's Backup.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use jiff::Timestamp;
use shipgate_database::backup::{
    BackupError, BackupEvent, BackupOptions, LostWrites, Restored, Store,
};
use shipgate_database::{Database, DatabaseUrl};
use shipgate_migrate::history;
use shipgate_project::Project;
use shipgate_release::ports::{BackedUp, Backup, Watch};
use shipgate_release::{Failure, FailureKind};
use shipgate_server::state_directory::StateDirectory;

use super::access::open_failure;
use super::client::client_settings;
use super::notice::{Notice, waiting};
use crate::report::bytes;

/// The backups of the app's database, and copies of them for rehearsals.
pub(crate) struct DatabaseBackups {
    pub(crate) store: Store,
    live: DatabaseUrl,
    rehearsals: PathBuf,
    keep: usize,
    pub(crate) options: BackupOptions,
}

/// The copy of backup `name` on which a migration is rehearsed.
pub(crate) fn copy_path(rehearsals: &Path, name: &str) -> PathBuf {
    rehearsals.join(format!("{name}.db"))
}

/// Its URL; a server's database is never mistaken for a copy of itself.
pub(crate) fn copy_url(
    live: &DatabaseUrl,
    rehearsals: &Path,
    name: &str,
) -> Result<DatabaseUrl, Failure> {
    live.with_file(&copy_path(rehearsals, name)).ok_or_else(|| {
        Failure::new(
            "rehearsal-copy",
            format!(
                "there are no copies of {} databases to rehearse on",
                live.dialect()
            ),
        )
    })
}

impl DatabaseBackups {
    pub(crate) fn new(
        live: DatabaseUrl,
        state: &StateDirectory,
        project: &Project,
        notice: &Notice,
    ) -> Result<Self, Failure> {
        let notice = notice.clone();
        let database: std::sync::Arc<dyn Database> =
            shipgate_database::open(&live, &client_settings())
                .map_err(|error| open_failure(&error))?;
        Ok(Self {
            store: Store::new(state.backups(), database.backups()),
            live,
            rehearsals: state.rehearsals(),
            keep: project.release.keep_backups.value as usize,
            options: BackupOptions {
                lock_timeout: project.release.lock_timeout.value,
                on_event: Some(std::sync::Arc::new(move |event| {
                    if let BackupEvent::Waiting(wait) = event {
                        notice.say(&waiting(&wait.reason, wait.limit));
                    }
                })),
            },
        })
    }

    async fn lost_writes(&self, name: &str) -> Result<Vec<LostWrites>, Failure> {
        self.store
            .lost_writes(name, &[history::TABLE], &self.options)
            .await
            .map_err(|error| failure(&error))
    }

    /// Whether there is a database to back up: the first release makes a
    /// SQLite file.
    fn exists(&self) -> bool {
        self.live.file().is_none_or(Path::exists)
    }
}

#[async_trait]
impl Backup for DatabaseBackups {
    async fn create(&self, name: &str, _watch: &dyn Watch) -> Result<BackedUp, Failure> {
        if !self.exists() {
            return Ok(BackedUp {
                summary: "no database yet: nothing to back up".to_owned(),
            });
        }
        let taken = match self.store.verify(name, &self.options).await {
            // A process that died after it had taken it.
            Ok(info) => info,
            Err(BackupError::Unknown { .. }) => self
                .store
                .create(name, Timestamp::now(), &self.options)
                .await
                .map_err(|error| failure(&error))?,
            Err(error) => return Err(failure(&error)),
        };
        let tables = taken.contents.tables.len();
        Ok(BackedUp {
            summary: format!(
                "{name}, {}, verified ({tables} table{}, {} row{})",
                bytes(taken.bytes),
                if tables == 1 { "" } else { "s" },
                taken.rows(),
                if taken.rows() == 1 { "" } else { "s" },
            ),
        })
    }

    async fn copy(&self, name: &str) -> Result<(), Failure> {
        self.discard_copy(name).await?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.rehearsals)
            .map_err(|error| {
                Failure::new(
                    "rehearsal-copy",
                    format!("cannot make {}: {error}", self.rehearsals.display()),
                )
            })?;
        match self
            .store
            .copy_to(name, &copy_path(&self.rehearsals, name))
            .await
        {
            // Without a database there was nothing to back up, and the
            // rehearsal begins with an empty one too.
            Err(BackupError::Unknown { .. }) if !self.exists() => Ok(()),
            Err(error) => Err(failure(&error)),
            Ok(()) => Ok(()),
        }
    }

    async fn discard_copy(&self, name: &str) -> Result<(), Failure> {
        let copy = copy_path(&self.rehearsals, name);
        for suffix in ["", "-wal", "-shm", "-journal", "-shipgate-lock"] {
            let mut path = copy.clone().into_os_string();
            path.push(suffix);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Failure::new(
                        "rehearsal-copy",
                        format!("cannot remove {}: {error}", path.to_string_lossy()),
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn restore(&self, name: &str) -> Result<String, Failure> {
        let restored = self
            .store
            .restore(name, &self.options)
            .await
            .map_err(|error| failure(&error))?;
        Ok(match restored {
            Restored::InPlace { written_since } if written_since.is_empty() => {
                format!("restored backup {name}")
            }
            Restored::InPlace { written_since } => format!(
                "restored backup {name}; written to right after: {}",
                written_since.join(", ")
            ),
            Restored::Created => format!("made the database from backup {name}"),
            Restored::Replaced { damaged } => format!(
                "restored backup {name}; what was there is at {}",
                damaged.display()
            ),
        })
    }

    async fn losses(&self, name: &str) -> Result<Vec<String>, Failure> {
        let losses = self.lost_writes(name).await?;
        Ok(losses.iter().map(ToString::to_string).collect())
    }

    async fn others_losses(&self, name: &str) -> Result<Vec<String>, Failure> {
        let mut losses = self.lost_writes(name).await?;
        // Nobody but the migration that made it knows a new table.
        losses.retain(|lost| !lost.is_of_a_new_table());
        Ok(losses.iter().map(ToString::to_string).collect())
    }

    async fn prune(&self, keep: &[&str]) -> Result<Vec<String>, Failure> {
        self.store
            .prune(self.keep, keep, &self.options)
            .await
            .map_err(|error| failure(&error))
    }
}

/// A backup that could not be taken, checked or restored, as the user reads it.
pub(crate) fn failure(error: &BackupError) -> Failure {
    let message = error.to_string();
    match error {
        BackupError::DiskFull { .. } => Failure::new("disk-full", message)
            .with_hint("free some space; `shipgate backup list` shows the backups and their sizes"),
        BackupError::Locked { .. } | BackupError::StoreLocked { .. } => {
            Failure::new("database-locked", message)
                .with_hint("find who holds it; `[release] lock_timeout` says how long to wait")
                .of_kind(FailureKind::Deadline)
        }
        BackupError::Unknown { .. } => {
            Failure::new("no-backup", message).of_kind(FailureKind::Usage)
        }
        BackupError::Open(error) => open_failure(error),
        BackupError::Cancelled => Failure::cancelled(),
        _ => Failure::new("backup", message),
    }
}

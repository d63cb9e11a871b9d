//! What the daemon is to keep up, on disk: written before it is true, so that
//! the next daemon finds it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use shipgate_release::machine::MachineId;
use shipgate_release::ports::Member;

use crate::api::Concurrency;

/// The daemon's task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Desired {
    /// The front door's address, once one was committed.
    pub(crate) listen: Option<String>,
    /// How much one machine is given at a time.
    #[serde(default)]
    pub(crate) concurrency: Option<Concurrency>,
    /// The release that serves.
    pub(crate) release: Option<u64>,
    /// Its machines.
    pub(crate) fleet: Vec<Member>,
    /// Machines that the front door sends requests to.
    pub(crate) serving: Vec<MachineId>,
    /// Everything was stopped on purpose; the next daemon starts it again.
    pub(crate) halted: bool,
}

/// [`Desired`] and the file it is kept in.
#[derive(Debug)]
pub(crate) struct Kept {
    path: PathBuf,
    desired: Desired,
    /// Nothing has been written yet.
    blank: bool,
}

impl Kept {
    pub(crate) fn load(path: &Path) -> io::Result<Self> {
        let found = match fs::read(path) {
            Ok(bytes) => Some(
                serde_json::from_slice(&bytes)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?,
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self {
            path: path.to_owned(),
            blank: found.is_none(),
            desired: found.unwrap_or_default(),
        })
    }

    /// Whether no daemon has written anything yet, or what it wrote is gone.
    pub(crate) fn is_blank(&self) -> bool {
        self.blank
    }

    pub(crate) fn get(&self) -> &Desired {
        &self.desired
    }

    /// Changes the task; on failure it stays what it was, here and on disk.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Desired)) -> io::Result<()> {
        let mut next = self.desired.clone();
        change(&mut next);
        if next == self.desired {
            return Ok(());
        }
        write_whole(&self.path, &serde_json::to_vec_pretty(&next)?)?;
        self.desired = next;
        self.blank = false;
        Ok(())
    }
}

/// Replaces a file in one step: a reader sees the old or the new, never half.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    fs::rename(&fresh, path)?;
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

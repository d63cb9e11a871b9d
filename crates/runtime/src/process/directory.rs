//! The directory of one machine: its files, and the lock its keeper holds.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use shipgate_release::machine::MachineSpec;

use super::error::MachineError;
use super::files;
use super::record::{Event, EventKind, Record};

/// How long a keeper tries for its lock: readers of the state hold it for
/// microseconds to see whether it is free.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// Paths and files of a machine.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    path: PathBuf,
}

impl Directory {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn exists(&self) -> bool {
        self.path.is_dir()
    }

    /// Whether it still holds a machine. Nothing is written into it once it
    /// is being deleted.
    pub(crate) fn is_machine(&self) -> bool {
        self.spec_path().exists()
    }

    pub(crate) fn spec_path(&self) -> PathBuf {
        self.path.join("spec.json")
    }

    pub(crate) fn state_path(&self) -> PathBuf {
        self.path.join("state.json")
    }

    pub(crate) fn events_path(&self) -> PathBuf {
        self.path.join("events.jsonl")
    }

    pub(crate) fn log_path(&self) -> PathBuf {
        self.path.join("log")
    }

    pub(crate) fn lock_path(&self) -> PathBuf {
        self.path.join("keeper.lock")
    }

    /// The machine's specification; `None` if there is no such machine.
    pub(crate) fn spec(&self) -> Result<Option<MachineSpec>, MachineError> {
        let path = self.spec_path();
        files::read_json(&path).map_err(|error| MachineError::file("read", &path, error))
    }

    /// What the keeper last recorded; `None` if nothing was ever started.
    pub(crate) fn record(&self) -> Result<Option<Record>, MachineError> {
        let path = self.state_path();
        files::read_json(&path).map_err(|error| MachineError::file("read", &path, error))
    }

    pub(crate) fn write_record(&self, record: &Record) -> Result<(), MachineError> {
        let path = self.state_path();
        files::replace_json(&path, record)
            .map_err(|error| MachineError::file("write", &path, error))
    }

    /// Takes back the record of a start that provably did not happen.
    pub(crate) fn forget_record(&self) -> Result<(), MachineError> {
        let path = self.state_path();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(MachineError::file("remove", &path, error))
            }
            _ => Ok(()),
        }
    }

    /// Adds a line to the history. The history is for people; what is decided
    /// is decided by the record.
    pub(crate) fn append_event(&self, kind: EventKind) -> io::Result<()> {
        let event = Event {
            at: Timestamp::now(),
            kind,
        };
        let mut line = serde_json::to_vec(&event)?;
        line.push(b'\n');
        files::append_private(&self.events_path())?.write_all(&line)
    }

    /// Everything that happened so far; a torn last line is left out.
    pub(crate) fn events(&self) -> Result<Vec<Event>, MachineError> {
        let path = self.events_path();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(MachineError::file("read", &path, error)),
        };
        BufReader::new(file)
            .split(b'\n')
            .map(|line| line.map_err(|error| MachineError::file("read", &path, error)))
            .filter_map(|line| match line {
                Ok(line) => serde_json::from_slice(&line).ok().map(Ok),
                Err(error) => Some(Err(error)),
            })
            .collect()
    }

    /// Whether a keeper lives, seen from its lock.
    pub(crate) fn is_kept(&self) -> Result<bool, MachineError> {
        let path = self.lock_path();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(MachineError::file("lock", &path, error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(MachineError::file("lock", &path, error)),
        }
    }

    /// Takes the keeper's lock, for as long as the file is held; `None` if
    /// someone else has it.
    pub(crate) fn lock(&self) -> Result<Option<File>, MachineError> {
        let path = self.lock_path();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| MachineError::file("lock", &path, error))?;
        let give_up = Instant::now() + LOCK_PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(TryLockError::WouldBlock) if Instant::now() < give_up => {
                    thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => {
                    return Err(MachineError::file("lock", &path, error));
                }
            }
        }
    }
}

//! The releases of a state directory: numbers, journals, and the lock that
//! lets one process release at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::flow::Flow;
use crate::journal::{EndState, Entry, Journal, JournalError, Record, ReleaseKind};
use crate::state::{IllegalTransition, State};

/// The releases kept in one directory, each in a directory named by its number.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// Who holds the release lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its process.
    pub pid: u32,
    /// What it does: `deploy`, `rollback`.
    pub doing: String,
    /// Since when.
    pub since: Timestamp,
    /// The release it works on, once that has a number.
    pub release: Option<u64>,
}

/// The lock under which one process releases. Ends with the value, or with the process.
#[derive(Debug)]
pub struct ReleaseLock {
    file: File,
    owner: Owner,
}

/// Why the releases cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or directory refused.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A journal holds a transition that no release makes.
    #[error("release {release}, journal line {line}: {source}")]
    Illegal {
        /// The release.
        release: u64,
        /// The line, from 1.
        line: u64,
        /// The transition.
        source: IllegalTransition,
    },
    /// Another process releases.
    #[error("another release is under way: {}", describe(.0))]
    Busy(Option<Owner>),
}

fn describe(owner: &Option<Owner>) -> String {
    match owner {
        Some(owner) => {
            let release = owner
                .release
                .map_or_else(String::new, |number| format!(" of release {number}"));
            format!(
                "{}{release} by process {} since {}",
                owner.doing,
                owner.pid,
                owner.since.strftime("%Y-%m-%d %H:%M:%S UTC")
            )
        }
        None => "its owner has not said who it is yet".to_owned(),
    }
}

/// A release as it stands on disk.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its number.
    pub number: u64,
    /// Its journal.
    pub entries: Vec<Entry>,
    /// What the journal means.
    pub state: State,
}

impl Recorded {
    /// When it began.
    pub fn began(&self) -> Option<Timestamp> {
        self.entries.first().map(|entry| entry.at)
    }
}

impl Store {
    /// The store in `root` (`.shipgate/releases`), which is made with its first release.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory of a release: journal, build, machine specifications.
    pub fn directory(&self, release: u64) -> PathBuf {
        self.root.join(release.to_string())
    }

    /// The releases' numbers, lowest first.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn numbers(&self) -> Result<Vec<u64>, StoreError> {
        let listing = match fs::read_dir(&self.root) {
            Ok(listing) => listing,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(self.failed(&self.root, source)),
        };
        let mut numbers = Vec::new();
        for entry in listing {
            let entry = entry.map_err(|source| self.failed(&self.root, source))?;
            let number = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            if let Some(number) = number
                && began(&self.journal_path(number))
            {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// All releases, lowest number first.
    ///
    /// # Errors
    /// When a journal cannot be read.
    pub fn list(&self) -> Result<Vec<Recorded>, StoreError> {
        self.numbers()?
            .into_iter()
            .map(|number| self.read(number))
            .collect()
    }

    /// One release, without touching it.
    ///
    /// # Errors
    /// When its journal cannot be read.
    pub fn read(&self, number: u64) -> Result<Recorded, StoreError> {
        let entries = Journal::read(&self.journal_path(number))?;
        let state = State::of(&entries).map_err(|(line, source)| StoreError::Illegal {
            release: number,
            line,
            source,
        })?;
        Ok(Recorded {
            number,
            entries,
            state,
        })
    }

    /// The newest release that serves or served: the last one that ended `released`.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub fn serving(&self) -> Result<Option<u64>, StoreError> {
        for number in self.numbers()?.into_iter().rev() {
            if self.read(number)?.state.end() == Some(EndState::Released) {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// The release that was begun and has no end, if there is one.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub fn unfinished(&self) -> Result<Option<Recorded>, StoreError> {
        for number in self.numbers()?.into_iter().rev() {
            let recorded = self.read(number)?;
            if recorded.state.end().is_none() && recorded.state.head().is_some() {
                return Ok(Some(recorded));
            }
        }
        Ok(None)
    }

    /// Begins the next release.
    ///
    /// # Errors
    /// When its directory or journal cannot be written.
    pub fn begin(
        &self,
        lock: &mut ReleaseLock,
        app: &str,
        kind: ReleaseKind,
        flow: Flow,
        at: Timestamp,
    ) -> Result<Journal, StoreError> {
        let number = self.numbers()?.last().map_or(1, |last| last + 1);
        let previous = self.serving()?;
        let directory = self.directory(number);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)
            .map_err(|source| self.failed(&directory, source))?;
        let opened = Record::Opened {
            format: crate::journal::FORMAT,
            release: number,
            app: app.to_owned(),
            kind,
            flow,
            previous,
        };
        let path = self.journal_path(number);
        // What a crash in `create` leaves: no release began.
        if path.exists() && !began(&path) {
            fs::remove_file(&path).map_err(|source| self.failed(&path, source))?;
        }
        let journal = Journal::create(&path, at, opened)?;
        lock.works_on(number)
            .map_err(|source| self.failed(&self.root, source))?;
        Ok(journal)
    }

    /// Opens the journal of a release to go on with it.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(&self, lock: &mut ReleaseLock, number: u64) -> Result<Journal, StoreError> {
        lock.works_on(number)
            .map_err(|source| self.failed(&self.root, source))?;
        Ok(Journal::open(&self.journal_path(number))?)
    }

    /// Removes a release that found nothing to do, so that its number is free again.
    ///
    /// # Errors
    /// When its directory cannot be removed.
    pub fn forget(&self, number: u64) -> Result<(), StoreError> {
        let directory = self.directory(number);
        fs::remove_dir_all(&directory).map_err(|source| self.failed(&directory, source))
    }

    /// Takes the release lock, at once or not at all.
    ///
    /// # Errors
    /// [`StoreError::Busy`] with the owner when another process has it.
    pub fn lock(&self, doing: &str, pid: u32, now: Timestamp) -> Result<ReleaseLock, StoreError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.root)
            .map_err(|source| self.failed(&self.root, source))?;
        let path = self.lock_path();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|source| self.failed(&path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Busy(self.owner())),
            Err(TryLockError::Error(source)) => return Err(self.failed(&path, source)),
        }
        let mut lock = ReleaseLock {
            file,
            owner: Owner {
                pid,
                doing: doing.to_owned(),
                since: now,
                release: None,
            },
        };
        lock.write().map_err(|source| self.failed(&path, source))?;
        Ok(lock)
    }

    /// The process that releases now, if one does.
    pub fn busy(&self) -> Option<Owner> {
        let file = File::open(self.lock_path()).ok()?;
        match file.try_lock_shared() {
            Ok(()) => None,
            Err(_) => self.owner(),
        }
    }

    fn owner(&self) -> Option<Owner> {
        let mut text = String::new();
        File::open(self.lock_path())
            .ok()?
            .read_to_string(&mut text)
            .ok()?;
        serde_json::from_str(&text).ok()
    }

    fn lock_path(&self) -> PathBuf {
        self.root.join("lock")
    }

    fn journal_path(&self, number: u64) -> PathBuf {
        self.directory(number).join("journal")
    }

    fn failed(&self, path: &Path, source: io::Error) -> StoreError {
        StoreError::File {
            path: path.to_owned(),
            source,
        }
    }
}

/// Whether a journal has its first record: without it, no release began.
fn began(journal: &Path) -> bool {
    let mut head = [0; 4096];
    let read = File::open(journal).and_then(|mut file| file.read(&mut head));
    read.is_ok_and(|length| length == head.len() || head[..length].contains(&b'\n'))
}

impl ReleaseLock {
    fn works_on(&mut self, release: u64) -> io::Result<()> {
        self.owner.release = Some(release);
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        let text = serde_json::to_vec(&self.owner)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.set_len(0)?;
        self.file.write_all(&text)
    }
}

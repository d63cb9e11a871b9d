//! The journal's file: open, append, survive.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::frame::{self, Frame};
use super::record::{Entry, Record};
use crate::fault::fault;
use crate::state::{IllegalTransition, State};

/// Version of the on-disk format written here.
pub(crate) const FORMAT: u32 = 1;

/// An open journal: the entries so far, their meaning, and the file they are in.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    entries: Vec<Entry>,
    state: State,
    broken: bool,
}

/// Why a journal cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file or its directory refused.
    #[error("{path}: {source}")]
    File {
        /// The journal.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A line in the middle is damaged: what follows it cannot be trusted.
    #[error("{path}: line {line} is damaged, and {after} bytes follow it")]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Bytes after it.
        after: u64,
    },
    /// A line is whole but says something this version does not know.
    #[error("{path}: line {line}: {problem}")]
    Unreadable {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// A transition that no release makes.
    #[error("{path}: line {line}: {source}")]
    Illegal {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The transition.
        source: IllegalTransition,
    },
    /// An append failed before and the file could not be put right.
    #[error("{path}: an earlier write failed; the journal takes no more")]
    Broken {
        /// The journal.
        path: PathBuf,
    },
}

impl Journal {
    /// Starts a journal with its first record.
    ///
    /// # Errors
    /// When the file exists already or cannot be written durably.
    pub fn create(path: &Path, at: Timestamp, opened: Record) -> Result<Self, JournalError> {
        let failed = |source| JournalError::File {
            path: path.to_owned(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        let mut journal = Self {
            path: path.to_owned(),
            file,
            length: 0,
            entries: Vec::new(),
            state: State::default(),
            broken: false,
        };
        journal.append(at, opened)?;
        if let Some(directory) = path.parent() {
            File::open(directory)
                .and_then(|directory| directory.sync_all())
                .map_err(failed)?;
        }
        Ok(journal)
    }

    /// Opens a journal to go on with it. A torn last line, which a crash in
    /// the middle of an append leaves behind, is cut off.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged before its last line.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let failed = |source| JournalError::File {
            path: path.to_owned(),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let (entries, length) = load(path, &bytes)?;
        let state = State::of(&entries).map_err(|(line, source)| JournalError::Illegal {
            path: path.to_owned(),
            line,
            source,
        })?;
        if length < bytes.len() as u64 {
            file.set_len(length).map_err(failed)?;
            file.sync_data().map_err(failed)?;
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            length,
            entries,
            state,
            broken: false,
        })
    }

    /// Reads a journal without touching it; a torn last line is left out.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn read(path: &Path) -> Result<Vec<Entry>, JournalError> {
        let bytes = std::fs::read(path).map_err(|source| JournalError::File {
            path: path.to_owned(),
            source,
        })?;
        load(path, &bytes).map(|(entries, _)| entries)
    }

    /// Appends a transition and waits until it is on disk.
    ///
    /// # Errors
    /// When the transition is illegal (nothing is written) or the disk
    /// refuses; then the file is cut back to its last whole line.
    pub fn append(&mut self, at: Timestamp, record: Record) -> Result<&Entry, JournalError> {
        fault("journal.before_append");
        self.write(at, record, true)?;
        fault("journal.after_append");
        Ok(self.entries.last().expect("an entry was just written"))
    }

    /// Appends a note without waiting for the disk: for progress whose truth
    /// is kept elsewhere (the database's history) or can be found again.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn note(&mut self, at: Timestamp, record: Record) -> Result<&Entry, JournalError> {
        self.write(at, record, false)?;
        Ok(self.entries.last().expect("an entry was just written"))
    }

    fn write(&mut self, at: Timestamp, record: Record, sync: bool) -> Result<(), JournalError> {
        if self.broken {
            return Err(JournalError::Broken {
                path: self.path.clone(),
            });
        }
        let entry = Entry {
            seq: self.entries.len() as u64 + 1,
            at,
            record,
        };
        let state =
            self.state
                .clone()
                .after(&entry.record)
                .map_err(|source| JournalError::Illegal {
                    path: self.path.clone(),
                    line: entry.seq,
                    source,
                })?;
        let line = frame::encode(&entry).map_err(|error| JournalError::Unreadable {
            path: self.path.clone(),
            line: entry.seq,
            problem: error.to_string(),
        })?;
        if let Err(source) = self.put(&line, sync) {
            self.broken = self.cut_back().is_err();
            return Err(JournalError::File {
                path: self.path.clone(),
                source,
            });
        }
        self.length += line.len() as u64;
        self.entries.push(entry);
        self.state = state;
        Ok(())
    }

    fn put(&mut self, line: &[u8], sync: bool) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(line)?;
        if sync {
            self.file.sync_data()?;
        }
        Ok(())
    }

    fn cut_back(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.sync_data()
    }

    /// The entries so far.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What the entries mean.
    pub fn state(&self) -> &State {
        &self.state
    }
}

fn load(path: &Path, bytes: &[u8]) -> Result<(Vec<Entry>, u64), JournalError> {
    let mut entries = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let line = entries.len() as u64 + 1;
        match frame::decode(&bytes[at..]) {
            Frame::Whole(entry, _) if entry.seq != line => {
                return Err(JournalError::Unreadable {
                    path: path.to_owned(),
                    line,
                    problem: format!("it carries number {}", entry.seq),
                });
            }
            Frame::Whole(entry, length) => {
                entries.push(*entry);
                at += length;
            }
            Frame::Torn => {
                let end = bytes[at..]
                    .iter()
                    .position(|&byte| byte == b'\n')
                    .map_or(bytes.len(), |newline| at + newline + 1);
                if end < bytes.len() {
                    return Err(JournalError::Damaged {
                        path: path.to_owned(),
                        line,
                        after: (bytes.len() - end) as u64,
                    });
                }
                break;
            }
            Frame::Unreadable(problem) => {
                return Err(JournalError::Unreadable {
                    path: path.to_owned(),
                    line,
                    problem,
                });
            }
        }
    }
    Ok((entries, at as u64))
}

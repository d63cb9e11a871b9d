//! What is in a file: held in memory, or left on disk and read in pieces.
//!
//! A large file is never held whole. It is read once for its checksum, once
//! to be taken apart before anything is executed, and once to be executed.
//! That it stays the same file meanwhile is checked at the end of each
//! reading.

use std::fs::{self, Metadata};
use std::io::{self, Read, Seek};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::directory::DirectoryError;

/// Bytes up to which a file is held.
pub(super) const HELD_AT_MOST: usize = 1 << 20;

/// Bytes that a file may have whose layout asks for the whole text: it takes
/// several times as much while it is taken apart.
const WHOLE_AT_MOST: usize = 128 << 20;

/// Bytes that the files of a directory hold together, but for those whose
/// layout asks for the whole text.
pub(super) const HELD_TOGETHER: usize = 8 << 20;

/// Bytes at the start of a file that are always held: directives stand there.
const HEAD: usize = 64 << 10;

/// Bytes read at a time.
const PIECE: usize = 128 << 10;

/// What is in a file.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// All of it.
    Held(Vec<u8>),
    /// It is on disk.
    Stored(Stored),
}

/// A file that is read in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) head: Vec<u8>,
    stamp: Stamp,
}

/// What changes when a file changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The pieces of a file's content, in order.
#[derive(Debug)]
pub(crate) struct Pieces<'f> {
    name: &'f str,
    path: &'f Path,
    source: Source<'f>,
}

#[derive(Debug)]
enum Source<'f> {
    Held(&'f [u8]),
    Stored {
        file: fs::File,
        stamp: Stamp,
        buffer: Vec<u8>,
    },
}

/// Why a file is not read.
enum Fault {
    Read(io::Error),
    /// Bytes it has.
    TooLarge(usize),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

/// A folder whose files are read; with many small ones every call counts.
pub(super) struct Folder<'f> {
    path: &'f Path,
    handle: OwnedFd,
}

/// Reads files of a folder one by one.
pub(super) struct Reader<'f> {
    folder: &'f Folder<'f>,
    /// Room for a file of usual length and one byte.
    buffer: Vec<u8>,
}

impl<'f> Folder<'f> {
    pub(super) fn open(path: &'f Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            path,
            handle: rustix::fs::open(path, flags, Mode::empty())?,
        })
    }

    pub(super) fn reader(&self) -> Reader<'_> {
        Reader {
            folder: self,
            buffer: vec![0; HEAD + 1],
        }
    }
}

impl Reader<'_> {
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        let folder = self.folder.path;
        // One piece of memory, where joining would take three.
        let mut path = PathBuf::with_capacity(folder.as_os_str().len() + 1 + name.len());
        path.push(folder);
        path.push(name);
        path
    }

    /// Reads a file; one of more than `most` bytes stays on disk if
    /// `may_stay`, asked with its first bytes, says so.
    pub(super) fn read(
        &mut self,
        name: &str,
        most: usize,
        may_stay: impl FnOnce(&[u8]) -> bool,
    ) -> Result<Content, DirectoryError> {
        self.content(name, most, may_stay)
            .map_err(|fault| match fault {
                Fault::Read(source) => read_error(name, &self.path_of(name), source),
                Fault::TooLarge(length) => DirectoryError::TooLarge {
                    name: name.to_owned(),
                    megabytes: length >> 20,
                    most: WHOLE_AT_MOST >> 20,
                },
            })
    }

    fn content(
        &mut self,
        name: &str,
        most: usize,
        may_stay: impl FnOnce(&[u8]) -> bool,
    ) -> Result<Content, Fault> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let handle = rustix::fs::openat(&self.folder.handle, name, flags, Mode::empty())
            .map_err(io::Error::from)?;
        let mut file = fs::File::from(handle);
        let held = fill(&mut file, &mut self.buffer)?;
        if held < self.buffer.len() {
            return Ok(Content::Held(self.buffer[..held].to_vec()));
        }
        // A change after the stamp is noticed, so what is kept is read after it.
        let metadata = file.metadata()?;
        file.rewind()?;
        let held = fill(&mut file, &mut self.buffer)?;
        if held < self.buffer.len() {
            return Ok(Content::Held(self.buffer[..held].to_vec()));
        }
        let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        let head = &self.buffer[..HEAD];
        if length > most.max(HEAD) && may_stay(head) {
            return Ok(Content::Stored(Stored {
                head: head.to_vec(),
                stamp: Stamp::of(&metadata),
            }));
        }
        if length > WHOLE_AT_MOST {
            return Err(Fault::TooLarge(length));
        }
        let mut bytes = Vec::with_capacity(length.saturating_add(1));
        bytes.extend_from_slice(&self.buffer);
        file.read_to_end(&mut bytes)?;
        Ok(Content::Held(bytes))
    }
}

impl Content {
    pub(super) fn pieces<'f>(
        &'f self,
        name: &'f str,
        path: &'f Path,
    ) -> Result<Pieces<'f>, DirectoryError> {
        let source = match self {
            Self::Held(bytes) => Source::Held(bytes),
            Self::Stored(stored) => {
                let file = fs::File::open(path).map_err(|source| read_error(name, path, source))?;
                Source::Stored {
                    file,
                    stamp: stored.stamp,
                    buffer: vec![0; PIECE],
                }
            }
        };
        let pieces = Pieces { name, path, source };
        pieces.check()?;
        Ok(pieces)
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Held(ours), Self::Held(theirs)) => ours == theirs,
            (Self::Stored(ours), Self::Stored(theirs)) => ours == theirs,
            _ => false,
        }
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Pieces<'_> {
    /// The next piece; none after the last.
    ///
    /// # Errors
    /// The file cannot be read, or is not the one it was.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, DirectoryError> {
        let read = match &mut self.source {
            Source::Held(bytes) => {
                let bytes = std::mem::take(bytes);
                return Ok(Some(bytes).filter(|bytes| !bytes.is_empty()));
            }
            Source::Stored { file, buffer, .. } => read_some(file, buffer),
        };
        let length = read.map_err(|source| read_error(self.name, self.path, source))?;
        if length == 0 {
            self.check()?;
            return Ok(None);
        }
        match &self.source {
            Source::Held(_) => Ok(None),
            Source::Stored { buffer, .. } => Ok(Some(&buffer[..length])),
        }
    }

    /// Whether the file is still the one it was.
    fn check(&self) -> Result<(), DirectoryError> {
        let Source::Stored { file, stamp, .. } = &self.source else {
            return Ok(());
        };
        let now = file
            .metadata()
            .map_err(|source| read_error(self.name, self.path, source))?;
        if Stamp::of(&now) == *stamp {
            Ok(())
        } else {
            Err(DirectoryError::Changed(self.name.to_owned()))
        }
    }
}

/// Reads until the buffer is full or the file at its end, which takes no more
/// calls than to ask first how long it is.
fn fill(file: &mut fs::File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read_some(file, &mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

fn read_some(file: &mut fs::File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

pub(super) fn read_error(name: &str, path: &Path, source: io::Error) -> DirectoryError {
    DirectoryError::Read {
        name: name.to_owned(),
        path: path.display().to_string(),
        source,
    }
}

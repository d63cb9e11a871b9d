//! Atlas's lock for SQLite, so that Atlas and Shipgate keep each other out.
//!
//! Atlas has a file in the directory for temporary files whose content is the
//! time at which it expires, in nanoseconds since 1970. It never waits, and
//! takes the lock if the file is missing or expired. For a URL whose DSN
//! begins with `file:` the name holds a checksum of the path; for any other,
//! all databases of the host share one name. (Atlas, `sql/sqlite/driver.go`.)
//!
//! Shipgate writes that file too, for a short lease that it renews. So that
//! two Shipgates with different databases do not wait for each other on the
//! shared name, they keep their leases in a second file, the book; the lock
//! file holds the latest expiry of all leases.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Clock, LockName, LockOwner};

/// How long a lease lasts unless it is renewed.
const LEASE: Duration = Duration::from_secs(30);
/// Time between renewals.
const RENEWAL: Duration = Duration::from_secs(10);

/// Tells leases of one process apart.
static NEXT_LEASE: AtomicU64 = AtomicU64::new(1);

/// What became of an attempt.
pub(super) enum Attempt {
    /// The lock is ours.
    Taken(AtlasLock),
    /// Atlas has it.
    HeldByAtlas(LockOwner),
    /// The files cannot be used.
    Unusable { file: PathBuf, message: String },
}

/// A lease that is renewed until it is dropped.
pub(super) struct AtlasLock {
    lease: Lease,
    ended: Arc<(Mutex<bool>, Condvar)>,
    renewer: Option<JoinHandle<()>>,
}

/// One holder's part in the lock.
#[derive(Clone)]
struct Lease {
    lock: PathBuf,
    book: PathBuf,
    id: String,
    clock: Clock,
}

/// The leases of all Shipgates that use one lock file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Book {
    /// What a Shipgate last wrote to the lock file: anything else is Atlas's.
    written: Option<i128>,
    leases: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    id: String,
    expires: i128,
}

impl AtlasLock {
    /// Tries once. `file` is the database's file if Atlas's name depends on it.
    pub(super) fn attempt(
        directory: &Path,
        lock: &LockName,
        file: Option<&Path>,
        pid: u32,
        clock: &Clock,
    ) -> Attempt {
        let name = file_name(lock, file);
        let user = rustix::process::getuid().as_raw();
        let lease = Lease {
            lock: directory.join(&name),
            book: directory.join(format!("{name}.shipgate-{user}")),
            id: format!("{pid}-{}", NEXT_LEASE.fetch_add(1, Ordering::Relaxed)),
            clock: Arc::clone(clock),
        };
        match lease.take() {
            Ok(None) => Attempt::Taken(Self::keep(lease)),
            Ok(Some(holder)) => Attempt::HeldByAtlas(holder),
            Err(error) => Attempt::Unusable {
                file: lease.lock,
                message: error.to_string(),
            },
        }
    }

    fn keep(lease: Lease) -> Self {
        let ended = Arc::new((Mutex::new(false), Condvar::new()));
        let renewer = std::thread::Builder::new()
            .name("atlas-lock".to_owned())
            .spawn({
                let (lease, ended) = (lease.clone(), Arc::clone(&ended));
                move || renew_until_ended(&lease, &ended)
            })
            .ok();
        Self {
            lease,
            ended,
            renewer,
        }
    }

    /// Gives the lock back; false if the file was not ours any more.
    pub(super) fn release(mut self) -> bool {
        self.end()
    }

    fn end(&mut self) -> bool {
        let Some(renewer) = self.renewer.take() else {
            return true;
        };
        let (flag, bell) = &*self.ended;
        *flag.lock().unwrap_or_else(PoisonError::into_inner) = true;
        bell.notify_all();
        let _ = renewer.join();
        self.lease.give_back().unwrap_or(false)
    }
}

impl Drop for AtlasLock {
    fn drop(&mut self) {
        self.end();
    }
}

fn renew_until_ended(lease: &Lease, ended: &(Mutex<bool>, Condvar)) {
    let (flag, bell) = ended;
    let mut is_ended = flag.lock().unwrap_or_else(PoisonError::into_inner);
    while !*is_ended {
        let (guard, wait) = bell
            .wait_timeout(is_ended, RENEWAL)
            .unwrap_or_else(PoisonError::into_inner);
        is_ended = guard;
        if wait.timed_out() && !*is_ended {
            // A renewal that fails is tried again; the lease outlasts two.
            let _ = lease.take();
        }
    }
}

impl Lease {
    /// Takes or renews the lease; gives Atlas's as the holder if it has it.
    fn take(&self) -> io::Result<Option<LockOwner>> {
        let mut book = OpenBook::open(&self.book)?;
        let now = (self.clock)().as_nanosecond();
        book.content
            .leases
            .retain(|entry| entry.expires > now && entry.id != self.id);
        let there = read_expiry(&self.lock)?;
        let is_ours = there == There::Until(book.content.written.unwrap_or(0));
        match there {
            There::Until(expires) if expires > now && !is_ours => {
                return Ok(Some(atlas(&self.lock)));
            }
            // Atlas is just writing it, or something else wrote it.
            There::Unreadable => return Ok(Some(atlas(&self.lock))),
            There::Until(_) | There::Nothing => {}
        }
        let lease = i128::try_from(LEASE.as_nanos()).unwrap_or(0);
        book.content.leases.push(Entry {
            id: self.id.clone(),
            expires: now + lease,
        });
        self.publish(&mut book)?;
        Ok(None)
    }

    /// Ends the lease; false if the lock file is not ours any more.
    fn give_back(&self) -> io::Result<bool> {
        let mut book = OpenBook::open(&self.book)?;
        let now = (self.clock)().as_nanosecond();
        book.content
            .leases
            .retain(|entry| entry.expires > now && entry.id != self.id);
        let ours = book.content.written.map(There::Until);
        if Some(read_expiry(&self.lock)?) != ours {
            book.save()?;
            return Ok(false);
        }
        self.publish(&mut book)?;
        Ok(true)
    }

    /// Makes the lock file say what the book says. The book comes first: a
    /// crash in between leaves a file that is taken for Atlas's and expires.
    fn publish(&self, book: &mut OpenBook) -> io::Result<()> {
        let latest = book.content.leases.iter().map(|entry| entry.expires).max();
        book.content.written = latest;
        book.save()?;
        let Some(expires) = latest else {
            return fs::remove_file(&self.lock);
        };
        let mut fresh = self.lock.clone().into_os_string();
        fresh.push(format!(".{}", self.id));
        let fresh = PathBuf::from(fresh);
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o644)
            .open(&fresh)
            .and_then(|mut file| file.write_all(expires.to_string().as_bytes()))
            .and_then(|()| fs::rename(&fresh, &self.lock));
        if written.is_err() {
            let _ = fs::remove_file(&fresh);
        }
        written
    }
}

/// What the lock file says.
#[derive(PartialEq)]
enum There {
    Nothing,
    Until(i128),
    Unreadable,
}

fn read_expiry(lock: &Path) -> io::Result<There> {
    match fs::read_to_string(lock) {
        Ok(text) => Ok(text.parse().map_or(There::Unreadable, There::Until)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(There::Nothing),
        Err(error) => Err(error),
    }
}

/// The book, locked until it is dropped.
struct OpenBook {
    file: File,
    content: Book,
}

impl OpenBook {
    fn open(path: &Path) -> io::Result<Self> {
        let nofollow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(nofollow)
            .open(path)?;
        file.lock()?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let content = serde_json::from_str(&text).unwrap_or_default();
        Ok(Self { file, content })
    }

    fn save(&mut self) -> io::Result<()> {
        let text = serde_json::to_vec(&self.content)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&text)?;
        self.file.set_len(text.len() as u64)
    }
}

fn atlas(lock: &Path) -> LockOwner {
    LockOwner {
        pid: None,
        host: None,
        since: None,
        purpose: format!("atlas migrate (lock file {})", lock.display()),
        left: None,
    }
}

fn file_name(lock: &LockName, file: Option<&Path>) -> String {
    match file {
        None => format!("{lock}.lock"),
        Some(file) => {
            // Host and path of `sqlite://file:/path`, joined.
            let subject = format!("file:{}", file.display());
            format!("{lock}_{:x}.lock", adler32(subject.as_bytes()))
        }
    }
}

/// RFC 1950, section 8.2.
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % MODULUS;
        (low, (high + low) % MODULUS)
    });
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_adler_32() {
        assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
        assert_eq!(adler32(b""), 1);
    }

    #[test]
    fn the_name_depends_on_the_file_only_for_file_dsns() {
        let lock = LockName::default();
        assert_eq!(file_name(&lock, None), "atlas_migrate_execute.lock");
        let name = file_name(&lock, Some(Path::new("/data/app.db")));
        assert_eq!(
            name,
            format!(
                "atlas_migrate_execute_{:x}.lock",
                adler32(b"file:/data/app.db")
            )
        );
    }
}

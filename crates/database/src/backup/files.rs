//! Files that are on disk when a call returns.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{BackupError, Stop};
use crate::catalog::hex;

const CHUNK: usize = 1 << 20;

/// Flushes a file to disk.
pub(crate) fn sync_file(path: &Path) -> Result<(), BackupError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| BackupError::io(path, &error))
}

/// Flushes a directory's entries to disk.
pub(crate) fn sync_directory(path: &Path) -> Result<(), BackupError> {
    sync_file(path)
}

/// Makes a directory that only its owner may enter; one that is there is fine.
pub(super) fn make_private_directory(path: &Path) -> Result<(), BackupError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| BackupError::io(path, &error))
}

/// Writes a new file that only its owner may read, and flushes it.
pub(super) fn write_private(path: &Path, content: &[u8]) -> Result<(), BackupError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        })
        .map_err(|error| BackupError::io(path, &error))
}

/// Copies a file to `target`, which is not there yet, with these permission
/// bits, and flushes it. On an error nothing of it is left.
pub(crate) fn copy_synced(
    source: &Path,
    target: &Path,
    mode: u32,
    stop: &Stop,
) -> Result<(), BackupError> {
    let mut from = File::open(source).map_err(|error| BackupError::io(source, &error))?;
    let mut into = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(target)
        .map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => BackupError::TargetExists {
                path: target.to_owned(),
            },
            _ => BackupError::io(target, &error),
        })?;
    let copied = copy_chunks(&mut from, &mut into, target, stop);
    if copied.is_err() {
        let _ = fs::remove_file(target);
    }
    copied
}

fn copy_chunks(
    from: &mut File,
    into: &mut File,
    target: &Path,
    stop: &Stop,
) -> Result<(), BackupError> {
    loop {
        stop.check()?;
        let copied = io::copy(&mut from.take(CHUNK as u64 * 16), into)
            .map_err(|error| BackupError::io(target, &error))?;
        if copied == 0 {
            break;
        }
    }
    into.sync_all()
        .map_err(|error| BackupError::io(target, &error))
}

/// Size and SHA-256 of a file.
pub(super) fn digest(path: &Path, stop: &Stop) -> Result<(u64, String), BackupError> {
    let failed = |error: io::Error| BackupError::io(path, &error);
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut size = 0;
    loop {
        stop.check()?;
        let length = file.read(&mut chunk).map_err(failed)?;
        if length == 0 {
            return Ok((size, hex(&hash.finalize())));
        }
        hash.update(&chunk[..length]);
        size += length as u64;
    }
}

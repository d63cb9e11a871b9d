//! Copying a build's files into the release's own directory, whole or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shipgate_release::Failure;

use super::KeptFile;
use crate::wiring::whole_file;

/// What is known of a kept build; lies beside it as `build.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Build {
    /// SHA-256 over names, modes and contents, and over the settings.
    pub(crate) fingerprint: String,
    /// How many files it has.
    pub(crate) files: usize,
    /// Their size in bytes.
    pub(crate) bytes: u64,
}

/// Keeps the build of one release.
pub(crate) struct Keeper<'a> {
    /// The release's directory.
    release: &'a Path,
}

impl<'a> Keeper<'a> {
    pub(crate) fn new(release: &'a Path) -> Self {
        Self { release }
    }

    /// Where the build lies.
    pub(crate) fn directory(&self) -> PathBuf {
        self.release.join("build")
    }

    /// The build, if it was kept whole.
    pub(crate) fn kept(&self) -> Option<Build> {
        let bytes = fs::read(self.release.join("build.json")).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Copies the files; `settings` go into the fingerprint. On failure
    /// nothing of it remains.
    pub(crate) fn keep(&self, files: &[KeptFile], settings: &[u8]) -> Result<Build, Failure> {
        let draft = self.release.join("build.new");
        let result = clear(&draft)
            .map_err(|error| Trouble::new(&draft, error))
            .and_then(|()| self.copy(&draft, files, settings));
        result.map_err(|trouble| {
            // The first trouble is the one to tell.
            let _ = clear(&draft);
            trouble.into()
        })
    }

    fn copy(&self, draft: &Path, files: &[KeptFile], settings: &[u8]) -> Result<Build, Trouble> {
        let mut all = Sha256::new();
        let mut bytes = 0;
        part(&mut all, settings);
        make_directory(draft)?;
        for file in files {
            let to = draft.join(&file.to);
            if let Some(parent) = to.parent() {
                make_directory(parent)?;
            }
            if let Some(target) = &file.link {
                symlink(target, &to).map_err(|error| Trouble::new(&to, error))?;
                part(&mut all, file.to.as_os_str().as_encoded_bytes());
                part(&mut all, target.as_os_str().as_encoded_bytes());
                continue;
            }
            let copied = copy_file(&file.from, &to)?;
            part(&mut all, file.to.as_os_str().as_encoded_bytes());
            part(&mut all, &copied.mode.to_le_bytes());
            part(&mut all, &copied.digest);
            bytes += copied.bytes;
        }
        let build = Build {
            fingerprint: hex(&all.finalize()),
            files: files.len(),
            bytes,
        };
        let directory = self.directory();
        clear(&directory).map_err(|error| Trouble::new(&directory, error))?;
        fs::rename(draft, &directory).map_err(|error| Trouble::new(&directory, error))?;
        let note = self.release.join("build.json");
        write_note(&note, &build).map_err(|error| Trouble::new(&note, error))?;
        Ok(build)
    }
}

/// What went wrong with which file.
struct Trouble {
    path: PathBuf,
    error: io::Error,
}

impl Trouble {
    fn new(path: &Path, error: io::Error) -> Self {
        Self {
            path: path.to_owned(),
            error,
        }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        let place = trouble.path.display();
        match trouble.error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::new(
                "disk-full",
                format!("the disk is full: cannot keep {place}"),
            )
            .with_hint(
                "free some space; `[release] keep_releases` says how many old builds are kept",
            ),
            _ => Self::new(
                "build-keep",
                format!("cannot keep {place}: {}", trouble.error),
            ),
        }
    }
}

struct Copied {
    mode: u32,
    bytes: u64,
    digest: [u8; 32],
}

/// Copies contents and the right to execute; the copy cannot be written to.
fn copy_file(from: &Path, to: &Path) -> Result<Copied, Trouble> {
    let reading = |error| Trouble::new(from, error);
    let writing = |error| Trouble::new(to, error);
    let mut source = File::open(from).map_err(reading)?;
    let executable = source.metadata().map_err(reading)?.permissions().mode() & 0o111 != 0;
    let mode = if executable { 0o555 } else { 0o444 };
    let mut copy = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(writing)?;
    let mut digest = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(reading(error)),
        };
        digest.update(&buffer[..read]);
        copy.write_all(&buffer[..read]).map_err(writing)?;
        bytes += read as u64;
    }
    copy.set_permissions(Permissions::from_mode(mode))
        .map_err(writing)?;
    Ok(Copied {
        mode,
        bytes,
        digest: digest.finalize().into(),
    })
}

fn make_directory(path: &Path) -> Result<(), Trouble> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .map_err(|error| Trouble::new(path, error))
}

fn write_note(path: &Path, build: &Build) -> io::Result<()> {
    whole_file::write(path, &serde_json::to_vec_pretty(build)?)
}

fn clear(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// One part of what is hashed; its length stands before it, so that no two
/// lists of parts look the same.
fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

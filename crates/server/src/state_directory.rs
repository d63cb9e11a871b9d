//! The state directory (`.shipgate/`): where everything lies that a release,
//! a daemon or a machine leaves behind.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A state directory, made and of mode 0700.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDirectory {
    root: PathBuf,
}

/// Why a state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It cannot be made or read.
    #[error("cannot use the state directory {path}: {source}")]
    File {
        /// The directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Others can read it, and with it the machines' environments.
    #[error("the state directory {path} can be read by others (mode {mode:o})")]
    Open {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

impl StateDirectory {
    /// The directory at `root`, made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made, or others than its owner can read it.
    pub fn open(root: &Path) -> Result<Self, StateError> {
        let failed = |source| StateError::File {
            path: root.to_owned(),
            source,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(root)
            .map_err(failed)?;
        let root = root.canonicalize().map_err(failed)?;
        let mode = fs::metadata(&root).map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(StateError::Open { path: root, mode });
        }
        Ok(Self { root })
    }

    /// The directory at `root` if there is one; nothing is made or checked.
    pub fn existing(root: &Path) -> Option<Self> {
        let root = root.canonicalize().ok()?;
        root.is_dir().then_some(Self { root })
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Releases: journals, builds.
    pub fn releases(&self) -> PathBuf {
        self.root.join("releases")
    }

    /// Machines: specifications, logs.
    pub fn machines(&self) -> PathBuf {
        self.root.join("machines")
    }

    /// Backups.
    pub fn backups(&self) -> PathBuf {
        self.root.join("backups")
    }

    /// Copies on which migrations are rehearsed.
    pub fn rehearsals(&self) -> PathBuf {
        self.root.join("rehearsals")
    }

    /// What the daemon is to keep up.
    pub(crate) fn desired(&self) -> PathBuf {
        self.root.join("daemon.json")
    }

    /// Held by the daemon for its life; says its process id.
    pub(crate) fn daemon_lock(&self) -> PathBuf {
        self.root.join("daemon.lock")
    }

    /// What a daemon in the background says.
    pub fn daemon_log(&self) -> PathBuf {
        self.root.join("daemon.log")
    }

    /// The control socket.
    pub fn socket(&self) -> SocketPath {
        SocketPath {
            directory: self.root.clone(),
        }
    }
}

/// The control socket's place.
///
/// A socket address holds at most 107 bytes, a project's path may be longer:
/// so the directory is opened and the socket named below its descriptor.
#[derive(Clone, Debug)]
pub struct SocketPath {
    directory: PathBuf,
}

/// The name under which a socket can be bound or connected while this lives.
pub(crate) struct OpenSocketPath {
    _directory: OwnedFd,
    name: PathBuf,
}

impl SocketPath {
    const NAME: &str = "control.sock";

    /// Where the socket lies.
    pub fn path(&self) -> PathBuf {
        self.directory.join(Self::NAME)
    }

    pub(crate) fn open(&self) -> io::Result<OpenSocketPath> {
        let directory = OwnedFd::from(fs::File::open(&self.directory)?);
        let name = PathBuf::from(format!(
            "/proc/self/fd/{}/{}",
            directory.as_raw_fd(),
            Self::NAME
        ));
        Ok(OpenSocketPath {
            _directory: directory,
            name,
        })
    }
}

impl OpenSocketPath {
    pub(crate) fn name(&self) -> &Path {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_state_directory_is_for_its_owner_alone() {
        let place = tempfile::tempdir().unwrap();
        let state = StateDirectory::open(&place.path().join("a/.shipgate")).unwrap();
        let mode = fs::metadata(state.root()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn one_that_others_can_read_is_refused() {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let error = StateDirectory::open(place.path()).unwrap_err();
        assert!(
            matches!(error, StateError::Open { mode: 0o755, .. }),
            "{error}"
        );
    }
}

//! A copy of this workspace that the tour may change, with a cargo of its own.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::cargo::Cargo;

/// What of the workspace is copied: what `cargo build -p notes` reads.
const PARTS: [&str; 7] = [
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "benches",
    "crates",
    "examples",
    "rust-toolchain.toml",
];

/// The copy. When it goes, the daemon that was started in it is stopped.
pub(crate) struct Workspace {
    place: TempDir,
    port: u16,
}

/// This workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/shipgate is two below the root")
}

impl Workspace {
    pub(crate) fn copy(cargo: &Cargo) -> Self {
        let workspace = Self {
            place: tempfile::tempdir().expect("a directory"),
            port: free_port(),
        };
        for part in PARTS {
            copy(&root().join(part), &workspace.root().join(part));
        }
        workspace.listen();
        workspace.commit();
        cargo.write(&workspace.programs());
        workspace
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.place.path().join("shipgate")
    }

    /// The front door's port, in place of 8080.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where the stand-in cargo is found before the real one.
    pub(crate) fn programs(&self) -> PathBuf {
        self.place.path().join("stand-in")
    }

    /// A home without settings.
    pub(crate) fn home(&self) -> PathBuf {
        self.place.path().to_owned()
    }

    fn listen(&self) {
        let file = self.root().join("examples/notes/shipgate.toml");
        let text = fs::read_to_string(&file).expect("the example's project file");
        let here = text.replace("127.0.0.1:8080", &format!("127.0.0.1:{}", self.port));
        assert_ne!(text, here, "the example listens on port 8080");
        fs::write(file, here).expect("a file");
    }

    fn commit(&self) {
        let git = |arguments: &[&str]| {
            let ran = Command::new("git")
                .args(["-c", "user.name=tour", "-c", "user.email=tour@example"])
                .args(arguments)
                .current_dir(self.root())
                .env("HOME", self.home())
                .output()
                .expect("git runs");
            let said = String::from_utf8_lossy(&ran.stderr);
            assert!(ran.status.success(), "git {arguments:?}: {said}");
        };
        git(&["init", "--quiet"]);
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "The workspace"]);
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // A tour that broke off must leave nothing behind either.
        let _ = Command::new(env!("CARGO_BIN_EXE_shipgate"))
            .args(["--quiet", "stop", "examples/notes"])
            .current_dir(self.root())
            .output();
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::create_dir_all(to.parent().expect("a file is in a directory")).expect("a directory");
        fs::copy(from, to).expect("a copy");
        return;
    }
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        let kept = name != ".shipgate" && name != "target" && !is_data(&entry.path());
        if kept {
            copy(&entry.path(), &to.join(name));
        }
    }
}

/// What the example's app wrote, for whoever has gone the tour in place.
fn is_data(path: &Path) -> bool {
    let inside = path
        .parent()
        .is_some_and(|parent| parent.ends_with("notes/data"));
    inside && path.file_name().is_some_and(|name| name != ".gitignore")
}

/// A port below the range from which outgoing connections take theirs.
fn free_port() -> u16 {
    (19_100..19_900)
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .expect("a free port")
}

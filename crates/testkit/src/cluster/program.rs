//! The servers' programs: where Debian keeps them, and as whom they run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::run::Ran;

/// The program `name`, on `PATH` or in one of `places`.
///
/// # Panics
/// Without it, naming the Debian package it comes in.
pub(super) fn find(name: &str, places: &[&Path], package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    places
        .iter()
        .map(|place| place.join(name))
        .chain(std::env::split_paths(&path).map(|place| place.join(name)))
        .find(|program| program.is_file())
        .unwrap_or_else(|| {
            panic!("no `{name}`: install Debian's package {package} (scripts/test does it)")
        })
}

/// As whom a server runs: none of them runs as root.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account(Option<&'static str>);

impl Account {
    /// `name` when this process is root's, else whoever it runs as.
    pub(super) fn instead_of_root(name: &'static str) -> Self {
        Self(rustix::process::geteuid().is_root().then_some(name))
    }

    /// The words that run `program` as this account, in the same process.
    pub(super) fn words(self, program: &Path) -> Vec<String> {
        let program = program.display().to_string();
        let Some(name) = self.0 else {
            return vec![program];
        };
        let switch = ["setpriv", "--init-groups"].map(str::to_owned);
        let to = [format!("--reuid={name}"), format!("--regid={name}")];
        switch.into_iter().chain(to).chain([program]).collect()
    }

    /// Gives it what is below `directory`.
    pub(super) fn own(self, directory: &Path) {
        if let Some(name) = self.0 {
            let mut chown = Command::new("chown");
            chown.args(["-R", &format!("{name}:")]).arg(directory);
            succeed(chown);
        }
    }
}

/// An empty directory for a server, with a path short enough for a socket in
/// it and open enough for another account.
pub(super) fn directory(kind: &str) -> PathBuf {
    let directory = tempfile::Builder::new()
        .prefix(&format!("shipgate-{kind}-"))
        .tempdir_in("/tmp")
        .expect("a temporary directory")
        .keep();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&directory, open).expect("permissions can be set");
    directory
}

/// Runs a program to its end, away from this process's environment.
///
/// # Panics
/// When it fails.
#[track_caller]
pub(super) fn succeed(command: Command) -> Ran {
    run(command, "").exits(0)
}

/// Runs a program with something to read.
#[track_caller]
pub(super) fn run(mut command: Command, input: &str) -> Ran {
    use std::io::{ErrorKind, Write};

    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut child = command
        .env_clear()
        .env("PATH", path)
        .env("LANG", "C.UTF-8")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    let output = std::thread::scope(|threads| {
        threads.spawn(move || match stdin.write_all(input.as_bytes()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => panic!("{error}"),
            _ => (),
        });
        child.wait_with_output().expect("a child can be waited for")
    });
    output.into()
}

/// A name that no other database of any cluster of this process has.
pub(super) fn database_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("test_{}_{number}", std::process::id())
}

/// Sixteen random bytes in hexadecimal digits: a password.
pub(super) fn password() -> String {
    use std::io::Read;

    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .expect("random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

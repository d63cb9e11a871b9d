//! A project in a temporary directory, and the program run in it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::run::Ran;

/// A project of the test's own. When it goes, its daemon and machines are stopped.
pub struct TestProject {
    directory: TempDir,
    program: PathBuf,
    port: u16,
}

impl TestProject {
    /// An empty project; `program` is the shipgate under test.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
            program: program.into(),
            port: free_port(),
        }
    }

    /// The project's directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The port of its front door.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Writes a file, with the directories above it. `{port}` and `{fake-app}`
    /// in it become the front door's port and the fake app's path.
    pub fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.path().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("directories for a file");
        }
        let text = text
            .replace("{port}", &self.port.to_string())
            .replace("{fake-app}", &binary("fake-app").display().to_string());
        fs::write(path, text).expect("a file");
        self
    }

    /// The program with these arguments, in the project, in an environment of its own.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("TMPDIR", self.path())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments)
            .output()
            .expect("the program can be run")
            .into()
    }
}

impl Drop for TestProject {
    fn drop(&mut self) {
        // A test that failed must leave nothing behind either.
        let _ = self
            .command(&["stop"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        for directory in fs::read_dir(self.path().join(".shipgate/machines"))
            .into_iter()
            .flatten()
            .flatten()
        {
            end_machine(&directory.path());
        }
        let lock = self.path().join(".shipgate/daemon.lock");
        if let Ok(pid) = fs::read_to_string(lock) {
            terminate(pid.trim(), self.path());
        }
    }
}

/// A program of this workspace that lies beside the test's own.
///
/// # Panics
/// When it has not been built.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its program");
    let directory = test
        .ancestors()
        .find(|directory| directory.join(name).is_file())
        .unwrap_or_else(|| panic!("`{name}` is not built: run `cargo build --workspace --bins`"));
    directory.join(name)
}

/// A port below the range from which outgoing connections take theirs.
fn free_port() -> u16 {
    let own = std::process::id() as u16;
    (0..2000u16)
        .map(|step| 10_000 + (own.wrapping_mul(37).wrapping_add(step * 7)) % 9_000)
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .expect("a free port")
}

/// Asks the keeper of a machine to stop it.
fn end_machine(directory: &Path) {
    let Ok(text) = fs::read_to_string(directory.join("state.json")) else {
        return;
    };
    for part in text.split("\"pid\":").skip(1) {
        let digits: String = part
            .trim_start()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        terminate(&digits, directory);
    }
}

/// Sends SIGTERM to a process whose command line names our directory.
fn terminate(pid: &str, directory: &Path) {
    let ours = fs::read(format!("/proc/{pid}/cmdline"))
        .is_ok_and(|line| String::from_utf8_lossy(&line).contains(&*directory.to_string_lossy()));
    if ours {
        let _ = Command::new("kill").arg(pid).stderr(Stdio::null()).status();
    }
}

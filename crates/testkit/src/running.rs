//! A run of the program that has not ended yet.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Output};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::run::Ran;
use crate::wait::{eventually, until};

/// The program at work. What it says goes to files: nobody has to read along.
pub struct Running {
    child: Child,
    said: TempDir,
}

impl Running {
    /// Starts a command.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(mut command: Command) -> Self {
        let said = tempfile::tempdir().expect("a temporary directory");
        let file = |name: &str| File::create(said.path().join(name)).expect("a file");
        let child = command
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .spawn()
            .expect("the program can be started");
        Self { child, said }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has said on stderr so far.
    pub fn stderr(&self) -> String {
        text(self.said.path().join("stderr"))
    }

    /// What it has printed on stdout so far.
    pub fn stdout(&self) -> String {
        text(self.said.path().join("stdout"))
    }

    /// Waits until it has said `words` on stderr.
    ///
    /// # Panics
    /// When it ends, or a minute passes, before it has.
    #[track_caller]
    pub fn until_it_says(&mut self, words: &str) {
        self.until(&format!("`{words}` on stderr"), |running| {
            running.stderr().contains(words)
        });
    }

    /// Waits until something is so while it runs.
    ///
    /// # Panics
    /// When it ends, or a minute passes, before it is.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut so: impl FnMut(&Self) -> bool) {
        eventually(what, || {
            if so(self) {
                return true;
            }
            let ended = self.child.try_wait().expect("a child can be asked");
            let (stdout, stderr) = (self.stdout(), self.stderr());
            assert!(
                ended.is_none() || so(self),
                "ended before {what}: {ended:?}\n{stdout}\n{stderr}"
            );
            false
        });
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Sends SIGKILL.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process id"), signal).expect("a signal can be sent");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end within a minute; it is killed then.
    #[track_caller]
    pub fn wait(mut self) -> Ran {
        let status = until("the end of the program", || {
            self.child.try_wait().expect("a child can be waited for")
        });
        Output {
            status,
            stdout: self.stdout().into_bytes(),
            stderr: self.stderr().into_bytes(),
        }
        .into()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn text(path: PathBuf) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

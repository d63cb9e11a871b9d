//! Machines to test with: their directory, specifications, and waiting for
//! things to become true.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shipgate_release::machine::{MachineId, MachineSpec, RestartPolicy};
use shipgate_runtime::process::{Changes, Machines, State};
use tempfile::TempDir;

/// How long anything may take before a test is taken to hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A state directory of its own; what still runs in it is stopped at the end.
pub(crate) struct Yard {
    pub(crate) directory: TempDir,
    pub(crate) machines: Machines,
}

impl Yard {
    pub(crate) fn new() -> Self {
        Self::with_keeper(&[])
    }

    /// With further arguments for the keeper.
    pub(crate) fn with_keeper(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let keeper = std::iter::once(example("keeper").to_string_lossy().into_owned())
            .chain(arguments.iter().map(|&argument| argument.to_owned()));
        let machines = Machines::open(&directory.path().join("machines"), keeper).expect("opened");
        Self {
            directory,
            machines,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A one-off run of a shell script.
    pub(crate) fn script(&self, script: &str) -> MachineSpec {
        self.spec(&["/bin/sh", "-c", script])
    }

    /// A one-off run of a command.
    pub(crate) fn spec(&self, command: &[&str]) -> MachineSpec {
        MachineSpec {
            id: MachineId::new(1, "test", 1),
            app: "test".to_owned(),
            release: 1,
            group: "test".to_owned(),
            command: command.iter().map(|&word| word.to_owned()).collect(),
            directory: self.directory.path().to_owned(),
            env: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
            port: None,
            routed: false,
            checks: Vec::new(),
            restart: RestartPolicy::No,
            kill_signal: 15,
            kill_timeout: Duration::from_secs(30),
            timeout: None,
            memory_limit: None,
            secrets: shipgate_release::Secrets::default(),
        }
    }

    /// Writes a file with a mode.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode set");
        path
    }

    /// All text the machine wrote to both streams, without notes.
    pub(crate) fn output(&self, id: &MachineId) -> Vec<String> {
        let lines = self.machines.log(id).read_all().expect("readable");
        lines
            .iter()
            .filter(|line| line.stream != shipgate_runtime::log::Stream::Note)
            .map(|line| line.text().into_owned())
            .collect()
    }

    /// Waits for the machine to write a line that begins with `start`, and
    /// gives its rest.
    pub(crate) async fn says(&self, id: &MachineId, start: &str) -> String {
        let log = self.machines.log(id);
        let mut follow = log.follow(
            shipgate_runtime::log::Position::default(),
            self.machines.changes(id),
        );
        within(async {
            while let Some(line) = follow.next().await.expect("readable") {
                if let Some(rest) = line.text().strip_prefix(start) {
                    return rest.trim().to_owned();
                }
            }
            panic!("the machine ended without saying {start:?}");
        })
        .await
    }
}

impl Drop for Yard {
    /// No test leaves a process behind, not even one that failed. Keepers end
    /// by themselves when the directory is deleted after this.
    fn drop(&mut self) {
        for id in self.machines.list().unwrap_or_default() {
            for pid in self.machines.processes(&id).unwrap_or_default() {
                kill(pid, rustix::process::Signal::KILL);
            }
        }
    }
}

/// Waits for a future that must come true.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it takes too long")
}

/// Waits for a state for which `wanted` gives something.
pub(crate) async fn state<T>(
    mut changes: Changes,
    mut wanted: impl FnMut(&State) -> Option<T>,
) -> T {
    within(async {
        loop {
            let state = changes.next().await.expect("readable");
            if let Some(found) = wanted(&state) {
                return found;
            }
        }
    })
    .await
}

/// Waits for `true_now` to become true.
pub(crate) async fn until(mut true_now: impl FnMut() -> bool) {
    within(async {
        while !true_now() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// Whether a process of this number runs (a zombie does not).
pub(crate) fn runs(pid: i32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    !after_name.trim_start().starts_with('Z')
}

pub(crate) fn kill(pid: i32, signal: rustix::process::Signal) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// One of this crate's examples, which cargo builds before its tests.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let profile = test.ancestors().nth(2).expect("target/debug");
    let path = profile.join("examples").join(name);
    let built = Path::exists(&path);
    assert!(
        built,
        "build it first: cargo build -p shipgate-runtime --examples"
    );
    path
}

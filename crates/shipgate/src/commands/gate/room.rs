//! Where the machines of gates lie: their logs, and what is left of gates that died.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::process::{getpid, getuid};
use sha2::{Digest, Sha256};
use shipgate_database::{DatabaseUrl, LockName};
use shipgate_release::machine::MachineId;
use shipgate_runtime::process::{MachineError, Machines};
use shipgate_server::machine_failure;

use crate::error::CliError;
use crate::printer::Printer;
use crate::wiring::keeper;

/// The directory within a state directory.
const NAME: &str = "gates";

/// How many ended machines, and so logs, are kept.
const KEPT: usize = 10;

/// The machines of the gates of one lock.
pub(super) struct Room {
    pub(super) machines: Machines,
    /// Begins the names of this lock's machines.
    prefix: String,
}

impl Room {
    /// In the state directory that is named, else in the project's, else in a
    /// private one for temporary files.
    pub(super) fn open(
        state: Option<&Path>,
        project: &Path,
        database: &DatabaseUrl,
        lock: &LockName,
    ) -> Result<Self, CliError> {
        let keeper = keeper::command_while(getpid().as_raw_nonzero().get())?;
        let open = |root: &Path| {
            let machines = Machines::open(root, keeper.clone())?;
            let is_ours = fs::metadata(root).is_ok_and(|found| found.uid() == getuid().as_raw());
            Ok::<_, MachineError>((machines.is_private()? && is_ours).then_some(machines))
        };
        let mut roots = Vec::new();
        match state {
            Some(state) => roots.push(state.join(NAME)),
            None => {
                let own = project.join(".shipgate");
                if own.is_dir() {
                    roots.push(own.join(NAME));
                }
                roots.push(temporary());
            }
        }
        let mut refused = None;
        for root in &roots {
            match open(root) {
                Ok(Some(machines)) => {
                    return Ok(Self {
                        machines,
                        prefix: format!("gate-{}-", fingerprint(database, lock)),
                    });
                }
                Ok(None) => refused = Some(not_private(root)),
                Err(error) => refused = Some(machine_failure(&error).into()),
            }
        }
        let error = refused.unwrap_or_else(|| not_private(&temporary()));
        Err(error.with_hint(
            "`--state` names a directory that this user may write and nobody else reads",
        ))
    }

    /// What the names of all machines of this lock begin with.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A name for the next machine.
    pub(super) fn tag(&self) -> Result<MachineId, CliError> {
        let name = format!(
            "{}{}-{}",
            self.prefix,
            Timestamp::now().as_microsecond(),
            std::process::id()
        );
        MachineId::parse(&name)
            .ok_or_else(|| CliError::new("internal", format!("{name} names no machine")))
    }

    /// Stops what gates of this database that died have left running. Called
    /// with the lock held, so that no living gate is meant.
    pub(super) async fn clear_orphans(&self, printer: &Printer) -> Result<(), CliError> {
        for tag in self.own()? {
            let state = self.machines.state(&tag);
            if !state.is_ok_and(|state| state.is_live()) {
                continue;
            }
            printer.warn(&format!(
                "the command of a gate that died still runs ({tag}); it is stopped first"
            ));
            self.machines
                .stop(&tag)
                .await
                .map_err(|error| machine_failure(&error))?;
        }
        Ok(())
    }

    /// Deletes the environment of a command that has ended: the log is kept, and
    /// nobody starts it again.
    pub(super) fn forget_environment(&self, tag: &MachineId) {
        let spec = self.machines.root().join(tag.as_str()).join("spec.json");
        // If it stays, it is still this user's alone.
        let _ = fs::remove_file(spec);
    }

    /// Deletes the oldest logs.
    pub(super) async fn tidy(&self) {
        let Ok(mut tags) = self.own() else { return };
        // The names are as old as their times are small.
        tags.sort();
        let many = tags.len().saturating_sub(KEPT);
        for tag in &tags[..many] {
            // One that still runs stays.
            let _ = self.machines.remove(tag).await;
        }
    }

    fn own(&self) -> Result<Vec<MachineId>, CliError> {
        let mut tags = self
            .machines
            .list()
            .map_err(|error| machine_failure(&error))?;
        tags.retain(|tag| tag.as_str().starts_with(&self.prefix));
        Ok(tags)
    }
}

fn temporary() -> PathBuf {
    let name = format!("shipgate-{}", getuid().as_raw());
    std::env::temp_dir().join(name).join(NAME)
}

fn not_private(root: &Path) -> CliError {
    CliError::new(
        "state-readable",
        format!(
            "the directory {} is not this user's alone, and environments would be readable in it",
            root.display()
        ),
    )
}

/// Tells databases and their locks apart without telling anything about them.
fn fingerprint(database: &DatabaseUrl, lock: &LockName) -> String {
    let sum = Sha256::digest(format!("{lock} {}", database.absolute()));
    sum.iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// How often the kernel killed a process of this process's control group for
/// its memory; zero where that cannot be known. A container's limit is kept there.
pub(super) fn memory_kills() -> u64 {
    let Ok(groups) = fs::read_to_string("/proc/self/cgroup") else {
        return 0;
    };
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"));
    let root = Path::new("/sys/fs/cgroup");
    let group = root.join(path.unwrap_or_default().trim_start_matches('/'));
    [group.as_path(), root]
        .iter()
        .find_map(|group| fs::read_to_string(group.join("memory.events")).ok())
        .map_or(0, |events| kills_in(&events))
}

fn kills_in(events: &str) -> u64 {
    events
        .lines()
        .find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::kills_in;

    #[test]
    fn the_kernel_s_count_is_read() {
        assert_eq!(
            kills_in("low 0\nhigh 0\nmax 7\noom 2\noom_kill 3\noom_group_kill 1\n"),
            3
        );
        assert_eq!(kills_in(""), 0);
    }
}

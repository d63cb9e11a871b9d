//! Control groups, as far as a machine needs one: a memory limit whose breach
//! can be proven, and a list of its processes that none can leave.
//!
//! Formats: cgroups(7), proc_pid_mountinfo(5), and the kernel's
//! `cgroup-v2.rst` and `cgroup-v1/memory.rst`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use shipgate_release::machine::MachineId;

use crate::process::identity::ProcessId;

/// What the names of all machines' groups begin with.
const PREFIX: &str = "shipgate-";

/// The name of a machine's group.
pub(crate) fn name(id: &MachineId, keeper: ProcessId) -> String {
    format!("{PREFIX}{id}-{}", keeper.pid)
}

/// A group of its own for one machine.
#[derive(Debug)]
pub(crate) struct Cgroup {
    path: PathBuf,
    /// The keeper's own group, to which it returns.
    home: PathBuf,
    /// The file with the `oom_kill` counter, where there is a limit.
    counter: Option<PathBuf>,
    /// Whether the kernel kills all of the group at once.
    whole: bool,
}

/// A mounted hierarchy, and this process's place in it.
#[derive(Debug, PartialEq, Eq)]
struct Hierarchy {
    version: Version,
    mount: PathBuf,
    own: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    /// Version 1, the memory controller's hierarchy.
    Memory,
    /// Version 2.
    Unified,
}

impl Cgroup {
    /// Makes a group named `name` with a memory limit in bytes; `None` where
    /// that is not to be had.
    pub(crate) fn limited(name: &str, limit: u64) -> Option<Self> {
        let hierarchies = hierarchies();
        let of = |version| {
            hierarchies
                .iter()
                .find(move |found| found.version == version)
        };
        // A group of version 2 may limit memory only where its parent hands
        // the controller on; that may be some way up.
        let unified = of(Version::Unified).and_then(|unified| {
            unified
                .own
                .ancestors()
                .take_while(|parent| parent.starts_with(&unified.mount))
                .find_map(|parent| Self::unified(&unified.own, parent, name, limit))
        });
        unified.or_else(|| Self::memory(&of(Version::Memory)?.own, name, limit))
    }

    /// Makes a group named `name` that limits nothing; `None` where that is
    /// not to be had.
    pub(crate) fn unlimited(name: &str) -> Option<Self> {
        let hierarchies = hierarchies();
        [Version::Unified, Version::Memory]
            .into_iter()
            .filter_map(|version| hierarchies.iter().find(|found| found.version == version))
            .find_map(|found| Self::plain(&found.own, name))
    }

    fn plain(home: &Path, name: &str) -> Option<Self> {
        let group = Self {
            path: home.join(name),
            home: home.to_owned(),
            counter: None,
            whole: false,
        };
        sweep(home);
        fs::create_dir(&group.path).ok()?;
        group.usable()
    }

    fn unified(home: &Path, parent: &Path, name: &str, limit: u64) -> Option<Self> {
        let mut group = Self::plain(parent, name)?;
        group.home = home.to_owned();
        group.whole = true;
        group.counter = Some(group.path.join("memory.events"));
        let set = write(&group.path.join("memory.max"), &limit.to_string());
        // Without them the limit still holds for memory proper.
        let _ = write(&group.path.join("memory.swap.max"), "0");
        let _ = write(&group.path.join("memory.oom.group"), "1");
        group.usable().filter_or_remove(set.is_ok())
    }

    fn memory(home: &Path, name: &str, limit: u64) -> Option<Self> {
        let mut group = Self::plain(home, name)?;
        let limit = limit.to_string();
        group.counter = Some(group.path.join("memory.oom_control"));
        let set = write(&group.path.join("memory.limit_in_bytes"), &limit);
        let _ = write(&group.path.join("memory.memsw.limit_in_bytes"), &limit);
        group.usable().filter_or_remove(set.is_ok())
    }

    /// Itself, if the keeper can go in and come back.
    fn usable(self) -> Option<Self> {
        let writable = |group: &Path| {
            fs::OpenOptions::new()
                .write(true)
                .open(group.join("cgroup.procs"))
                .is_ok()
        };
        let usable = writable(&self.path) && writable(&self.home);
        Some(self).filter_or_remove(usable)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a breach of the limit ends all of the machine by itself.
    pub(crate) fn kills_whole(&self) -> bool {
        self.whole
    }

    /// Moves this process in, so that what it starts is born there. Whether
    /// that worked.
    pub(crate) fn enter(&self) -> bool {
        write(&self.path.join("cgroup.procs"), "0").is_ok()
    }

    /// Moves processes in that were started outside.
    pub(crate) fn adopt(&self, pids: impl IntoIterator<Item = i32>) {
        for pid in pids {
            // One that has just ended need not be moved.
            let _ = write(&self.path.join("cgroup.procs"), &pid.to_string());
        }
    }

    /// Moves this process back to where it came from.
    pub(crate) fn leave(&self) {
        // It was writable at creation; if it no longer is, the keeper stays
        // in: a few hundred kilobytes of the machine's limit.
        let _ = write(&self.home.join("cgroup.procs"), "0");
    }

    /// How many processes of the group were killed for memory so far.
    pub(crate) fn memory_kills(&self) -> u64 {
        self.counter
            .as_ref()
            .and_then(|path| fs::read_to_string(path).ok())
            .and_then(|text| {
                text.lines()
                    .find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
            })
            .unwrap_or(0)
    }
}

/// Keeps a group that fits, deletes one that does not.
trait FilterOrRemove {
    fn filter_or_remove(self, fits: bool) -> Self;
}

impl FilterOrRemove for Option<Cgroup> {
    fn filter_or_remove(self, fits: bool) -> Self {
        match self {
            Some(group) if !fits => {
                let _ = fs::remove_dir(&group.path);
                None
            }
            other => other,
        }
    }
}

/// The processes in the group at `path`; none if it is gone.
pub(crate) fn processes(path: &Path) -> Vec<i32> {
    fs::read_to_string(path.join("cgroup.procs"))
        .map(|text| text.lines().filter_map(|line| line.parse().ok()).collect())
        .unwrap_or_default()
}

/// Kills all processes of the group at once, where the kernel can.
pub(crate) fn kill(path: &Path) {
    let _ = write(&path.join("cgroup.kill"), "1");
}

/// Deletes the group at `path`, whose processes are gone.
pub(crate) fn remove(path: &Path) {
    // The kernel lets go of the last process a moment after it was reaped.
    for _ in 0..50 {
        match fs::remove_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                thread::sleep(Duration::from_millis(2));
            }
            _ => return,
        }
    }
}

/// Deletes empty groups in `parent` whose keeper was killed. A group's name
/// ends with the number of its keeper.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let keeper = name
            .to_str()
            .filter(|name| name.starts_with(PREFIX))
            .and_then(|name| name.rsplit('-').next()?.parse().ok());
        if keeper.is_some_and(|pid| ProcessId::of(pid).is_none()) {
            // Fails while anything is in it.
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// Control files take a value in one write and are never created.
fn write(path: &Path, value: &str) -> io::Result<()> {
    use std::io::Write;
    fs::OpenOptions::new()
        .write(true)
        .open(path)?
        .write_all(value.as_bytes())
}

fn hierarchies() -> Vec<Hierarchy> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    parse(&read("/proc/self/mountinfo"), &read("/proc/self/cgroup"))
}

fn parse(mounts: &str, groups: &str) -> Vec<Hierarchy> {
    mounts
        .lines()
        .filter_map(|line| {
            let (head, tail) = line.split_once(" - ")?;
            let mut tail = tail.split(' ');
            let kind = tail.next()?;
            let options = tail.nth(1)?;
            let version = match kind {
                "cgroup2" => Version::Unified,
                "cgroup" if options.split(',').any(|option| option == "memory") => Version::Memory,
                _ => return None,
            };
            let mut fields = head.split(' ').skip(3);
            let root = fields.next()?;
            let mount = PathBuf::from(fields.next()?);
            let place = place(groups, version)?;
            // What is mounted may be only a part of the hierarchy.
            let below = Path::new(place).strip_prefix(root).ok()?;
            let own = mount.join(below);
            Some(Hierarchy {
                version,
                mount,
                own,
            })
        })
        .collect()
}

/// This process's place in a hierarchy, from `/proc/self/cgroup`.
fn place(groups: &str, version: Version) -> Option<&str> {
    groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let controllers = fields.next()?;
        let place = fields.next()?;
        let matches = match version {
            Version::Unified => controllers.is_empty(),
            Version::Memory => controllers.split(',').any(|name| name == "memory"),
        };
        matches.then_some(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID_MOUNTS: &str = "\
30 20 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/memory rw,relatime shared:10 - cgroup cgroup rw,memory
33 30 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";

    #[test]
    fn both_versions_are_found_side_by_side() {
        let groups = "4:memory:/jobs/a\n1:cpu,cpuacct:/\n0::/\n";
        let found = parse(HYBRID_MOUNTS, groups);
        assert_eq!(
            found,
            [
                Hierarchy {
                    version: Version::Memory,
                    mount: PathBuf::from("/sys/fs/cgroup/memory"),
                    own: PathBuf::from("/sys/fs/cgroup/memory/jobs/a"),
                },
                Hierarchy {
                    version: Version::Unified,
                    mount: PathBuf::from("/sys/fs/cgroup/unified"),
                    own: PathBuf::from("/sys/fs/cgroup/unified/"),
                },
            ]
        );
    }

    #[test]
    fn a_mounted_part_of_a_hierarchy_is_entered_at_the_right_depth() {
        let mounts = "32 30 0:28 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw,nsdelegate\n";
        let found = parse(mounts, "0::/docker/abc/app\n");
        assert_eq!(found[0].own, PathBuf::from("/sys/fs/cgroup/app"));
        assert_eq!(parse(mounts, "0::/elsewhere\n"), []);
    }

    #[test]
    fn without_control_groups_there_is_nothing() {
        assert_eq!(parse("20 1 8:1 / / rw - ext4 /dev/sda1 rw\n", ""), []);
    }
}

//! The processes of a machine whose keeper is gone.
//!
//! The keeper is the leader of a session of its own, and everything the
//! command starts stays in that session unless it leaves it on purpose; those
//! that left are found as descendants, or by the machine's control group.

use std::collections::BTreeSet;

use super::identity::{ProcessId, boot_id};
use super::keeper::cgroup;
use super::procfs::{self, Stat};
use super::record::{Phase, Record};

/// Everything of the machine that still runs, the keeper excluded.
pub(crate) fn living(record: &Record) -> Vec<ProcessId> {
    if record.boot != boot_id() {
        return Vec::new();
    }
    let everyone = procfs::all();
    let keeper = record.keeper;
    // A leader of that number that is not the keeper heads someone else's
    // session: then none of the machine's own is left in it.
    let foreign = everyone
        .iter()
        .any(|process| process.pid == keeper.pid && process.id() != keeper);
    let in_session = |process: &&Stat| {
        !foreign
            && process.session == keeper.pid
            && process.pid != keeper.pid
            && process.started >= keeper.started
    };
    let mut roots: BTreeSet<i32> = everyone
        .iter()
        .filter(in_session)
        .map(|process| process.pid)
        .collect();
    if let Phase::Running { command, .. } = &record.phase
        && command.is_alive()
    {
        roots.insert(command.pid);
    }
    if let Some(path) = &record.cgroup {
        roots.extend(
            cgroup::processes(path)
                .into_iter()
                .filter(|pid| *pid != keeper.pid),
        );
    }
    if !foreign && keeper.is_alive() {
        let children = procfs::descendants(&everyone, &[keeper.pid]);
        roots.extend(children.iter().map(|process| process.pid));
    }
    let roots: Vec<i32> = roots.into_iter().collect();
    let mut found: Vec<ProcessId> = procfs::descendants(&everyone, &roots)
        .iter()
        .map(Stat::id)
        .collect();
    found.extend(
        everyone
            .iter()
            .filter(|process| roots.contains(&process.pid))
            .map(Stat::id),
    );
    found.sort_unstable_by_key(|process| process.pid);
    found
}

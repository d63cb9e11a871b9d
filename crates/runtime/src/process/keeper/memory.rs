//! The memory limit of a machine.

use std::path::Path;
use std::time::{Duration, Instant};

use super::MemoryControl;
use super::cgroup::Cgroup;
use super::family::Family;
use crate::process::procfs::Stat;
use crate::process::usage;

/// How often the size of a machine is asked for without a control group.
const SAMPLE: Duration = Duration::from_millis(100);

/// How often the counter of a control group is looked at whose kernel kills
/// one process of the machine and lets the others go on.
const COUNT: Duration = Duration::from_secs(1);

/// Who watches the limit, if there is one.
#[derive(Debug)]
pub(crate) struct Memory {
    limit: Option<u64>,
    cgroup: Option<Cgroup>,
    /// The counter at the beginning of this run.
    kills_before: u64,
    next_look: Option<Instant>,
}

impl Memory {
    /// Prepares a limit in bytes, in a group named `name` where there can be
    /// one.
    pub(crate) fn new(name: &str, limit: Option<u64>, control: MemoryControl) -> Self {
        let kernel = control == MemoryControl::Kernel;
        Self {
            limit,
            cgroup: limit
                .filter(|_| kernel)
                .and_then(|limit| Cgroup::limited(name, limit)),
            kills_before: 0,
            next_look: None,
        }
    }

    /// The control group that keeps the limit.
    pub(crate) fn cgroup(&self) -> Option<&Path> {
        self.cgroup.as_ref().map(Cgroup::path)
    }

    /// Runs `start` so that what it starts is subject to the limit.
    pub(crate) fn begin<T>(&mut self, start: impl FnOnce() -> T) -> T {
        // A group that cannot be entered keeps no limit; sampling does.
        self.cgroup = self.cgroup.take().filter(Cgroup::enter);
        self.kills_before = self.kills();
        let started = start();
        if let Some(cgroup) = &self.cgroup {
            cgroup.leave();
        }
        self.next_look = self.pace().map(|pace| Instant::now() + pace);
        started
    }

    /// When to call [`Memory::is_exceeded`] again.
    pub(crate) fn next_look(&self) -> Option<Instant> {
        self.next_look
    }

    /// Whether the machine went over its limit in this run.
    pub(crate) fn is_exceeded(&mut self, family: &Family) -> bool {
        let Some(limit) = self.limit else {
            return false;
        };
        let now = Instant::now();
        if self.next_look.is_none_or(|look| now < look) {
            return false;
        }
        self.next_look = self.pace().map(|pace| now + pace);
        if self.cgroup.is_some() {
            return self.was_killed();
        }
        let members = family.members();
        // Resident sets count shared pages once for each process, so they
        // are an upper bound, and cheap; only beyond it the true size counts.
        let bound: u64 = members.iter().map(usage::resident).sum();
        bound > limit && usage::memory(&members) > limit
    }

    /// Whether the kernel killed any process of the machine for its memory
    /// since the run began.
    pub(crate) fn was_killed(&self) -> bool {
        self.kills() > self.kills_before
    }

    fn kills(&self) -> u64 {
        self.cgroup.as_ref().map_or(0, Cgroup::memory_kills)
    }

    fn pace(&self) -> Option<Duration> {
        self.limit?;
        match &self.cgroup {
            Some(cgroup) if cgroup.kills_whole() => None,
            Some(_) => Some(COUNT),
            None => Some(SAMPLE),
        }
    }

    /// The proof that is shown for a breach.
    pub(crate) fn proof(&self, members: &[Stat]) -> String {
        let limit = self.limit.unwrap_or_default();
        match &self.cgroup {
            Some(cgroup) => format!(
                "the kernel killed {} process(es) of {} at its limit of {limit} bytes",
                self.kills().saturating_sub(self.kills_before),
                cgroup.path().display()
            ),
            None => format!(
                "{} bytes were in use, the limit is {limit} bytes",
                usage::memory(members)
            ),
        }
    }
}

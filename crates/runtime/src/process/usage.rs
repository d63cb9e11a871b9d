//! What a machine uses.

use std::time::Duration;

use super::identity::ProcessId;
use super::procfs::{self, Stat};

/// Memory and processor time of a machine's processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// How many processes run.
    pub processes: usize,
    /// Memory in bytes, shared pages counted once where the system tells.
    pub memory: u64,
    /// User and system time of the processes that still run.
    pub cpu: Duration,
}

impl Usage {
    pub(crate) fn of(processes: &[ProcessId]) -> Option<Self> {
        let stats: Vec<Stat> = processes
            .iter()
            .filter_map(|process| Stat::read(process.pid).filter(|stat| stat.id() == *process))
            .collect();
        let ticks: u64 = stats.iter().map(|stat| stat.cpu_ticks).sum();
        let per_second = rustix::param::clock_ticks_per_second().max(1);
        (!stats.is_empty()).then(|| Self {
            processes: stats.len(),
            memory: memory(&stats),
            cpu: Duration::from_millis(ticks * 1000 / per_second),
        })
    }
}

/// Memory of `processes` in bytes: their proportional shares, or, for those
/// that do not show theirs, the whole resident set.
pub(crate) fn memory(processes: &[Stat]) -> u64 {
    processes
        .iter()
        .map(|stat| procfs::proportional_memory(stat.pid).unwrap_or_else(|| resident(stat)))
        .sum()
}

/// The resident set of one process in bytes, shared pages included.
pub(crate) fn resident(stat: &Stat) -> u64 {
    stat.resident_pages * rustix::param::page_size() as u64
}

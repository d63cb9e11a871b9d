//! Processes as `/proc` shows them.
//!
//! Format: proc_pid_stat(5). The command name stands in parentheses and may
//! itself contain blanks and parentheses, so fields are counted from the last
//! closing one.

use std::collections::HashSet;
use std::fs;

use super::identity::ProcessId;

/// The fields of `/proc/PID/stat` that matter here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) pid: i32,
    pub(crate) name: String,
    pub(crate) state: char,
    pub(crate) parent: i32,
    pub(crate) session: i32,
    /// User and system time in clock ticks.
    pub(crate) cpu_ticks: u64,
    /// Start time in clock ticks since boot.
    pub(crate) started: u64,
    /// Resident set in pages.
    pub(crate) resident_pages: u64,
}

impl Stat {
    /// Reads one process; `None` if it is gone.
    pub(crate) fn read(pid: i32) -> Option<Self> {
        let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(&String::from_utf8_lossy(&text))
    }

    fn parse(text: &str) -> Option<Self> {
        let open = text.find('(')?;
        let close = text.rfind(')')?;
        let pid = text.get(..open)?.trim().parse().ok()?;
        let name = text.get(open + 1..close)?.to_owned();
        let fields: Vec<&str> = text.get(close + 1..)?.split_ascii_whitespace().collect();
        // Field 3 of the manual is fields[0].
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        let signed = |field: usize| fields.get(field - 3)?.parse::<i32>().ok();
        Some(Self {
            pid,
            name,
            state: fields.first()?.chars().next()?,
            parent: signed(4)?,
            session: signed(6)?,
            cpu_ticks: number(14)?.saturating_add(number(15)?),
            started: number(22)?,
            resident_pages: number(24)?,
        })
    }

    pub(crate) fn id(&self) -> ProcessId {
        ProcessId {
            pid: self.pid,
            started: self.started,
        }
    }

    /// Whether it has ended and only waits to be reaped.
    pub(crate) fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// All processes that are alive and visible.
pub(crate) fn all() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Stat::read)
        .filter(|stat| !stat.is_dead())
        .collect()
}

/// The living children of `roots`, their children, and so on; without `roots`.
pub(crate) fn descendants(everyone: &[Stat], roots: &[i32]) -> Vec<Stat> {
    let mut family: HashSet<i32> = roots.iter().copied().collect();
    let mut found = Vec::new();
    loop {
        let before = found.len();
        for process in everyone {
            if family.contains(&process.parent) && family.insert(process.pid) {
                found.push(process.clone());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// Memory that only this process pays for plus its share of what it shares,
/// in bytes (`Pss` of `smaps_rollup`); `None` where it may not be read.
pub(crate) fn proportional_memory(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kilobytes: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32, parent: i32) -> Stat {
        Stat {
            pid,
            name: String::new(),
            state: 'S',
            parent,
            session: 1,
            cpu_ticks: 0,
            started: 0,
            resident_pages: 0,
        }
    }

    #[test]
    fn a_name_with_blanks_and_parentheses_does_not_shift_the_fields() {
        let line = "77 (a) b (c) S 5 6 7 0 -1 4194560 1 2 3 4 10 20 0 0 20 0 1 0 4242 1000 321 \
                    18446744073709551615 1 1\n";
        let stat = Stat::parse(line).expect("a valid line");
        assert_eq!((stat.pid, stat.parent, stat.session), (77, 5, 7));
        assert_eq!(stat.name, "a) b (c");
        assert_eq!(
            (stat.cpu_ticks, stat.started, stat.resident_pages),
            (30, 4242, 321)
        );
    }

    #[test]
    fn this_test_finds_itself() {
        let own = Stat::read(std::process::id().cast_signed()).expect("/proc is mounted");
        assert!(!own.is_dead());
        assert!(all().iter().any(|stat| stat.id() == own.id()));
    }

    #[test]
    fn descendants_are_found_whatever_the_order_of_numbers() {
        let everyone = [
            process(30, 40),
            process(40, 20),
            process(20, 10),
            process(50, 1),
        ];
        let mut found: Vec<i32> = descendants(&everyone, &[10])
            .iter()
            .map(|stat| stat.pid)
            .collect();
        found.sort_unstable();
        assert_eq!(found, [20, 30, 40]);
    }
}

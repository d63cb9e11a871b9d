//! Ports of machines on 127.0.0.1.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;

use crate::process::procfs;

/// The ports machines are given: below the range from which the system takes
/// ports for outgoing connections.
pub const RANGE: RangeInclusive<u16> = 20_000..=29_999;

/// No port of the range is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("every port from {} to {} on 127.0.0.1 is taken", RANGE.start(), RANGE.end())]
pub struct NoFreePort;

/// A port on 127.0.0.1 on which nothing listens and that is not in `taken`.
///
/// The search begins anywhere in the range, so two that search at the same
/// time rarely find the same one. It stays free only until someone takes it.
///
/// # Errors
/// All ports are taken.
pub fn find_free(taken: &BTreeSet<u16>) -> Result<u16, NoFreePort> {
    let count = u64::from(RANGE.end() - RANGE.start()) + 1;
    let offset = u16::try_from(RandomState::new().hash_one(0) % count).unwrap_or_default();
    let begin = RANGE.start() + offset;
    (begin..=*RANGE.end())
        .chain(*RANGE.start()..begin)
        .find(|port| !taken.contains(port) && is_free(*port))
        .ok_or(NoFreePort)
}

/// Whether something could listen on 127.0.0.1 at this port now.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Who listens on `port`, as `name (pid N)`; `None` if that cannot be seen.
pub(crate) fn holder(port: u16) -> Option<String> {
    let sockets: HashSet<u64> = listening()
        .into_iter()
        .filter(|(listening, _)| *listening == port)
        .map(|(_, socket)| socket)
        .collect();
    let owner = procfs::all()
        .into_iter()
        .filter(|process| sockets_of(process.pid).any(|socket| sockets.contains(&socket)))
        // Its children hold it too, if only until they execute something.
        .min_by_key(|process| (process.started, process.pid))?;
    Some(format!("{} (pid {})", owner.name, owner.pid))
}

/// The ports on which any of `pids` listens, in order.
pub(crate) fn listened_to_by(pids: &[i32]) -> BTreeSet<u16> {
    let held: HashSet<u64> = pids.iter().flat_map(|pid| sockets_of(*pid)).collect();
    listening()
        .into_iter()
        .filter(|(_, socket)| held.contains(socket))
        .map(|(port, _)| port)
        .collect()
}

/// Every listening TCP socket: its port and its inode.
fn listening() -> Vec<(u16, u64)> {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .flat_map(|text| text.lines().filter_map(listener).collect::<Vec<_>>())
        .collect()
}

/// One line of `/proc/net/tcp`, if that socket listens (state `0A`).
fn listener(line: &str) -> Option<(u16, u64)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let (_, port) = fields.get(1)?.rsplit_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    (*fields.get(3)? == "0A").then_some((port, fields.get(9)?.parse().ok()?))
}

/// The inodes of the sockets a process holds.
fn sockets_of(pid: i32) -> impl Iterator<Item = u64> {
    fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let target = fs::read_link(entry.ok()?.path()).ok()?;
            target
                .to_str()?
                .strip_prefix("socket:[")?
                .strip_suffix(']')?
                .parse()
                .ok()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen() -> (TcpListener, u16) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        (listener, port)
    }

    #[test]
    fn a_port_someone_listens_on_is_not_free() {
        let (listener, port) = listen();
        assert!(!is_free(port));
        drop(listener);
        assert!(is_free(port));
    }

    #[test]
    fn a_found_port_is_in_the_range_and_not_excluded() {
        let first = find_free(&BTreeSet::new()).expect("a port");
        assert!(RANGE.contains(&first));
        let all_but_one: BTreeSet<u16> = RANGE.filter(|port| *port != first).collect();
        assert_eq!(find_free(&all_but_one), Ok(first));
        assert_eq!(find_free(&RANGE.collect()), Err(NoFreePort));
    }

    #[test]
    fn who_listens_is_told_by_name_and_number() {
        let (_listener, port) = listen();
        let holder = holder(port).expect("this test listens");
        assert!(holder.ends_with(&format!("(pid {})", std::process::id())));
    }

    #[test]
    fn the_ports_of_a_process_are_found() {
        let (_listener, port) = listen();
        let own = std::process::id().cast_signed();
        assert!(listened_to_by(&[own]).contains(&port));
    }
}

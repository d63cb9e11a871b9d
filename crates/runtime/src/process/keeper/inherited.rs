//! Files that nobody meant to hand to the keeper.

use std::fs;
use std::os::fd::RawFd;

/// The first descriptor that is not one of the three standard streams.
const FIRST: RawFd = 3;

/// Closes everything but the standard streams.
///
/// What a starter was given without the mark "close on exec" (a pipe of a
/// build server, a lock of a script) would otherwise stay open as long as the
/// machine runs, and its owner would wait as long. To be called before
/// anything is opened.
pub(crate) fn close() {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return;
    };
    let open: Vec<RawFd> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|descriptor| *descriptor >= FIRST)
        .collect();
    for descriptor in open {
        // The one the directory was read through is closed already.
        let _ = nix::unistd::close(descriptor);
    }
}

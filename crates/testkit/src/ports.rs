//! Ports that no two tests are given.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which outgoing connections take theirs.
const FIRST: u16 = 10_000;
const COUNT: u16 = 9_000;

/// A free port. No other call in this process gets it; other processes begin
/// their search elsewhere.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = (std::process::id() % u32::from(COUNT)) as u16;
    let own = begin.wrapping_mul(37);
    (0..COUNT)
        .map(|_| {
            let step = NEXT.fetch_add(1, Ordering::Relaxed);
            FIRST + own.wrapping_add(step) % COUNT
        })
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .expect("a free port")
}

//! Places where a test may kill the process: the crash points of a release.
//!
//! Compiled to nothing without the feature `faults`. With it, two variables
//! steer it: `SHIPGATE_FAULT_LOG=FILE` appends the name of every point that is
//! passed; `SHIPGATE_FAULT_KILL=N` sends SIGKILL to the process itself at the
//! Nth point (from 1). So a test finds all points by running once.

#[cfg(not(feature = "faults"))]
#[inline]
pub(crate) fn fault(_point: &str) {}

#[cfg(feature = "faults")]
pub(crate) fn fault(point: &str) {
    use std::io::Write;
    use std::sync::atomic::{AtomicU64, Ordering};

    static PASSED: AtomicU64 = AtomicU64::new(0);
    let number = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
    if let Some(path) = std::env::var_os("SHIPGATE_FAULT_LOG")
        && let Ok(mut log) = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
    {
        writeln!(log, "{number} {point}").expect("the fault log can be written");
    }
    let kill = std::env::var("SHIPGATE_FAULT_KILL")
        .ok()
        .and_then(|text| text.parse::<u64>().ok());
    if kill == Some(number) {
        let own = rustix::process::getpid();
        rustix::process::kill_process(own, rustix::process::Signal::KILL)
            .expect("a process may kill itself");
    }
}

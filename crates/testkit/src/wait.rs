//! Waiting for a state instead of sleeping.

use std::thread;
use std::time::{Duration, Instant};

/// How long a state may take to come about: far more than it takes on the
/// slowest machine, for it is only waited out by a test that fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// From one look to the next.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Waits until `look` finds something.
///
/// # Panics
/// When it has found nothing for a minute; `what` says what was waited for.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::sleep(LOOK_AGAIN);
    }
}

/// Waits until something is so.
///
/// # Panics
/// As [`until`].
#[track_caller]
pub fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    until(what, || so().then_some(()));
}

//! Durations as people read them.

use std::time::Duration;

/// `740µs`, `12ms`, `1.24s`, `2m 05s`.
pub(crate) fn short(duration: Duration) -> String {
    let micros = duration.as_micros();
    if micros < 1_000 {
        format!("{micros}µs")
    } else if micros < 1_000_000 {
        format!("{}ms", micros / 1_000)
    } else if duration.as_secs() < 60 {
        format!("{:.2}s", duration.as_secs_f64())
    } else {
        in_seconds(duration)
    }
}

/// `12s`, `2m 05s`: for what is still going on.
pub(crate) fn in_seconds(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds => format!("{}m {:02}s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_keeps_two_or_three_digits() {
        let shown = |micros| short(Duration::from_micros(micros));
        assert_eq!(shown(740), "740µs");
        assert_eq!(shown(12_345), "12ms");
        assert_eq!(shown(1_240_000), "1.24s");
        assert_eq!(shown(125_000_000), "2m 05s");
    }

    #[test]
    fn what_goes_on_is_told_in_whole_seconds() {
        assert_eq!(in_seconds(Duration::from_millis(12_345)), "12s");
        assert_eq!(in_seconds(Duration::from_secs(60)), "1m 00s");
    }
}

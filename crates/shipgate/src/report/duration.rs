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
        format!(
            "{}m {:02}s",
            duration.as_secs() / 60,
            duration.as_secs() % 60
        )
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
}

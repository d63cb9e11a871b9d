//! Durations as Go writes them: `5m`, `1m30s`, `500ms`.

use std::time::Duration;

use crate::diagnostic::Complaint;

/// What a bare number means where a duration is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bare {
    /// Seconds (`kill_timeout`, and every key of our own).
    Seconds,
    /// Milliseconds (the fields of checks).
    Milliseconds,
    /// Fly takes nanoseconds, which nobody means: seconds, with a warning.
    SecondsWhereFlyTakesNanoseconds,
}

impl Bare {
    pub(crate) fn duration(self, number: u64) -> Duration {
        match self {
            Self::Milliseconds => Duration::from_millis(number),
            Self::Seconds | Self::SecondsWhereFlyTakesNanoseconds => Duration::from_secs(number),
        }
    }
}

/// Reads what Go's `time.ParseDuration` reads, except that nothing may be
/// negative.
pub(crate) fn parse(text: &str) -> Result<Duration, Complaint> {
    let wrong = || {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let hint = if digits {
            format!("write the unit, as in \"{text}s\"")
        } else {
            "a number and a unit, as in \"30s\", \"1m30s\" or \"500ms\"; units are ns, us, ms, s, m and h".to_owned()
        };
        Complaint::new(format!("`{text}` is not a duration")).hint(hint)
    };
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.starts_with('-') {
        return Err(
            Complaint::new(format!("`{text}` is negative")).hint("a duration of zero or more")
        );
    }
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let number = length(rest, |byte| byte.is_ascii_digit() || byte == b'.');
        let (number, after) = rest.split_at(number);
        let unit = length(after, |byte| !byte.is_ascii_digit() && byte != b'.');
        let (unit, after) = after.split_at(unit);
        let part = nanoseconds(number, unit).ok_or_else(wrong)?;
        total = total.checked_add(part).ok_or_else(wrong)?;
        rest = after;
    }
    // Go keeps nanoseconds in 63 bits: 292 years.
    let total = i64::try_from(total).map_err(|_| {
        Complaint::new(format!("`{text}` is longer than 292 years")).hint("a shorter duration")
    })?;
    Ok(Duration::from_nanos(total.unsigned_abs()))
}

fn length(text: &str, belongs: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| belongs(*byte)).count()
}

fn nanoseconds(number: &str, unit: &str) -> Option<u128> {
    let scale: u128 = match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let whole: u128 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let mut total = whole.checked_mul(scale)?;
    let mut place = scale;
    for digit in fraction.bytes() {
        place /= 10;
        total += u128::from(digit - b'0') * place;
    }
    Some(total)
}

/// The shortest way to write a duration: `1m30s`, `250ms`, `0s`.
pub fn show(duration: Duration) -> String {
    let nanoseconds = duration.subsec_nanos();
    let seconds = duration.as_secs();
    let mut text = String::new();
    for (count, unit) in [(seconds / 3600, "h"), (seconds % 3600 / 60, "m")] {
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    let seconds = seconds % 60;
    match (seconds, nanoseconds) {
        (0, 0) if text.is_empty() => text.push_str("0s"),
        (0, 0) => {}
        (_, 0) => text.push_str(&format!("{seconds}s")),
        (0, nanos) if nanos % 1_000_000 == 0 => text.push_str(&format!("{}ms", nanos / 1_000_000)),
        (0, nanos) if nanos % 1_000 == 0 => text.push_str(&format!("{}us", nanos / 1_000)),
        (0, nanos) => text.push_str(&format!("{nanos}ns")),
        (_, nanos) => {
            let fraction = format!("{nanos:09}");
            text.push_str(&format!("{seconds}.{}s", fraction.trim_end_matches('0')));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations_are_read() {
        for (text, milliseconds) in [
            ("5m", 300_000),
            ("1m30s", 90_000),
            ("1h2m3s", 3_723_000),
            ("1.5s", 1_500),
            (".5s", 500),
            ("250ms", 250),
            ("0", 0),
            ("+2s", 2_000),
        ] {
            assert_eq!(
                parse(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        assert_eq!(parse("3\u{b5}s"), Ok(Duration::from_micros(3)));
    }

    #[test]
    fn a_number_in_quotes_is_told_which_unit_it_lacks() {
        let complaint = parse("300").unwrap_err();
        assert_eq!(complaint.message, "`300` is not a duration");
        assert_eq!(
            complaint.hint.as_deref(),
            Some("write the unit, as in \"300s\"")
        );
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in [
            "",
            "s",
            "1",
            "1.s.",
            "1..2s",
            "-5s",
            "1d",
            "5 m",
            "1s2",
            ".s",
            "999999999h",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_duration_is_shown_in_its_largest_units() {
        for text in [
            "0s", "5m", "1m30s", "1h", "1h500ms", "250ms", "1.5s", "3us", "7ns",
        ] {
            let duration = parse(text).unwrap();
            assert_eq!(parse(&show(duration)).unwrap(), duration);
            assert_eq!(show(duration), text);
        }
    }
}

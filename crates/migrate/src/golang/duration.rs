//! `time.Duration.String`: `171.637µs`, `1.5s`, `1m2s`, `1h0m0s`.

use std::fmt;
use std::str::FromStr;

use super::Quoted;

/// A duration in nanoseconds that displays as Go's `time.Duration` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoDuration(i64);

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

impl GoDuration {
    /// A duration of so many nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The time from `start` to `end`; zero when the clock went backwards.
    #[must_use]
    pub fn between(start: jiff::Timestamp, end: jiff::Timestamp) -> Self {
        let nanos = end.as_nanosecond() - start.as_nanosecond();
        Self(i64::try_from(nanos.max(0)).unwrap_or(i64::MAX))
    }

    /// The nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        match nanos {
            0 => f.write_str("0s"),
            _ if nanos < MICROSECOND => write!(f, "{nanos}ns"),
            _ if nanos < MILLISECOND => write_decimal(f, nanos, MICROSECOND, "µs"),
            _ if nanos < SECOND => write_decimal(f, nanos, MILLISECOND, "ms"),
            _ => {
                let minutes = nanos / SECOND / 60;
                if minutes >= 60 {
                    write!(f, "{}h{}m", minutes / 60, minutes % 60)?;
                } else if minutes > 0 {
                    write!(f, "{minutes}m")?;
                }
                write_decimal(f, nanos % (60 * SECOND), SECOND, "s")
            }
        }
    }
}

/// Text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("time: invalid duration {}", Quoted(.0))]
pub struct BadDuration(String);

impl FromStr for GoDuration {
    type Err = BadDuration;

    /// Reads `10s`, `500ms`, `1h15m30.5s`, `-1s` or `0`.
    fn from_str(text: &str) -> Result<Self, BadDuration> {
        let bad = || BadDuration(text.to_owned());
        let (negative, unsigned) = match text.strip_prefix(['-', '+']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text),
        };
        if unsigned == "0" {
            return Ok(Self(0));
        }
        let mut rest = unsigned;
        let mut nanos: i128 = 0;
        while !rest.is_empty() {
            let (amount, after) = take_while(rest, |c| c.is_ascii_digit() || c == '.');
            let (name, after) = take_while(after, |c| !c.is_ascii_digit() && c != '.');
            nanos += amount_in(amount, unit(name).ok_or_else(bad)?).ok_or_else(bad)?;
            rest = after;
        }
        if unsigned.is_empty() {
            return Err(bad());
        }
        let nanos = if negative { -nanos } else { nanos };
        i64::try_from(nanos).map(Self).map_err(|_| bad())
    }
}

fn take_while(text: &str, accepted: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !accepted(c)).unwrap_or(text.len()))
}

fn unit(name: &str) -> Option<u64> {
    Some(match name {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => MICROSECOND,
        "ms" => MILLISECOND,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        _ => return None,
    })
}

/// `1.5` of a unit, in nanoseconds; what is finer than one is cut off.
fn amount_in(amount: &str, unit: u64) -> Option<i128> {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || amount.len() > 36 {
        return None;
    }
    let unit = i128::from(unit);
    let number = |digits: &str| match digits {
        "" => Some(0),
        digits => digits.parse::<i128>().ok(),
    };
    // More than 18 decimals are finer than any nanosecond.
    let fraction = &fraction[..fraction.len().min(18)];
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    number(whole)?
        .checked_mul(unit)?
        .checked_add(number(fraction)? * unit / scale)
}

/// `value / unit` with as many decimals as it takes, and the unit's name.
fn write_decimal(f: &mut fmt::Formatter<'_>, value: u64, unit: u64, name: &str) -> fmt::Result {
    write!(f, "{}", value / unit)?;
    let rest = value % unit;
    if rest != 0 {
        let width = usize::try_from(unit.ilog10()).unwrap_or_default();
        let digits = format!("{rest:0width$}");
        write!(f, ".{}", digits.trim_end_matches('0'))?;
    }
    f.write_str(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::GoDuration;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, nanos) in [
            ("10s", 10_000_000_000),
            ("500ms", 500_000_000),
            ("1h15m30.5s", 4_530_500_000_000),
            ("1.5\u{b5}s", 1_500),
            (".5s", 500_000_000),
            ("-1s", -1_000_000_000),
            ("0", 0),
        ] {
            assert_eq!(text.parse(), Ok(GoDuration::from_nanos(nanos)), "{text}");
        }
        for text in [
            "",
            "-",
            "10",
            "s",
            "1.2.3s",
            "1 s",
            "10 seconds",
            "9999999999h",
        ] {
            let error = text.parse::<GoDuration>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("time: invalid duration \"{text}\"")
            );
        }
    }

    proptest! {
        #[test]
        fn a_printed_duration_reads_back(nanos in any::<i64>()) {
            let duration = GoDuration::from_nanos(nanos);
            proptest::prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".*") {
            let _ = text.parse::<GoDuration>();
        }
    }

    #[test]
    fn durations_read_as_go_prints_them() {
        for (nanos, text) in [
            (0, "0s"),
            (7, "7ns"),
            (1_000, "1µs"),
            (171_637, "171.637µs"),
            (730_060, "730.06µs"),
            (40_742_749, "40.742749ms"),
            (1_000_000_000, "1s"),
            (1_500_000_000, "1.5s"),
            (62_000_000_000, "1m2s"),
            (3_600_000_000_000, "1h0m0s"),
            (5_405_000_000_100, "1h30m5.0000001s"),
            (-1_500_000, "-1.5ms"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(GoDuration::from_nanos(nanos).to_string(), text);
        }
    }
}

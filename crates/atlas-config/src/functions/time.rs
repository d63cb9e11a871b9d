//! Functions of times, which are texts as RFC 3339 has them.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::Table;
use super::arguments::texts;
use crate::value::Value;

pub(super) const TABLE: Table = &[
    ("formatdate", |_, values| {
        let [pattern, time] = texts(values)?;
        Time::parse(&time)?.formatted(&pattern).map(Value::String)
    }),
    ("timeadd", |_, values| {
        let [time, duration] = texts(values)?;
        let mut time = Time::parse(&time)?;
        time.local = time
            .local
            .checked_add(duration_of(&duration)?)
            .map_err(|_| "there is no such time".to_owned())?;
        time.formatted("YYYY-MM-DD'T'hh:mm:ssZ").map(Value::String)
    }),
];

/// A local time and how far it is from UTC.
struct Time {
    local: DateTime,
    /// `+02:00`, or `Z`.
    offset: String,
}

impl Time {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "no time as RFC 3339 has it: 2006-01-02T15:04:05Z".to_owned();
        let (local, offset) = match text.strip_suffix('Z') {
            Some(local) => (local, "Z"),
            None => text
                .len()
                .checked_sub(6)
                .and_then(|at| text.split_at_checked(at))
                .ok_or_else(wrong)?,
        };
        let offset_holds = offset == "Z"
            || matches!(offset.as_bytes(), [b'+' | b'-', h1, h2, b':', m1, m2]
                if [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit()));
        if !local.contains('T') || !offset_holds {
            return Err(wrong());
        }
        Ok(Self {
            local: local.parse().map_err(|_| wrong())?,
            offset: offset.to_owned(),
        })
    }

    fn formatted(&self, pattern: &str) -> Result<String, String> {
        let mut formatted = String::new();
        let mut rest = pattern;
        while let Some(first) = rest.chars().next() {
            if first == '\'' {
                rest = quoted(&rest[1..], &mut formatted)?;
                continue;
            }
            let run = rest.len() - rest.trim_start_matches(first).len();
            if first.is_ascii_alphabetic() {
                formatted.push_str(&self.part(&rest[..run])?);
            } else {
                formatted.push_str(&rest[..run]);
            }
            rest = &rest[run..];
        }
        Ok(formatted)
    }

    fn part(&self, verb: &str) -> Result<String, String> {
        let time = &self.local;
        let hour = time.hour();
        let half_day = match hour % 12 {
            0 => 12,
            hour => hour,
        };
        let named = |pattern: &str| time.strftime(pattern).to_string();
        let offset = match self.offset.as_str() {
            "Z" => "+00:00",
            offset => offset,
        };
        Ok(match verb {
            "YYYY" => named("%Y"),
            "YY" => named("%y"),
            "MMMM" => named("%B"),
            "MMM" => named("%b"),
            "MM" => named("%m"),
            "M" => time.month().to_string(),
            "DD" => named("%d"),
            "D" => time.day().to_string(),
            "EEEE" => named("%A"),
            "EEE" => named("%a"),
            "hh" => named("%H"),
            "h" => hour.to_string(),
            "HH" => format!("{half_day:02}"),
            "H" => half_day.to_string(),
            "AA" => named("%p"),
            "aa" => named("%p").to_lowercase(),
            "mm" => named("%M"),
            "m" => time.minute().to_string(),
            "ss" => named("%S"),
            "s" => time.second().to_string(),
            "ZZZZZ" => offset.to_owned(),
            "ZZZZ" => offset.replace(':', ""),
            "ZZZ" if self.offset == "Z" => "UTC".to_owned(),
            "ZZZ" => offset.replace(':', ""),
            "Z" => self.offset.clone(),
            other => {
                return Err(format!(
                    "there is no part `{other}` of a time; quote it by '"
                ));
            }
        })
    }
}

/// Adds the text up to the closing quote; a doubled quote is one.
fn quoted<'a>(mut rest: &'a str, text: &mut String) -> Result<&'a str, String> {
    loop {
        let end = rest.find('\'').ok_or("a quote is not closed")?;
        text.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                text.push('\'');
                rest = after;
            }
            None => return Ok(rest),
        }
    }
}

/// `1h30m`, `-5s`, as Go writes durations.
fn duration_of(text: &str) -> Result<SignedDuration, String> {
    let wrong = || "no duration: 1h30m, -5s".to_owned();
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(SignedDuration::ZERO);
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest
            .find(|one: char| !one.is_ascii_digit() && one != '.')
            .ok_or_else(wrong)?;
        let (number, after) = rest.split_at(digits);
        let unit_end = after
            .find(|one: char| one.is_ascii_digit() || one == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let unit = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return Err(wrong()),
        };
        seconds += number.parse::<f64>().map_err(|_| wrong())? * unit;
        rest = after;
    }
    if text.is_empty() {
        return Err(wrong());
    }
    SignedDuration::try_from_secs_f64(sign * seconds).map_err(|_| wrong())
}

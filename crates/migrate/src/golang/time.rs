//! Times: RFC 3339 with nanoseconds in JSON, and the zero time.

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// A moment, or Go's zero time when there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoTime(Option<Timestamp>);

impl GoTime {
    /// The zero time, `0001-01-01T00:00:00Z`.
    pub const ZERO: Self = Self(None);

    /// The moment, unless this is the zero time.
    #[must_use]
    pub const fn timestamp(self) -> Option<Timestamp> {
        self.0
    }
}

impl From<Timestamp> for GoTime {
    fn from(timestamp: Timestamp) -> Self {
        Self(Some(timestamp))
    }
}

impl fmt::Display for GoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(timestamp) => write!(f, "{timestamp}"),
            None => f.write_str("0001-01-01T00:00:00Z"),
        }
    }
}

impl Serialize for GoTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::GoTime;

    #[test]
    fn the_fraction_loses_its_trailing_zeros() {
        for text in [
            "2026-11-20T12:34:39.52290119Z",
            "2026-11-20T12:34:05.523325025Z",
            "2026-11-20T12:34:05Z",
            "2026-11-20T12:34:05.1Z",
        ] {
            let time = GoTime::from(text.parse::<jiff::Timestamp>().unwrap());
            assert_eq!(time.to_string(), text);
        }
        assert_eq!(GoTime::ZERO.to_string(), "0001-01-01T00:00:00Z");
    }
}

//! How a revision came into the history.

use std::fmt;

use serde::{Serialize, Serializer};

/// Bit flags of a history row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevisionKind(pub i64);

impl RevisionKind {
    /// The database stood at this version when its history began.
    pub const BASELINE: Self = Self(1);
    /// The file was executed.
    pub const EXECUTED: Self = Self(2);
    /// A person declared the version applied.
    pub const RESOLVED: Self = Self(4);

    /// Whether all flags of another kind are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The flags of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for RevisionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("baseline"),
            2 => f.write_str("applied"),
            4 => f.write_str("manually set"),
            6 => f.write_str("applied + manually set"),
            other => write!(f, "unknown ({other:04b})"),
        }
    }
}

impl Serialize for RevisionKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::RevisionKind;

    #[test]
    fn kinds_read_as_in_reports() {
        for (kind, text) in [
            (1, "baseline"),
            (2, "applied"),
            (4, "manually set"),
            (6, "applied + manually set"),
            (9, "unknown (1001)"),
            (0, "unknown (0000)"),
        ] {
            assert_eq!(RevisionKind(kind).to_string(), text);
        }
    }
}

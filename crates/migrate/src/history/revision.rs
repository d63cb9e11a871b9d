//! One row of the history.

use serde::Serialize;

use super::kind::RevisionKind;
use crate::golang::{GoDuration, GoTime};

/// One row of the history: a version the database has, wholly or in part.
///
/// Its JSON is that of `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Revision {
    /// The version; the key.
    pub version: String,
    /// The file's description.
    pub description: String,
    /// How the row came to be.
    #[serde(rename = "Type")]
    pub kind: RevisionKind,
    /// Statements done.
    pub applied: i64,
    /// Statements in the file.
    pub total: i64,
    /// When the row was first written.
    pub executed_at: GoTime,
    /// How long the execution took.
    #[serde(serialize_with = "as_nanos")]
    pub execution_time: GoDuration,
    /// The database's message of the last failure, empty if there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// The statement that failed last, empty if none did.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error_stmt: String,
    /// The file's hash in `atlas.sum`, without `h1:`; empty if it has none.
    #[serde(skip)]
    pub hash: String,
    /// One hash per statement done, only while the file is not finished.
    #[serde(skip)]
    pub partial_hashes: Vec<String>,
    /// Which program wrote the row.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub operator_version: String,
}

impl Revision {
    /// Whether the file was begun and neither finished nor declared resolved.
    ///
    /// The counts alone do not tell: a program that resumes a shortened or
    /// lengthened file without counting anew leaves them apart for ever, or
    /// equal although the last statement failed. The partial hashes do: they
    /// are there exactly while a file is not finished.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        if self.kind.has(RevisionKind::RESOLVED) || !self.kind.has(RevisionKind::EXECUTED) {
            return false;
        }
        let finished = if self.applied == self.total {
            self.error.is_empty() || self.partial_hashes.is_empty()
        } else {
            self.applied > 0 && self.error.is_empty() && self.partial_hashes.is_empty()
        };
        !finished
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde's serialize_with asks for"
)]
fn as_nanos<S: serde::Serializer>(duration: &GoDuration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(duration.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::Revision;
    use crate::golang::to_json;
    use crate::history::RevisionKind;
    use crate::testing::revision;

    fn row(applied: i64, total: i64, error: &str, hashes: &[&str]) -> Revision {
        Revision {
            applied,
            total,
            error: error.to_owned(),
            partial_hashes: hashes.iter().map(|&hash| hash.to_owned()).collect(),
            ..revision("1")
        }
    }

    #[test]
    fn a_finished_row_is_not_partial() {
        assert!(!row(2, 2, "", &[]).is_partial());
        assert!(!row(0, 0, "", &[]).is_partial());
    }

    #[test]
    fn a_row_that_stopped_in_between_is_partial() {
        assert!(row(0, 2, "", &[]).is_partial());
        assert!(row(1, 2, "", &["h1:a"]).is_partial());
        assert!(row(1, 2, "no such table: t", &["h1:a"]).is_partial());
        assert!(row(0, 1, "near \"BAD\": syntax error", &[]).is_partial());
    }

    #[test]
    fn a_failure_exactly_at_the_old_total_is_partial() {
        assert!(row(2, 2, "near \"BAD\": syntax error", &["h1:a", "h1:b"]).is_partial());
    }

    #[test]
    fn a_finished_row_whose_counts_were_left_apart_is_not_partial() {
        assert!(!row(3, 2, "", &[]).is_partial());
        assert!(!row(1, 2, "", &[]).is_partial());
    }

    #[test]
    fn a_resolved_row_is_not_partial() {
        let resolved = Revision {
            kind: RevisionKind(6),
            ..row(1, 2, "BAD", &["h1:a"])
        };
        assert!(!resolved.is_partial());
    }

    #[test]
    fn json_leaves_out_hashes_and_empty_errors() {
        assert_eq!(
            to_json(&row(1, 1, "", &[])).unwrap(),
            concat!(
                r#"{"Version":"1","Description":"a","Type":"applied","Applied":1,"Total":1,"#,
                r#""ExecutedAt":"2026-11-20T12:34:05.523325025Z","ExecutionTime":94171,"#,
                r#""OperatorVersion":"Atlas CLI - development"}"#
            )
        );
    }
}

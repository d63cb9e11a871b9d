//! Where a database stands, as `status` tells it.

use std::fmt;

use serde::Serialize;

use super::apply::FileEntry;
use super::env::Env;
use super::palette::Palette;
use crate::golang::is_empty;
use crate::history::{Drift, Revision};

/// Where a database stands. `Display` is its text, `Serialize` its JSON.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StatusReport<'a> {
    /// Database and directory.
    pub env: Env,
    /// The files of the directory; on an empty history those from the last checkpoint on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub available: Vec<FileEntry<'a>>,
    /// Files added behind the last applied one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub out_of_order: Vec<FileEntry<'a>>,
    /// Files to be executed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<FileEntry<'a>>,
    /// The history.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub applied: Vec<Revision>,
    /// The version the database stands at, or words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub current: String,
    /// The version that comes next, or words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next: String,
    /// Statements done of the half-applied file.
    #[serde(skip_serializing_if = "is_empty")]
    pub count: i64,
    /// Statements in the half-applied file; 0 if there is none.
    #[serde(skip_serializing_if = "is_empty")]
    pub total: i64,
    /// `OK` or `PENDING`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub status: &'static str,
    /// The last error.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// The statement of the last error.
    #[serde(rename = "SQL", skip_serializing_if = "String::is_empty")]
    pub sql: String,
    /// Whether the next file is a checkpoint.
    #[serde(skip)]
    pub from_checkpoint: bool,
    /// Applied files that are not what was applied.
    #[serde(skip)]
    pub drift: Drift,
    /// What else is strange about the history, one sentence each.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// The status of a database with nothing pending.
pub(crate) const OK: &str = "OK";
/// The status of a database with something pending.
pub(crate) const PENDING: &str = "PENDING";

impl StatusReport<'_> {
    /// Whether nothing is pending, half-applied or out of order.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status == OK
    }

    /// The text with colours.
    #[must_use]
    pub const fn text(&self, palette: Palette) -> StatusText<'_> {
        StatusText {
            report: self,
            palette,
        }
    }
}

impl fmt::Display for StatusReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text(Palette::Plain).fmt(f)
    }
}

/// A report's text.
#[derive(Clone, Copy, Debug)]
pub struct StatusText<'r> {
    report: &'r StatusReport<'r>,
    palette: Palette,
}

impl fmt::Display for StatusText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { report, palette } = self;
        let dashes = palette.yellow("--");
        let number = |number: i64| palette.yellow(&number.to_string());
        let partial = report.total > 0;
        let status = if report.is_ok() {
            palette.bright_green(report.status)
        } else {
            palette.yellow(report.status)
        };
        writeln!(f, "Migration Status: {status}")?;
        write!(
            f,
            "  {dashes} Current Version: {}",
            palette.cyan(&report.current)
        )?;
        if partial {
            write!(f, " ({} statements applied)", number(report.count))?;
        }
        write!(f, "\n  {dashes} Next Version:    ")?;
        if report.next.is_empty() {
            f.write_str("UNKNOWN")?;
        } else {
            f.write_str(&palette.cyan(&report.next))?;
            if report.from_checkpoint {
                f.write_str(" (checkpoint)")?;
            }
        }
        if partial {
            write!(
                f,
                " ({} statements left)",
                number(report.total - report.count)
            )?;
        }
        write!(f, "\n  {dashes} Executed Files:  {}", report.applied.len())?;
        if partial {
            f.write_str(" (last one partially)")?;
        }
        let out_of_order = report.out_of_order.len();
        let pending = report.pending.len();
        write!(
            f,
            "\n  {dashes} Pending Files:   {}",
            pending + out_of_order
        )?;
        match (out_of_order, pending) {
            (0, _) => {}
            (_, 0) => f.write_str(" (out of order)")?,
            (count, _) => write!(f, " ({count} out of order)")?,
        }
        f.write_str("\n")?;
        let has_failed = !report.sql.is_empty() || !report.error.is_empty();
        if partial && has_failed {
            writeln!(f, "\nLast migration attempt had errors:")?;
            writeln!(f, "  {dashes} SQL:   {}", report.sql)?;
            writeln!(
                f,
                "  {dashes} {} {}",
                palette.bright_red("ERROR:"),
                report.error
            )?;
        } else if !partial && out_of_order > 0 && !report.error.is_empty() {
            writeln!(f, "\n  {} {}", palette.bright_red("ERROR:"), report.error)?;
        }
        Ok(())
    }
}

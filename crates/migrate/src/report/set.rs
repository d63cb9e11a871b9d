//! What `set` changed in the history.

use std::fmt;

use serde::Serialize;

use super::palette::Palette;
use crate::history::Revision;

/// What `set` changed. `Display` is its text, empty if nothing changed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SetReport {
    /// Rows that were written.
    pub set: Vec<Revision>,
    /// Rows that were deleted.
    pub removed: Vec<Revision>,
    /// The last row now.
    pub current: Option<Revision>,
}

/// A report's text.
#[derive(Clone, Copy, Debug)]
pub struct SetText<'r> {
    report: &'r SetReport,
    palette: Palette,
}

impl SetReport {
    /// The text with colours.
    #[must_use]
    pub const fn text(&self, palette: Palette) -> SetText<'_> {
        SetText {
            report: self,
            palette,
        }
    }

    fn summary(&self) -> String {
        let parts = [(self.set.len(), "set"), (self.removed.len(), "removed")];
        parts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl fmt::Display for SetReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text(Palette::Plain).fmt(f)
    }
}

impl fmt::Display for SetText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { report, palette } = self;
        let plus = palette.bright_green("+");
        let minus = palette.bright_red("-");
        let set = report.set.iter().map(|row| (row, &plus));
        let mut rows: Vec<_> = set
            .chain(report.removed.iter().map(|row| (row, &minus)))
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        rows.sort_by_key(|(row, _)| &row.version);
        match &report.current {
            Some(current) => writeln!(
                f,
                "Current version is {} ({}):",
                palette.cyan(&current.version),
                report.summary()
            )?,
            None => writeln!(f, "All revisions deleted ({} in total):", rows.len())?,
        }
        f.write_str("\n")?;
        for (row, sign) in rows {
            write!(f, "  {sign} {}", row.version)?;
            if !row.description.is_empty() {
                write!(f, " ({})", row.description)?;
            }
            f.write_str("\n")?;
        }
        f.write_str("\n")
    }
}

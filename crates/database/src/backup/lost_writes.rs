//! What a restore would lose.

use std::fmt;

/// What was written to a table since a backup was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LostWrites {
    /// The table.
    pub table: String,
    /// Rows that are not in the backup.
    pub added: u64,
    /// Rows whose values differ from the backup's, in the columns both have.
    pub changed: u64,
    /// Rows that only the backup has.
    pub removed: u64,
    /// What numbers cannot say: `the table is not in the backup`.
    pub note: Option<String>,
}

impl LostWrites {
    pub(crate) const NEW_TABLE: &str = "the table is not in the backup";

    /// Whether the table was made since the backup was taken.
    pub fn is_of_a_new_table(&self) -> bool {
        self.note.as_deref() == Some(Self::NEW_TABLE)
    }
}

impl fmt::Display for LostWrites {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.table)?;
        let mut parts = Vec::new();
        for (number, what) in [
            (self.added, "added"),
            (self.changed, "changed"),
            (self.removed, "removed"),
        ] {
            if number > 0 {
                let rows = if parts.is_empty() {
                    if number == 1 { " row" } else { " rows" }
                } else {
                    ""
                };
                parts.push(format!("{number}{rows} {what}"));
            }
        }
        parts.extend(self.note.clone());
        f.write_str(&parts.join(", "))
    }
}

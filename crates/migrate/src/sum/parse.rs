//! Reading `atlas.sum`.

use std::borrow::Cow;

use crate::sum::compute::{Entry, total_of};
use crate::sum::conflict::{self, Conflict};

/// A checksum file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedSum<'t> {
    /// The total of the first line.
    pub total: &'t str,
    /// The files' lines.
    pub entries: Vec<Entry<'t>>,
}

/// A checksum file that cannot be read as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError {
    /// The first line that is not understood, from 1.
    pub line: usize,
    /// What a merge left in the file.
    pub conflicts: Vec<Conflict>,
}

impl<'t> RecordedSum<'t> {
    /// Reads the content of a checksum file. An empty file has an empty total.
    ///
    /// # Errors
    /// A line after the first has no `h1:`.
    pub fn parse(content: &'t str) -> Result<Self, FormatError> {
        let mut lines = content.lines();
        let total = lines.next().unwrap_or_default();
        let total = total.strip_prefix("h1:").unwrap_or(total);
        let mut entries = Vec::new();
        let mut bad_line = None;
        for (index, line) in lines.enumerate() {
            match line.split_once("h1:") {
                Some((name, hash)) => entries.push(Entry {
                    name: Cow::Borrowed(name.trim()),
                    hash: Cow::Borrowed(hash),
                }),
                None => bad_line = bad_line.or(Some(index + 2)),
            }
        }
        let conflicts = conflict::find(content);
        match bad_line.or_else(|| conflicts.first().map(|conflict| conflict.first_line)) {
            Some(line) => Err(FormatError { line, conflicts }),
            None => Ok(Self { total, entries }),
        }
    }

    /// Whether the total is that of the lines below it.
    #[must_use]
    pub fn total_holds(&self) -> bool {
        self.total == total_of(&self.entries)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};

    use super::RecordedSum;
    use crate::sum::Sum;
    use crate::testing::files;

    proptest! {
        #[test]
        fn no_content_makes_reading_panic(content in vec(any::<u8>(), 0..300)) {
            let _ = RecordedSum::parse(&String::from_utf8_lossy(&content));
        }

        #[test]
        fn what_is_written_reads_back(contents in vec("[a-z]{1,5}", 0..5)) {
            let named: Vec<(String, String)> = (1..)
                .zip(contents)
                .map(|(number, content): (i32, String)| (format!("{number}_{content}.sql"), content))
                .collect();
            let named: Vec<(&str, &str)> = named.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect();
            let sum = Sum::of(&files(&named)).unwrap();
            let written = sum.to_string();
            let read = RecordedSum::parse(&written).unwrap();
            proptest::prop_assert!(read.total_holds());
            proptest::prop_assert_eq!(read.entries, sum.entries());
        }
    }

    #[test]
    fn a_line_without_a_hash_is_named() {
        let error = RecordedSum::parse("h1:x\n1_a.sql h1:y\n\n2_b.sql h1:z\n").unwrap_err();
        assert_eq!(error.line, 3);
        assert!(error.conflicts.is_empty());
    }

    #[test]
    fn carriage_returns_at_line_ends_are_no_part_of_a_hash() {
        let sum = RecordedSum::parse("h1:x\r\n1_a.sql h1:y\r\n").unwrap();
        assert_eq!((sum.total, &*sum.entries[0].hash), ("x", "y"));
    }
}

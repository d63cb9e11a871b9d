//! Resolving a git conflict in `atlas.sum` when both sides only added files.
//!
//! Each side's checksum file is put together again from the conflict. It must
//! be whole, and its files must still be what it recorded. Then nothing was
//! edited or lost by the merge, and the checksums of all files together are
//! those of the merged directory.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::directory::{DirectoryError, File};
use crate::golang::Quoted;
use crate::sum::compute::{Entry, HashChain, Sum};
use crate::sum::conflict;
use crate::sum::parse::RecordedSum;

/// What each side of a conflict added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The side before `=======`.
    pub ours: MergedSide,
    /// The side after it.
    pub theirs: MergedSide,
}

/// One side of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergedSide {
    /// What git calls it: a branch, `HEAD`, a commit.
    pub name: String,
    /// The files only this side has.
    pub added: Vec<String>,
}

/// Why a conflict cannot be resolved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is no checksum file, or no conflict in it.
    #[error("atlas.sum has no git conflict to resolve")]
    NoConflict,
    /// A side is no checksum file.
    #[error("atlas.sum of {} is not whole; take that side's file (git checkout --ours or --theirs) and hash again", side(.0))]
    NotWhole(String),
    /// A file of a side is gone.
    #[error("{file} is in atlas.sum of {} but not in the directory; keep the files of both sides", side(.name))]
    Missing {
        /// The side.
        name: String,
        /// The file.
        file: String,
    },
    /// A file is not what a side recorded.
    #[error("{file} is not what atlas.sum of {} recorded; put it back as it was there", side(.name))]
    Edited {
        /// The side.
        name: String,
        /// The file.
        file: String,
    },
    /// A file neither side has.
    #[error(
        "{0} is in neither side's atlas.sum; hash without --merge once the conflict is resolved"
    )]
    InNeither(String),
    /// A file cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

impl From<DirectoryError> for MergeError {
    fn from(error: DirectoryError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// Checks that both sides' files are there as recorded, and says what each added.
///
/// # Errors
/// There is no conflict, or a file was edited, removed or slipped in.
pub fn merge(files: &[File], recorded: Option<&[u8]>) -> Result<Merge, MergeError> {
    let recorded = recorded.ok_or(MergeError::NoConflict)?;
    let text = String::from_utf8_lossy(recorded);
    let conflicts = conflict::find(&text);
    let first = conflicts.first().ok_or(MergeError::NoConflict)?;
    let (ours, theirs) = sides(&text);
    let ours = Side::of(&first.ours.0, &ours)?;
    let theirs = Side::of(&first.theirs.0, &theirs)?;
    for side in [&ours, &theirs] {
        side.check(files)?;
    }
    let sum = Sum::of(files)?;
    if let Some(entry) = sum
        .entries()
        .iter()
        .find(|entry| !ours.has(&entry.name) && !theirs.has(&entry.name))
    {
        return Err(MergeError::InNeither(entry.name.clone().into_owned()));
    }
    Ok(Merge {
        ours: ours.merged(&theirs),
        theirs: theirs.merged(&ours),
    })
}

/// The texts of both sides.
fn sides(text: &str) -> (String, String) {
    #[derive(PartialEq)]
    enum At {
        Both,
        Ours,
        Base,
        Theirs,
    }
    let mut at = At::Both;
    let (mut ours, mut theirs) = (String::new(), String::new());
    for line in text.lines() {
        let is = |mark: &str| {
            line.strip_prefix(mark)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        if is("<<<<<<<") {
            at = At::Ours;
        } else if is("|||||||") {
            at = At::Base;
        } else if is("=======") {
            at = At::Theirs;
        } else if is(">>>>>>>") {
            at = At::Both;
        } else {
            if matches!(at, At::Both | At::Ours) {
                ours.push_str(line);
                ours.push('\n');
            }
            if matches!(at, At::Both | At::Theirs) {
                theirs.push_str(line);
                theirs.push('\n');
            }
        }
    }
    (ours, theirs)
}

struct Side<'t> {
    name: String,
    entries: Vec<Entry<'t>>,
    names: BTreeSet<Cow<'t, str>>,
}

impl<'t> Side<'t> {
    fn of(name: &str, text: &'t str) -> Result<Self, MergeError> {
        let name = name.to_owned();
        match RecordedSum::parse(text) {
            Ok(sum) if sum.total_holds() => Ok(Self {
                names: sum.entries.iter().map(|entry| entry.name.clone()).collect(),
                entries: sum.entries,
                name,
            }),
            _ => Err(MergeError::NotWhole(name)),
        }
    }

    fn has(&self, file: &str) -> bool {
        self.names.contains(file)
    }

    /// Whether the side's files are there, as it recorded them. Files left out
    /// of the checksums feed their names: the side may have had any of them.
    fn check(&self, files: &[File]) -> Result<(), MergeError> {
        let missing = self
            .entries
            .iter()
            .find(|entry| !files.iter().any(|file| file.name() == entry.name));
        if let Some(entry) = missing {
            return Err(MergeError::Missing {
                name: self.name.clone(),
                file: entry.name.clone().into_owned(),
            });
        }
        let Some(file) = self.first_difference(files, true)? else {
            return Ok(());
        };
        match self.first_difference(files, false)? {
            None => Ok(()),
            Some(_) => Err(MergeError::Edited {
                name: self.name.clone(),
                file,
            }),
        }
    }

    fn first_difference(
        &self,
        files: &[File],
        with_ignored: bool,
    ) -> Result<Option<String>, DirectoryError> {
        let mut chain = HashChain::default();
        let mut entries = self.entries.iter();
        for file in files {
            if file.directives().sum_ignored {
                if with_ignored {
                    chain.feed(file.name().as_bytes());
                }
                continue;
            }
            if !self.has(file.name()) {
                continue;
            }
            let hash = chain.add(file)?;
            let entry = entries.next();
            if entry.is_none_or(|entry| {
                entry.name != file.name() || Some(&*entry.hash) != hash.as_deref()
            }) {
                return Ok(Some(file.name().to_owned()));
            }
        }
        Ok(None)
    }

    fn merged(&self, other: &Self) -> MergedSide {
        MergedSide {
            name: self.name.clone(),
            added: self
                .entries
                .iter()
                .map(|entry| &*entry.name)
                .filter(|name| !other.has(name))
                .map(str::to_owned)
                .collect(),
        }
    }
}

fn side(name: &str) -> String {
    match name {
        "" => "one side".to_owned(),
        name => Quoted(name).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{MergeError, merge};
    use crate::directory::File;
    use crate::sum::Sum;
    use crate::testing::files;

    const BASE: (&str, &str) = ("1_a.sql", "A;\n");
    const OURS: (&str, &str) = ("2_ours.sql", "B;\n");
    const THEIRS: (&str, &str) = ("3_theirs.sql", "C;\n");

    /// What git leaves of the two sides' checksum files.
    fn conflicted() -> String {
        let sum = |contents: &[(&str, &str)]| Sum::of(&files(contents)).unwrap().to_string();
        let ours = sum(&[BASE, OURS]);
        let theirs = sum(&[BASE, THEIRS]);
        let line = |text: &str, number: usize| text.lines().nth(number).unwrap().to_owned();
        format!(
            "<<<<<<< HEAD\n{}\n||||||| base\nh1:x\n=======\n{}\n>>>>>>> topic\n{}\n<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> topic\n",
            line(&ours, 0),
            line(&theirs, 0),
            line(&ours, 1),
            line(&ours, 2),
            line(&theirs, 2),
        )
    }

    fn merged(files: &[File]) -> Result<super::Merge, String> {
        merge(files, Some(conflicted().as_bytes())).map_err(|error| error.to_string())
    }

    #[test]
    fn both_sides_additions_are_taken() {
        let merge = merged(&files(&[BASE, OURS, THEIRS])).unwrap();
        assert_eq!(
            (merge.ours.name.as_str(), merge.ours.added),
            ("HEAD", vec![OURS.0.to_owned()])
        );
        assert_eq!(
            (merge.theirs.name.as_str(), merge.theirs.added),
            ("topic", vec![THEIRS.0.to_owned()])
        );
    }

    #[test]
    fn what_is_no_addition_is_refused_by_file() {
        for (contents, error) in [
            (
                vec![BASE, OURS],
                "3_theirs.sql is in atlas.sum of \"topic\" but not in the directory; keep the files of both sides",
            ),
            (
                vec![("1_a.sql", "X;\n"), OURS, THEIRS],
                "1_a.sql is not what atlas.sum of \"HEAD\" recorded; put it back as it was there",
            ),
            (
                vec![BASE, OURS, THEIRS, ("4_new.sql", "D;\n")],
                "4_new.sql is in neither side's atlas.sum; hash without --merge once the conflict is resolved",
            ),
        ] {
            assert_eq!(merged(&files(&contents)), Err(error.to_owned()));
        }
    }

    #[test]
    fn without_a_conflict_there_is_nothing_to_merge() {
        let files = files(&[BASE]);
        let sum = Sum::of(&files).unwrap().to_string();
        assert_eq!(
            merge(&files, Some(sum.as_bytes())),
            Err(MergeError::NoConflict)
        );
        assert_eq!(merge(&files, None), Err(MergeError::NoConflict));
    }

    #[test]
    fn a_side_that_is_not_whole_is_refused() {
        let text = conflicted().replace("=======\nh1:", "=======\nh1:A");
        let error = merge(&files(&[BASE, OURS, THEIRS]), Some(text.as_bytes())).unwrap_err();
        assert_eq!(error, MergeError::NotWhole("topic".to_owned()));
    }
}

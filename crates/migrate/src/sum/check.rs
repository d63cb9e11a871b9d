//! Comparing the recorded checksums with the files, and saying what differs.

use std::fmt;

use crate::directory::File;
use crate::sum::compute::{Entry, Sum};
use crate::sum::line_endings::differing_only_in_line_endings;
use crate::sum::parse::{FormatError, RecordedSum};

/// Why a directory's checksums cannot be trusted. The `Display` is the one-line
/// error; [`ChecksumError::notice`] is the longer text for standard output.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChecksumError {
    /// There are migrations and no checksum file.
    #[error("checksum file not found")]
    NotFound,
    /// The checksum file cannot be read as one.
    #[error("checksum file format invalid")]
    Format(FormatError),
    /// The files are not those that were recorded.
    #[error("checksum mismatch")]
    Mismatch {
        /// The first file that differs, unless the checksum file contradicts itself.
        culprit: Option<Culprit>,
        /// The files in which only the line endings differ, if that is all.
        line_endings: Option<Vec<String>>,
    },
}

/// The first file that differs from what was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Culprit {
    /// The line in the checksum file; the first file's is 2.
    pub line: usize,
    /// The file.
    pub file: String,
    /// What happened to it.
    pub kind: CulpritKind,
}

/// What happened to a file since its checksum was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CulpritKind {
    /// It is new.
    Added,
    /// Its content changed.
    Edited,
    /// It is gone.
    Removed,
}

impl fmt::Display for Culprit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            CulpritKind::Added => "added",
            CulpritKind::Edited => "edited",
            CulpritKind::Removed => "removed",
        };
        write!(f, "L{}: {} was {kind}", self.line, self.file)
    }
}

impl ChecksumError {
    /// What standard output says about it, to its last blank line.
    #[must_use]
    pub fn notice(&self) -> String {
        let culprit = match self {
            Self::Mismatch {
                culprit: Some(culprit),
                ..
            } => format!("\n\t{culprit}\n\n"),
            _ => String::new(),
        };
        format!(
            "You have a checksum error in your migration directory.\n{culprit}\
             Please check your migration files and run 'atlas migrate hash' to re-hash the contents\n\n"
        )
    }

    /// What else is known about the cause, and the command that helps.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        self.hints_with("")
    }

    /// The same, in which the command repeats these flags.
    #[must_use]
    pub fn hints_with(&self, flags: &str) -> Vec<String> {
        let mut hints = self.causes();
        let flags = match flags {
            "" => String::new(),
            flags => format!(" {flags}"),
        };
        match self {
            Self::Format(error) if !error.conflicts.is_empty() => hints.push(format!(
                "keep the files of both sides, then run: shipgate migrate hash --merge{flags}"
            )),
            Self::Mismatch {
                line_endings: Some(_),
                ..
            } => {}
            Self::Mismatch {
                culprit: Some(_), ..
            } => hints.push(format!("if that is meant: shipgate migrate hash{flags}")),
            _ => hints.push(format!(
                "if the files are right: shipgate migrate hash{flags}"
            )),
        }
        hints
    }

    /// What is known about the cause, one sentence each.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        match self {
            Self::Format(error) if error.conflicts.is_empty() => vec![format!(
                "atlas.sum line {} is not of the form '<file name> h1:<hash>'",
                error.line
            )],
            Self::Format(error) => error.conflicts.iter().map(ToString::to_string).collect(),
            Self::Mismatch {
                line_endings: Some(files),
                ..
            } => vec![format!(
                "same content except line endings (CRLF or LF) in: {}; \
                 put '*.sql -text' into .gitattributes and check the files out again",
                files.join(", ")
            )],
            Self::Mismatch { culprit: None, .. } => vec![
                "the total in the first line of atlas.sum is not that of the lines below it"
                    .to_owned(),
            ],
            Self::NotFound | Self::Mismatch { .. } => Vec::new(),
        }
    }
}

/// Compares files and their computed checksums with the content of the checksum file.
///
/// # Errors
/// They differ, or the file is missing or no checksum file.
pub fn check(files: &[File], computed: &Sum, recorded: Option<&[u8]>) -> Result<(), ChecksumError> {
    let Some(recorded) = recorded else {
        return if files.is_empty() {
            Ok(())
        } else {
            Err(ChecksumError::NotFound)
        };
    };
    let recorded = String::from_utf8_lossy(recorded);
    let recorded = RecordedSum::parse(&recorded).map_err(ChecksumError::Format)?;
    match culprit(&recorded.entries, computed.entries()) {
        // Of the same lines the total is the same.
        None if recorded.total == computed.total() => Ok(()),
        Some(culprit) if recorded.total_holds() => Err(ChecksumError::Mismatch {
            line_endings: differing_only_in_line_endings(files, &recorded.entries),
            culprit: Some(culprit),
        }),
        _ => Err(ChecksumError::Mismatch {
            culprit: None,
            line_endings: None,
        }),
    }
}

fn culprit(recorded: &[Entry<'_>], computed: &[Entry<'_>]) -> Option<Culprit> {
    for (index, entry) in recorded.iter().enumerate() {
        if computed.get(index) == Some(entry) {
            continue;
        }
        let (file, kind) = match computed.iter().position(|other| other.name == entry.name) {
            None => (&entry.name, CulpritKind::Removed),
            Some(other) if other == index => (&entry.name, CulpritKind::Edited),
            Some(_) => match computed.get(index) {
                Some(added) => (&added.name, CulpritKind::Added),
                None => (&entry.name, CulpritKind::Removed),
            },
        };
        return Some(Culprit {
            line: index + 2,
            file: file.clone().into_owned(),
            kind,
        });
    }
    computed.get(recorded.len()).map(|added| Culprit {
        line: recorded.len() + 2,
        file: added.name.clone().into_owned(),
        kind: CulpritKind::Added,
    })
}

#[cfg(test)]
mod tests {
    use super::{ChecksumError, check};
    use crate::directory::File;
    use crate::sum::Sum;
    use crate::testing::files;

    fn recorded() -> String {
        Sum::of(&files(&[
            ("1_a.sql", "A;\n"),
            ("2_b.sql", "B;\n"),
            ("3_c.sql", "C;\n"),
        ]))
        .unwrap()
        .to_string()
    }

    fn check_against(files: &[File], recorded: &str) -> ChecksumError {
        check(files, &Sum::of(files).unwrap(), Some(recorded.as_bytes())).unwrap_err()
    }

    fn culprit_line(files: &[File]) -> String {
        let notice = check_against(files, &recorded()).notice();
        notice.lines().nth(2).unwrap().to_owned()
    }

    #[test]
    fn an_edited_file_is_named_with_its_line() {
        let files = files(&[
            ("1_a.sql", "A;\n"),
            ("2_b.sql", "X;\n"),
            ("3_c.sql", "C;\n"),
        ]);
        let error = check_against(&files, &recorded());
        assert_eq!(error.to_string(), "checksum mismatch");
        assert_eq!(
            error.notice(),
            "You have a checksum error in your migration directory.\n\
             \n\
             \tL3: 2_b.sql was edited\n\
             \n\
             Please check your migration files and run 'atlas migrate hash' to re-hash the contents\n\
             \n"
        );
        assert_eq!(
            error.hints_with("--dir file://db"),
            ["if that is meant: shipgate migrate hash --dir file://db"]
        );
    }

    #[test]
    fn a_removed_file_is_named() {
        let files = files(&[("1_a.sql", "A;\n"), ("3_c.sql", "C;\n")]);
        assert_eq!(culprit_line(&files), "\tL3: 2_b.sql was removed");
    }

    #[test]
    fn a_file_added_in_between_is_named() {
        let files = files(&[
            ("1_a.sql", "A;\n"),
            ("1_b.sql", "N;\n"),
            ("2_b.sql", "B;\n"),
            ("3_c.sql", "C;\n"),
        ]);
        assert_eq!(culprit_line(&files), "\tL3: 1_b.sql was added");
    }

    #[test]
    fn a_file_added_at_the_end_is_named() {
        let files = files(&[
            ("1_a.sql", "A;\n"),
            ("2_b.sql", "B;\n"),
            ("3_c.sql", "C;\n"),
            ("4_d.sql", "D;\n"),
        ]);
        assert_eq!(culprit_line(&files), "\tL5: 4_d.sql was added");
    }

    #[test]
    fn a_missing_checksum_file_matters_only_with_migrations() {
        assert_eq!(check(&[], &Sum::of(&[]).unwrap(), None), Ok(()));
        let files = files(&[("1_a.sql", "A;\n")]);
        let error = check(&files, &Sum::of(&files).unwrap(), None).unwrap_err();
        assert_eq!(error.to_string(), "checksum file not found");
        assert_eq!(
            error.notice(),
            "You have a checksum error in your migration directory.\n\
             Please check your migration files and run 'atlas migrate hash' to re-hash the contents\n\
             \n"
        );
    }

    #[test]
    fn an_empty_checksum_file_is_a_mismatch_without_a_culprit() {
        let error = check_against(&files(&[("1_a.sql", "A;\n")]), "");
        assert_eq!(error.to_string(), "checksum mismatch");
        assert_eq!(error.notice().lines().count(), 3);
    }

    #[test]
    fn a_wrong_total_is_a_mismatch_without_a_culprit() {
        let files = files(&[
            ("1_a.sql", "A;\n"),
            ("2_b.sql", "B;\n"),
            ("3_c.sql", "C;\n"),
        ]);
        let wrong = recorded().replacen("h1:", "h1:A", 1);
        let error = check_against(&files, &wrong);
        assert_eq!(error.notice().lines().count(), 3);
        assert_eq!(
            error.hints(),
            [
                "the total in the first line of atlas.sum is not that of the lines below it",
                "if the files are right: shipgate migrate hash"
            ]
        );
    }

    #[test]
    fn a_git_conflict_is_named_with_its_lines() {
        let sum = recorded();
        let (total, rest) = sum.split_once('\n').unwrap();
        let conflicted = format!("<<<<<<< HEAD\n{total}\n=======\nh1:other\n>>>>>>> topic\n{rest}");
        let error = check_against(&files(&[("1_a.sql", "A;\n")]), &conflicted);
        assert_eq!(error.to_string(), "checksum file format invalid");
        assert_eq!(
            error.hints_with("--dir file://db"),
            [
                "atlas.sum has a git conflict in lines 1 to 5 (HEAD against topic)",
                "keep the files of both sides, then run: shipgate migrate hash --merge --dir file://db"
            ]
        );
    }

    #[test]
    fn other_line_endings_are_recognised_as_such() {
        let crlf = files(&[
            ("1_a.sql", "A;\n"),
            ("2_b.sql", "B;\r\n"),
            ("3_c.sql", "C;\n"),
        ]);
        let hints = check_against(&crlf, &recorded()).hints();
        assert!(hints[0].starts_with("same content except line endings (CRLF or LF) in: 2_b.sql;"));

        let recorded_with_crlf = Sum::of(&crlf).unwrap().to_string();
        let lf = files(&[
            ("1_a.sql", "A;\n"),
            ("2_b.sql", "B;\n"),
            ("3_c.sql", "C;\n"),
        ]);
        assert_eq!(check_against(&lf, &recorded_with_crlf).hints().len(), 1);

        let edited_too = files(&[
            ("1_a.sql", "A;\n"),
            ("2_b.sql", "B;\r\n"),
            ("3_c.sql", "X;\n"),
        ]);
        assert_eq!(
            check_against(&edited_too, &recorded()).hints(),
            ["if that is meant: shipgate migrate hash"]
        );
    }
}

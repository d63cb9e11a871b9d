//! Archives: one migration file with checks, the migration and its way back.
//!
//! After `-- atlas:txtar`, a line `-- NAME --` begins a section. `checks.sql`
//! and `checks/NAME.sql` hold assertions, `migration.sql` what is executed,
//! `down.sql` what undoes it, which is never executed when the file is
//! applied. `-- atlas:assert oneof` in a section's opening comment lines means
//! that one true assertion is enough.
//!
//! Source: <https://atlasgo.io/versioned/checks>.

use std::ops::Range;

use shipgate_sql::Dialect;

use super::part::{self, Line, PartError};
use crate::directive;

/// Assertions that must hold before a migration is executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckPart {
    /// The section's name.
    pub name: String,
    /// The assertions, as a range of the file's bytes.
    pub range: Range<usize>,
    /// Whether one true assertion is enough.
    pub one_is_enough: bool,
}

/// An archive's sections.
#[derive(Clone, Debug, Default)]
pub(super) struct Archive {
    pub(super) checks: Vec<CheckPart>,
    pub(super) migration: Range<usize>,
}

struct Section<'a> {
    name: &'a str,
    line: Line<'a>,
    end: usize,
}

impl Archive {
    pub(super) fn of(text: &str, dialect: Dialect) -> Result<Self, PartError> {
        let sections = sections(text);
        if let Some(first) = sections.first()
            && part::holds_a_statement(&text[..first.line.range.start], dialect)
        {
            return Err(first.line.error(format!(
                "there is a statement before '-- {} --'",
                first.name
            )));
        }
        let mut archive = Self::default();
        let mut migration = None;
        for (index, section) in sections.iter().enumerate() {
            if let Some(earlier) = sections[..index].iter().find(|s| s.name == section.name) {
                return Err(section.line.error(format!(
                    "section '-- {} --' is in line {} already",
                    section.name, earlier.line.number
                )));
            }
            let range = section.line.range.end..section.end;
            match section.name {
                "migration.sql" => migration = Some(range),
                "down.sql" => {}
                name if is_check(name) => archive.checks.push(CheckPart {
                    name: name.to_owned(),
                    one_is_enough: directive::asserts_one_of(&text[range.clone()]),
                    range,
                }),
                name => {
                    return Err(section.line.error(format!(
                        "'-- {name} --' is no section of a migration; there are checks.sql, checks/NAME.sql, \
                         migration.sql and down.sql (a comment must not end with ' --')"
                    )));
                }
            }
        }
        archive.migration = migration.ok_or_else(|| PartError {
            line: 1,
            message: "the archive has no section '-- migration.sql --'".to_owned(),
        })?;
        Ok(archive)
    }
}

fn is_check(name: &str) -> bool {
    name == "checks.sql" || (name.starts_with("checks/") && name.ends_with(".sql"))
}

fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in part::lines(text) {
        let name = line
            .text
            .strip_prefix("-- ")
            .and_then(|rest| rest.strip_suffix(" --"))
            .map(str::trim)
            .filter(|name| !name.is_empty());
        if let Some(name) = name {
            if let Some(last) = sections.last_mut() {
                last.end = line.range.start;
            }
            sections.push(Section {
                name,
                line,
                end: text.len(),
            });
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use shipgate_sql::Dialect;

    use super::Archive;

    fn error(text: &str) -> String {
        let error = Archive::of(text, Dialect::Sqlite).unwrap_err();
        format!("{}: {error}", error.line)
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "(-- (checks.sql|checks/a.sql|migration.sql|down.sql|x) --\r?\n|\\PC{0,9};?\n?){0,9}") {
            let _ = Archive::of(&text, Dialect::Sqlite);
        }
    }

    #[test]
    fn an_archive_has_checks_and_a_migration() {
        let text = "-- atlas:txtar\n\n-- checks.sql --\nSELECT 1;\n-- checks/b.sql --\n-- atlas:assert oneof\nSELECT 2;\n\
                    -- migration.sql --\nA;\n-- down.sql --\nB;\n";
        let archive = Archive::of(text, Dialect::Sqlite).unwrap();
        assert_eq!(&text[archive.migration], "A;\n");
        let checks: Vec<_> = archive
            .checks
            .iter()
            .map(|check| {
                (
                    check.name.as_str(),
                    &text[check.range.clone()],
                    check.one_is_enough,
                )
            })
            .collect();
        assert_eq!(
            checks,
            [
                ("checks.sql", "SELECT 1;\n", false),
                ("checks/b.sql", "-- atlas:assert oneof\nSELECT 2;\n", true)
            ]
        );
    }

    #[test]
    fn sections_that_cannot_be_are_named_with_their_line() {
        assert_eq!(
            error("-- atlas:txtar\n\n-- checks.sql --\nSELECT 1;\n"),
            "1: the archive has no section '-- migration.sql --'"
        );
        assert_eq!(
            error("-- atlas:txtar\nA;\n-- migration.sql --\n"),
            "3: there is a statement before '-- migration.sql --'"
        );
        assert_eq!(
            error("-- migration.sql --\n-- migration.sql --\n"),
            "2: section '-- migration.sql --' is in line 1 already"
        );
        assert!(
            error("-- migration.sql --\n-- add users --\nA;\n")
                .starts_with("2: '-- add users --' is no section of a migration;")
        );
    }
}

//! Changesets as parts of a script.
//!
//! All changesets of a file are executed, but for those whose `dbms:` leaves
//! this database out. `--rollback` lines are comments. `runInTransaction:false`
//! on any changeset means that the file runs without a transaction around it,
//! `splitStatements:false` that a changeset is one statement, `endDelimiter:X`
//! that a line ending with X ends one; without it a line that is `/` or `go`
//! does so too. Preconditions are refused, because
//! passing them over would execute what they forbid; contexts and labels are
//! those of a run without a filter.

use std::collections::HashMap;
use std::ops::Range;

use shipgate_sql::{Dialect, SplitMode};

use super::super::format::{Format, NewFile};
use super::super::part::{self, Line, Part, PartError};
use super::super::stem;
use super::{ChangesetHeader, Mark};
use crate::directive::{FileDirectives, Known};

#[derive(Debug)]
pub(crate) struct Liquibase;

/// How the text of a changeset is executed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reading {
    /// As a script, statement by statement.
    Script,
    /// As one statement.
    Whole,
    /// As statements that end with lines that end with this.
    Delimited(String),
    /// Not at all.
    Nothing,
}

impl Format for Liquibase {
    fn name(&self) -> &'static str {
        "liquibase"
    }

    fn is_migration(&self, name: &str) -> bool {
        name.ends_with(stem::SQL)
    }

    fn version_and_description(&self, name: &str) -> (String, String) {
        stem::version_and_description(name, stem::SQL)
    }

    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile> {
        vec![NewFile::new(
            stem::file_name(version, name, stem::SQL),
            "--liquibase formatted sql",
        )]
    }

    fn known_directives(&self) -> Known {
        Known {
            format: self.name(),
            atlas: &["sum", "nolint"],
            without_transaction: Some("--changeset AUTHOR:ID runInTransaction:false"),
        }
    }

    fn directives(&self, _name: &str, content: &[u8], _settings: Option<&str>) -> FileDirectives {
        let mut directives = FileDirectives::of_any_format(content);
        let text = String::from_utf8_lossy(content);
        let says_without = |line: Line<'_>| match Mark::of(line.text) {
            Mark::Changeset(named) => {
                ChangesetHeader::parse(named).is_some_and(|header| !header.run_in_transaction)
            }
            _ => false,
        };
        if part::lines(&text).any(says_without) {
            directives.tx_modes.push("none".to_owned());
        }
        directives
    }

    fn parts(&self, text: &str, dialect: Dialect) -> Result<Vec<Part>, PartError> {
        let mut parts = Vec::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut reading = Reading::Script;
        let mut start = 0;
        for line in part::lines(text) {
            let named = match Mark::of(line.text) {
                Mark::Changeset(named) => named,
                Mark::Precondition(name) => {
                    return Err(line.error(format!(
                        "'{name}' is not supported: it would have to be asked before the changeset; \
                         remove it, or the changeset"
                    )));
                }
                Mark::Ignore(_) => {
                    return Err(line.error(
                        "'--ignoreLines' is not supported: the lines would be executed; remove them",
                    ));
                }
                Mark::Wrong(right) => return Err(line.error(right)),
                _ => continue,
            };
            reading.push_parts(text, start..line.range.start, dialect, &mut parts);
            start = line.range.end;
            let header = ChangesetHeader::parse(named)
                .ok_or_else(|| line.error("a changeset is named '--changeset author:id'"))?;
            let id = format!("{}:{}", header.author, header.id);
            if let Some(first) = seen.insert(id.clone(), line.number) {
                return Err(line.error(format!(
                    "changeset {id} is in line {first} already; give one of them another id"
                )));
            }
            reading = Reading::of(&header, dialect).map_err(|fault| line.error(fault))?;
        }
        reading.push_parts(text, start..text.len(), dialect, &mut parts);
        Ok(parts)
    }
}

impl Reading {
    /// Err: what is wrong with the delimiter.
    fn of(header: &ChangesetHeader, dialect: Dialect) -> Result<Self, String> {
        if header.leaves_out(dialect) {
            return Ok(Self::Nothing);
        }
        if !header.split_statements {
            return Ok(Self::Whole);
        }
        let Some(written) = header.end_delimiter.as_deref() else {
            return Ok(Self::Script);
        };
        // Before it, `\n` says that it begins its line.
        let delimiter = written.strip_prefix("\\n").unwrap_or(written);
        let is_pattern = |letter| matches!(letter, '\\' | '*' | '+' | '[' | '(' | '{');
        if delimiter.is_empty() || delimiter.contains(is_pattern) {
            return Err(format!(
                "'endDelimiter:{written}' is not supported; a delimiter is plain text, as '//'"
            ));
        }
        Ok(Self::Delimited(delimiter.to_owned()))
    }

    fn push_parts(&self, text: &str, range: Range<usize>, dialect: Dialect, parts: &mut Vec<Part>) {
        if range.is_empty() {
            return;
        }
        match self {
            Self::Nothing => {}
            Self::Whole => push_statement(text, range, dialect, parts),
            Self::Script => push_scripts(text, range, dialect, parts),
            Self::Delimited(delimiter) => {
                let mut start = range.start;
                for line in part::lines(&text[range.clone()]) {
                    let line_start = range.start + line.range.start;
                    let is_end = ends_with(line.text, delimiter) && !line.is_blank_or_comment();
                    if is_end {
                        let end = line_start + line.text.len() - delimiter.len();
                        push_statement(text, start..end, dialect, parts);
                        start = range.start + line.range.end;
                    }
                }
                push_statement(text, start..range.end, dialect, parts);
            }
        }
    }
}

/// Scripts between lines that are a delimiter alone.
fn push_scripts(text: &str, range: Range<usize>, dialect: Dialect, parts: &mut Vec<Part>) {
    let mut start = range.start;
    for line in part::lines(&text[range.clone()]) {
        let line_start = range.start + line.range.start;
        let is_delimiter = line.text == "/" || line.text.eq_ignore_ascii_case("go");
        if is_delimiter && is_closed(&text[start..line_start], dialect) {
            parts.push(Part::Script(start..line_start));
            start = range.start + line.range.end;
        }
    }
    parts.push(Part::Script(start..range.end));
}

/// Whether no quote and no comment is open at the end of a script.
fn is_closed(script: &str, dialect: Dialect) -> bool {
    shipgate_sql::statements(dialect, SplitMode::Own, script).all(|statement| statement.is_ok())
}

fn push_statement(text: &str, range: Range<usize>, dialect: Dialect, parts: &mut Vec<Part>) {
    if part::holds_a_statement(&text[range.clone()], dialect) {
        parts.push(Part::Statement(range));
    }
}

fn ends_with(line: &str, delimiter: &str) -> bool {
    line.len() >= delimiter.len()
        && line
            .get(line.len() - delimiter.len()..)
            .is_some_and(|end| end.eq_ignore_ascii_case(delimiter))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use shipgate_sql::Dialect;

    use super::{Format, Liquibase, Part};

    fn parts(text: &str) -> Result<Vec<(bool, &str)>, String> {
        let parts = Liquibase
            .parts(text, Dialect::Sqlite)
            .map_err(|error| format!("{}: {error}", error.line))?;
        Ok(parts
            .into_iter()
            .map(|part| match part {
                Part::Script(range) => (false, text[range].trim()),
                Part::Statement(range) => (true, text[range].trim()),
            })
            .filter(|(_, text)| !text.is_empty())
            .collect())
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "(--\\s?(changeset|rollback) \\PC{0,30}\n|\\PC{0,9};?\r?\n?){0,9}") {
            let _ = Liquibase.parts(&text, Dialect::Sqlite);
            let _ = Liquibase.directives("1.sql", text.as_bytes(), None);
        }
    }

    #[test]
    fn every_changeset_is_executed() {
        assert_eq!(
            parts(
                "--liquibase formatted sql\n\n--changeset bob:1\nA;\n--rollback B;\n-- changeset bob:2\nC;\n"
            ),
            Ok(vec![
                (false, "--liquibase formatted sql"),
                (false, "A;\n--rollback B;"),
                (false, "C;"),
            ])
        );
    }

    #[test]
    fn a_changeset_for_another_database_is_left_out() {
        assert_eq!(
            parts(
                "--changeset bob:1 dbms:postgresql\nA;\n--changeset bob:2 dbms:sqlite,h2\nB;\n--changeset bob:3 dbms:!sqlite\nC;\n"
            ),
            Ok(vec![(false, "B;")])
        );
    }

    #[test]
    fn statements_are_split_as_the_changeset_says() {
        assert_eq!(
            parts(
                "--changeset bob:1 splitStatements:false\nA; B;\n--changeset bob:2 endDelimiter:/\nC; D;\n/\nE;/\nF\n"
            ),
            Ok(vec![
                (true, "A; B;"),
                (true, "C; D;"),
                (true, "E;"),
                (true, "F")
            ])
        );
    }

    #[test]
    fn a_line_that_is_a_delimiter_ends_a_statement_outside_of_quotes() {
        assert_eq!(
            parts("--changeset bob:1\nA\n/\nB\nGO\nC '\n/\n';\n"),
            Ok(vec![(false, "A"), (false, "B"), (false, "C '\n/\n';")])
        );
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, error) in [
            (
                "--changeset bob\nA;\n",
                "1: a changeset is named '--changeset author:id'",
            ),
            (
                "--changeset bob:1\nA;\n--changeset bob:1\nB;\n",
                "3: changeset bob:1 is in line 1 already; give one of them another id",
            ),
            (
                "--changeset bob:1\n--preconditions onFail:MARK_RAN\nA;\n",
                "2: '--preconditions' is not supported: it would have to be asked before the changeset; \
                 remove it, or the changeset",
            ),
            (
                "--changeset bob:1\nA;\n--ignoreLines:1\nB;\n",
                "3: '--ignoreLines' is not supported: the lines would be executed; remove them",
            ),
            (
                "--changeset bob:1 endDelimiter:\\s*$\nA;\n",
                "1: 'endDelimiter:\\s*$' is not supported; a delimiter is plain text, as '//'",
            ),
        ] {
            assert_eq!(parts(text), Err(error.to_owned()));
        }
    }

    #[test]
    fn run_in_transaction_false_is_obeyed() {
        let modes = |text: &str| {
            Liquibase
                .directives("1.sql", text.as_bytes(), None)
                .tx_modes
        };
        assert_eq!(
            modes("--changeset bob:1 runInTransaction:false\nA;\n"),
            ["none"]
        );
        assert_eq!(
            modes("--changeset bob:1\nA;\n--changeset bob:2 runInTransaction:FALSE\nB;\n"),
            ["none"]
        );
        assert!(modes("--changeset bob:1 runInTransaction:true\nA;\n").is_empty());
    }
}

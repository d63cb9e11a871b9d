//! Liquibase: formatted SQL, whose changesets begin with `--changeset author:id`.
//!
//! All changesets of a file are executed, but for those whose `dbms:` leaves
//! this database out. `--rollback` lines are comments. `runInTransaction:false`
//! on any changeset means that the file runs without a transaction around it,
//! `splitStatements:false` that a changeset is one statement, `endDelimiter:X`
//! that a line ending with X ends one. Preconditions are refused, because
//! passing them over would execute what they forbid; contexts and labels are
//! those of a run without a filter.
//!
//! Source: <https://docs.liquibase.com/concepts/changelogs/sql-format.html>.

use std::collections::HashMap;
use std::ops::Range;

use shipgate_sql::Dialect;

use super::format::{Format, NewFile};
use super::part::{self, Line, Part, PartError};
use super::stem;
use crate::directive::{FileDirectives, Known};

#[derive(Debug)]
pub(crate) struct Liquibase;

/// How a changeset is executed.
#[derive(Clone, Debug, Default)]
struct Changeset {
    is_one_statement: bool,
    delimiter: Option<String>,
    leaves_us_out: bool,
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
        let says_without = |line: Line<'_>| {
            command(&line, "changeset")
                .is_some_and(|rest| attribute(rest, "runInTransaction").as_deref() == Some("false"))
        };
        if part::lines(&text).any(says_without) {
            directives.tx_modes.push("none".to_owned());
        }
        directives
    }

    fn parts(&self, text: &str, dialect: Dialect) -> Result<Vec<Part>, PartError> {
        let mut parts = Vec::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut changeset = Changeset::default();
        let mut start = 0;
        for line in part::lines(text) {
            if let Some(preconditions) = ["preconditions", "precondition-sql-check"]
                .into_iter()
                .find(|name| command(&line, name).is_some())
            {
                return Err(line.error(format!(
                    "'--{preconditions}' is not supported: it would have to be asked before the changeset; \
                     remove it, or the changeset"
                )));
            }
            let Some(rest) = command(&line, "changeset") else {
                continue;
            };
            changeset.push_parts(text, start..line.range.start, dialect, &mut parts);
            start = line.range.end;
            let id = identity(rest)
                .ok_or_else(|| line.error("a changeset is named '--changeset author:id'"))?;
            if let Some(first) = seen.insert(id.clone(), line.number) {
                return Err(line.error(format!(
                    "changeset {id} is in line {first} already; give one of them another id"
                )));
            }
            changeset = Changeset::of(rest, dialect);
        }
        changeset.push_parts(text, start..text.len(), dialect, &mut parts);
        Ok(parts)
    }
}

impl Changeset {
    fn of(attributes: &str, dialect: Dialect) -> Self {
        Self {
            is_one_statement: attribute(attributes, "splitStatements").as_deref() == Some("false"),
            delimiter: attribute(attributes, "endDelimiter").filter(|delimiter| delimiter != ";"),
            leaves_us_out: attribute(attributes, "dbms")
                .is_some_and(|databases| leaves_out(&databases, dialect)),
        }
    }

    fn push_parts(&self, text: &str, range: Range<usize>, dialect: Dialect, parts: &mut Vec<Part>) {
        if self.leaves_us_out || range.is_empty() {
            return;
        }
        match &self.delimiter {
            _ if self.is_one_statement => push_statement(text, range, dialect, parts),
            None => parts.push(Part::Script(range)),
            Some(delimiter) => {
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

/// What follows `--NAME` in a line.
fn command<'a>(line: &Line<'a>, name: &str) -> Option<&'a str> {
    let words = line.text.trim_start().strip_prefix("--")?.trim_start();
    let found = words.get(..name.len())?;
    let rest = &words[name.len()..];
    let is_whole_word = rest.is_empty() || rest.starts_with([' ', '\t']);
    (found.eq_ignore_ascii_case(name) && is_whole_word).then(|| rest.trim())
}

/// `author:id`; either may stand in quotes.
fn identity(rest: &str) -> Option<String> {
    let (author, rest) = name(rest)?;
    let (id, _) = name(rest.strip_prefix(':')?)?;
    (!author.is_empty() && !id.is_empty()).then(|| format!("{author}:{id}"))
}

/// A name up to `:` or a blank, or in quotes, and what follows it.
fn name(text: &str) -> Option<(&str, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.split_once('"');
    }
    let end = text.find([':', ' ', '\t']).unwrap_or(text.len());
    Some(text.split_at(end))
}

/// The value of `name:value` among a changeset's attributes.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let lower = attributes.to_ascii_lowercase();
    let mark = format!("{}:", name.to_ascii_lowercase());
    let at = lower
        .match_indices(&mark)
        .map(|(at, _)| at)
        .find(|&at| at > 0 && lower.as_bytes()[at - 1].is_ascii_whitespace())?;
    let value = &attributes[at + mark.len()..];
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => value.split_whitespace().next(),
    };
    let value = value.unwrap_or_default();
    Some(if name == "endDelimiter" {
        value.to_owned()
    } else {
        value.to_ascii_lowercase()
    })
}

/// Whether a list as `postgresql,!h2` leaves a dialect out.
fn leaves_out(databases: &str, dialect: Dialect) -> bool {
    let own = match dialect {
        Dialect::Sqlite => "sqlite",
        Dialect::Postgres => "postgresql",
        Dialect::MySql => "mysql",
        Dialect::MariaDb => "mariadb",
    };
    let mut only = false;
    for database in databases.split(',').map(str::trim) {
        match database.strip_prefix('!') {
            Some(excluded) if excluded == own => return true,
            Some(_) => {}
            None if database == own || database == "all" => return false,
            None => only = true,
        }
    }
    only
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

//! goose: up and down in one file, behind `-- +goose` marks.
//!
//! A mark is a whole line: `-- +goose Up`, `Down`, `StatementBegin`,
//! `StatementEnd` or `NO TRANSACTION`. Between `StatementBegin` and
//! `StatementEnd` is one statement; elsewhere `;` ends one. A line that only
//! holds such a word is no mark.
//!
//! Source: <https://pressly.github.io/goose/documentation/annotations/>.

use std::cmp::Ordering;

use shipgate_sql::Dialect;

use super::format::{Format, NewFile};
use super::part::{self, Line, Part, PartError};
use super::{number, stem};
use crate::directive::{FileDirectives, Known};

#[derive(Debug)]
pub(crate) struct Goose;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark<'a> {
    Up,
    Down,
    StatementBegin,
    StatementEnd,
    NoTransaction,
    Unknown(&'a str),
}

impl Format for Goose {
    fn name(&self) -> &'static str {
        "goose"
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
            "-- +goose Up\n\n-- +goose Down\n",
        )]
    }

    fn compare_versions(&self, a: &str, b: &str) -> Ordering {
        number::compare(a, b)
    }

    fn goes_by_version(&self) -> bool {
        true
    }

    fn name_fault(&self, name: &str) -> Option<String> {
        number::fault(&self.version_and_description(name).0, self.name())
    }

    fn foreign_fault(&self, name: &str) -> Option<String> {
        let stem = name.strip_suffix(".go")?;
        let (version, _) = stem.split_once('_')?;
        let is_migration = !stem.ends_with("_test") && number::fault(version, "").is_none();
        is_migration.then(|| "it is a migration in Go, which only goose itself can run".to_owned())
    }

    fn known_directives(&self) -> Known {
        Known {
            format: self.name(),
            atlas: &["sum", "nolint"],
            without_transaction: Some("-- +goose NO TRANSACTION"),
        }
    }

    fn directives(&self, _name: &str, content: &[u8], _settings: Option<&str>) -> FileDirectives {
        let mut directives = FileDirectives::of_any_format(content);
        let text = String::from_utf8_lossy(content);
        if part::lines(&text).any(|line| mark(&line) == Some(Mark::NoTransaction)) {
            directives.tx_modes.push("none".to_owned());
        }
        directives
    }

    fn parts(&self, text: &str, dialect: Dialect) -> Result<Vec<Part>, PartError> {
        Reader::new(text, dialect).parts()
    }
}

/// A line as a mark.
fn mark<'a>(line: &Line<'a>) -> Option<Mark<'a>> {
    let words = line.text.strip_prefix("--")?.trim_start();
    let word = words.strip_prefix("+goose")?.trim();
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    Some(if is("up") {
        Mark::Up
    } else if is("down") {
        Mark::Down
    } else if is("statementbegin") {
        Mark::StatementBegin
    } else if is("statementend") {
        Mark::StatementEnd
    } else if is("no transaction") {
        Mark::NoTransaction
    } else {
        Mark::Unknown(word)
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    BeforeUp,
    Up,
    UpStatement,
    Down,
    DownStatement,
}

struct Reader<'a> {
    text: &'a str,
    dialect: Dialect,
    state: State,
    /// Where the part at hand begins.
    start: usize,
    parts: Vec<Part>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            text,
            dialect,
            state: State::BeforeUp,
            start: 0,
            parts: Vec::new(),
        }
    }

    fn parts(mut self) -> Result<Vec<Part>, PartError> {
        let mut last_line = 1;
        let mut opened_at = 1;
        for line in part::lines(self.text) {
            last_line = line.number;
            if let Some(mark) = mark(&line) {
                if mark == Mark::StatementBegin {
                    opened_at = line.number;
                }
                self.obey(mark, &line)?;
            }
        }
        match self.state {
            State::BeforeUp => Err(PartError {
                line: last_line,
                message: "there is no line '-- +goose Up'".to_owned(),
            }),
            State::UpStatement | State::DownStatement => Err(PartError {
                line: opened_at,
                message: "'-- +goose StatementBegin' without a '-- +goose StatementEnd' after it"
                    .to_owned(),
            }),
            State::Up => {
                let end = self.text.len();
                self.script_until(end);
                Ok(self.parts)
            }
            State::Down => Ok(self.parts),
        }
    }

    fn obey(&mut self, mark: Mark<'_>, line: &Line<'_>) -> Result<(), PartError> {
        let before = line.range.start;
        match (self.state, mark) {
            (_, Mark::NoTransaction) => return Ok(()),
            (_, Mark::Unknown(word)) => {
                return Err(line.error(format!(
                    "'-- +goose {word}' is not supported; the marks are Up, Down, StatementBegin, \
                     StatementEnd and NO TRANSACTION"
                )));
            }
            (State::BeforeUp, Mark::Up) => {
                if part::holds_a_statement(&self.text[..before], self.dialect) {
                    return Err(line.error("there is a statement before '-- +goose Up'"));
                }
                self.state = State::Up;
            }
            (State::Up, Mark::Down) => {
                self.script_until(before);
                self.state = State::Down;
            }
            (State::Up, Mark::StatementBegin) => {
                self.script_until(before);
                self.state = State::UpStatement;
            }
            (State::UpStatement, Mark::StatementEnd) => {
                if part::holds_a_statement(&self.text[self.start..before], self.dialect) {
                    self.parts.push(Part::Statement(self.start..before));
                }
                self.state = State::Up;
            }
            (State::Down, Mark::StatementBegin) => self.state = State::DownStatement,
            (State::DownStatement, Mark::StatementEnd) => self.state = State::Down,
            (_, mark) => {
                let name = match mark {
                    Mark::Up => "Up",
                    Mark::Down => "Down",
                    Mark::StatementBegin => "StatementBegin",
                    _ => "StatementEnd",
                };
                return Err(line.error(format!("unexpected goosePragma '{name}'")));
            }
        }
        self.start = line.range.end;
        Ok(())
    }

    fn script_until(&mut self, end: usize) {
        if self.start < end {
            self.parts.push(Part::Script(self.start..end));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use shipgate_sql::Dialect;

    use super::{Format, Goose, Part};

    fn parts(text: &str) -> Result<Vec<(bool, &str)>, String> {
        let parts = Goose
            .parts(text, Dialect::Sqlite)
            .map_err(|error| format!("{}: {error}", error.line))?;
        Ok(parts
            .into_iter()
            .map(|part| match part {
                Part::Script(range) => (false, text[range].trim()),
                Part::Statement(range) => (true, text[range].trim()),
            })
            .collect())
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "(-- \\+goose (Up|Down|StatementBegin|StatementEnd|x)\n|\\PC{0,9};?\r?\n?){0,9}") {
            let _ = Goose.parts(&text, Dialect::Sqlite);
            let _ = Goose.directives("1.sql", text.as_bytes(), None);
        }
    }

    #[test]
    fn the_up_section_is_executed_and_the_down_section_is_not() {
        assert_eq!(
            parts("-- +goose Up\nA;\n-- +goose Down\nB;\n"),
            Ok(vec![(false, "A;")])
        );
        assert_eq!(
            parts("\u{feff}-- +goose Up\r\nA;\r\n"),
            Ok(vec![(false, "A;")])
        );
    }

    #[test]
    fn a_line_that_holds_a_mark_s_word_is_no_mark() {
        let text =
            "-- +goose Up\nCREATE TABLE t (\n  Down int, -- StatementEnd\n  shutdown_at int\n);\n";
        assert_eq!(
            parts(text),
            Ok(vec![(
                false,
                "CREATE TABLE t (\n  Down int, -- StatementEnd\n  shutdown_at int\n);"
            )])
        );
    }

    #[test]
    fn a_statement_block_is_one_statement() {
        assert_eq!(
            parts(
                "-- +goose Up\nA;\n-- +goose StatementBegin\nB; C;\n-- +goose StatementEnd\nD;\n\
                 -- +goose Down\n-- +goose StatementBegin\nE;\n-- +goose StatementEnd\n"
            ),
            Ok(vec![(false, "A;"), (true, "B; C;"), (false, "D;")])
        );
    }

    #[test]
    fn marks_in_a_wrong_order_are_named_with_their_line() {
        for (text, error) in [
            ("A;\n", "1: there is no line '-- +goose Up'"),
            (
                "A;\n-- +goose Up\n",
                "2: there is a statement before '-- +goose Up'",
            ),
            ("-- +goose Down\n", "1: unexpected goosePragma 'Down'"),
            (
                "-- +goose Up\n-- +goose Up\n",
                "2: unexpected goosePragma 'Up'",
            ),
            (
                "-- +goose Up\n-- +goose StatementEnd\n",
                "2: unexpected goosePragma 'StatementEnd'",
            ),
            (
                "-- +goose Up\n-- +goose StatementBegin\nA;\n-- +goose Down\n",
                "4: unexpected goosePragma 'Down'",
            ),
            (
                "-- +goose Up\n-- +goose StatementBegin\nA;\n",
                "2: '-- +goose StatementBegin' without a '-- +goose StatementEnd' after it",
            ),
            (
                "-- +goose ENVSUB ON\n-- +goose Up\nA;\n",
                "1: '-- +goose ENVSUB ON' is not supported; the marks are Up, Down, StatementBegin, \
                 StatementEnd and NO TRANSACTION",
            ),
        ] {
            assert_eq!(parts(text), Err(error.to_owned()));
        }
    }

    #[test]
    fn no_transaction_is_obeyed() {
        let modes = |text: &str| Goose.directives("1.sql", text.as_bytes(), None).tx_modes;
        assert_eq!(
            modes("-- +goose NO TRANSACTION\n-- +goose Up\nA;\n"),
            ["none"]
        );
        assert!(modes("-- NO TRANSACTION\n-- +goose Up\nA;\n").is_empty());
    }

    #[test]
    fn a_migration_in_go_is_not_passed_over() {
        assert!(Goose.foreign_fault("00002_add.go").is_some());
        assert!(Goose.foreign_fault("00002_add_test.go").is_none());
        assert!(Goose.foreign_fault("migrations.go").is_none());
    }
}

//! dbmate: up and down in one file, behind `-- migrate:up` and `-- migrate:down`.
//!
//! A mark is a whole line. `transaction:false` behind it means that the
//! migration runs without a transaction around it. A line that only holds
//! such a word is no mark.
//!
//! Source: <https://github.com/amacneil/dbmate#creating-migrations>.

use shipgate_sql::Dialect;

use super::format::{Format, NewFile};
use super::part::{self, Line, Part, PartError};
use super::stem;
use crate::directive::{FileDirectives, Known};

#[derive(Debug)]
pub(crate) struct Dbmate;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark<'a> {
    /// With its options.
    Up(&'a str),
    Down,
}

impl Format for Dbmate {
    fn name(&self) -> &'static str {
        "dbmate"
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
            "-- migrate:up\n\n-- migrate:down\n",
        )]
    }

    fn name_fault(&self, name: &str) -> Option<String> {
        (!name.starts_with(|first: char| first.is_ascii_digit()))
            .then(|| "dbmate takes no file whose name does not begin with a digit".to_owned())
    }

    fn known_directives(&self) -> Known {
        Known {
            format: self.name(),
            atlas: &["sum", "nolint"],
            without_transaction: Some("-- migrate:up transaction:false"),
        }
    }

    fn directives(&self, _name: &str, content: &[u8], _settings: Option<&str>) -> FileDirectives {
        let mut directives = FileDirectives::of_any_format(content);
        let text = String::from_utf8_lossy(content);
        let options = part::lines(&text).find_map(|line| match mark(&line) {
            Some(Mark::Up(options)) => Some(options),
            _ => None,
        });
        let runs_without = options
            .unwrap_or_default()
            .split_whitespace()
            .any(|option| option == "transaction:false");
        if runs_without {
            directives.tx_modes.push("none".to_owned());
        }
        directives
    }

    fn parts(&self, text: &str, dialect: Dialect) -> Result<Vec<Part>, PartError> {
        let mut up = None;
        let mut down = None;
        let mut last_line = 1;
        for line in part::lines(text) {
            last_line = line.number;
            match mark(&line) {
                None => {}
                Some(Mark::Up(options)) => {
                    if up.is_some() || down.is_some() {
                        return Err(line.error(
                            "a second '-- migrate:up'; a migration has one, before '-- migrate:down'",
                        ));
                    }
                    if part::holds_a_statement(&text[..line.range.start], dialect) {
                        return Err(line.error("there is a statement before '-- migrate:up'"));
                    }
                    check_options(options, &line)?;
                    up = Some(line.range.end);
                }
                Some(Mark::Down) => {
                    if up.is_none() {
                        return Err(line.error("'-- migrate:down' before '-- migrate:up'"));
                    }
                    if down.is_some() {
                        return Err(line.error("a second '-- migrate:down'"));
                    }
                    down = Some(line.range.start);
                }
            }
        }
        match up {
            Some(start) => Ok(vec![Part::Script(start..down.unwrap_or(text.len()))]),
            None => Err(PartError {
                line: last_line,
                message: "there is no line '-- migrate:up'".to_owned(),
            }),
        }
    }
}

fn check_options(options: &str, line: &Line<'_>) -> Result<(), PartError> {
    match options
        .split_whitespace()
        .find(|option| !matches!(*option, "transaction:true" | "transaction:false"))
    {
        None => Ok(()),
        Some(option) => Err(line.error(format!(
            "'{option}' is no option of '-- migrate:up'; there are transaction:true and transaction:false"
        ))),
    }
}

/// A line as a mark.
fn mark<'a>(line: &Line<'a>) -> Option<Mark<'a>> {
    let word = line.text.strip_prefix("--")?.trim_start();
    let behind = |name: &str| {
        let rest = word.strip_prefix(name)?;
        (rest.is_empty() || rest.starts_with([' ', '\t'])).then_some(rest.trim())
    };
    match behind("migrate:up") {
        Some(options) => Some(Mark::Up(options)),
        None => behind("migrate:down").map(|_| Mark::Down),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use shipgate_sql::Dialect;

    use super::{Dbmate, Format};

    fn up(text: &str) -> Result<&str, String> {
        let parts = Dbmate
            .parts(text, Dialect::Sqlite)
            .map_err(|error| format!("{}: {error}", error.line))?;
        assert_eq!(parts.len(), 1);
        Ok(text[parts[0].range().clone()].trim())
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "(--\\s?migrate:(up|down)\\PC{0,20}\n|\\PC{0,9};?\r?\n?){0,9}") {
            let _ = Dbmate.parts(&text, Dialect::Sqlite);
            let _ = Dbmate.directives("1.sql", text.as_bytes(), None);
        }
    }

    #[test]
    fn only_the_up_section_is_executed() {
        assert_eq!(up("-- migrate:up\nA;\n-- migrate:down\nB;\n"), Ok("A;"));
        assert_eq!(up("--migrate:up transaction:false\r\nA;\r\n"), Ok("A;"));
    }

    #[test]
    fn a_line_that_holds_a_mark_s_word_is_no_mark() {
        let text =
            "-- migrate:up\nCREATE TABLE t (\n  shutdown_at timestamp\n);\n-- see migrate:down\n";
        assert_eq!(
            up(text),
            Ok("CREATE TABLE t (\n  shutdown_at timestamp\n);\n-- see migrate:down")
        );
    }

    #[test]
    fn marks_in_a_wrong_order_are_named_with_their_line() {
        for (text, error) in [
            ("A;\n", "1: there is no line '-- migrate:up'"),
            (
                "A;\n-- migrate:up\n",
                "2: there is a statement before '-- migrate:up'",
            ),
            (
                "-- migrate:down\n",
                "1: '-- migrate:down' before '-- migrate:up'",
            ),
            (
                "-- migrate:up\n-- migrate:down\n-- migrate:up\n",
                "3: a second '-- migrate:up'; a migration has one, before '-- migrate:down'",
            ),
            (
                "-- migrate:up transaction:no\n",
                "1: 'transaction:no' is no option of '-- migrate:up'; there are transaction:true and transaction:false",
            ),
        ] {
            assert_eq!(up(text), Err(error.to_owned()));
        }
    }

    #[test]
    fn transaction_false_is_obeyed() {
        let modes = |text: &str| Dbmate.directives("1.sql", text.as_bytes(), None).tx_modes;
        assert_eq!(modes("-- migrate:up transaction:false\nA;\n"), ["none"]);
        assert!(modes("-- migrate:up\nA;\n-- migrate:down transaction:false\n").is_empty());
    }
}

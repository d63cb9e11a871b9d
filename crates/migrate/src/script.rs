//! A file as the list of its statements.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use shipgate_sql::{Comment, Construct, Dialect, SplitError, SplitErrorKind, SplitMode, Statement};

use crate::directory::{DirectoryError, File};
use crate::formats::{Part, PartError};
use crate::golang::Quoted;

/// The statements of a file.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    /// In order.
    pub statements: Vec<Statement<'a>>,
}

/// Why a file cannot be executed.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The file is no text.
    #[error(transparent)]
    Text(#[from] DirectoryError),
    /// The file cannot be taken apart into statements.
    #[error("sql/migrate: scanning statements from {}: {}", Quoted(.file), describe(.error, *.byte_column))]
    Scan {
        /// The file.
        file: String,
        /// What is wrong where.
        error: SplitError,
        /// The column in bytes, from 1.
        byte_column: usize,
    },
    /// The marks of the file's layout are not as they must be.
    #[error("sql/migrate: {format}: {file}:{} {error}", .error.line)]
    Parts {
        /// The layout's name.
        format: &'static str,
        /// The file.
        file: String,
        /// What is wrong where.
        error: PartError,
    },
}

impl<'a> Script<'a> {
    /// Takes a file apart.
    ///
    /// # Errors
    /// It is no text, or something in it is opened and not closed.
    pub fn of(file: &'a File, dialect: Dialect, mode: SplitMode) -> Result<Self, ScriptError> {
        let text = file.text()?;
        let parts = file
            .format()
            .parts(text, dialect)
            .map_err(|error| parts_error(file, error))?;
        let mut statements = Vec::new();
        for part in parts {
            statements.extend(part_statements(file, text, &part, dialect, mode)?);
        }
        Ok(Self { statements })
    }

    /// One hash per statement over the texts of all statements up to it, as
    /// `partial_hashes` keeps them: `h1:<base64 SHA-256>`.
    #[must_use]
    pub fn partial_hashes(&self) -> Vec<String> {
        let mut running = Sha256::new();
        self.statements
            .iter()
            .map(|statement| {
                running.update(statement.text);
                format!("h1:{}", STANDARD.encode(running.clone().finalize()))
            })
            .collect()
    }
}

/// The statements of a part, with their places in the whole file.
pub(crate) fn part_statements<'a>(
    file: &File,
    text: &'a str,
    part: &Part,
    dialect: Dialect,
    mode: SplitMode,
) -> Result<Vec<Statement<'a>>, ScriptError> {
    let range = part.range().clone();
    let place = shipgate_sql::position(text, range.start);
    let mut statements: Vec<Statement<'a>> =
        shipgate_sql::statements(dialect, mode, &text[range.clone()])
            .collect::<Result<_, _>>()
            .map_err(|mut error| {
                error.span = error.span.start + range.start..error.span.end + range.start;
                error.line += place.line - 1;
                ScriptError::Scan {
                    file: file.name().to_owned(),
                    byte_column: byte_column(text, error.span.start),
                    error,
                }
            })?;
    let of_line = |line: usize| line + place.line - 1;
    for statement in &mut statements {
        statement.span = statement.span.start + range.start..statement.span.end + range.start;
        statement.line = of_line(statement.line);
        for Comment { span, line, .. } in &mut statement.comments {
            *span = span.start + range.start..span.end + range.start;
            *line = of_line(*line);
        }
    }
    if let (Part::Statement(_), [first, .., last]) = (part, statements.as_slice()) {
        let whole = first.span.start..last.span.end;
        let mut statement = first.clone();
        statement.text = &text[whole.clone()];
        statement.span = whole;
        return Ok(vec![statement]);
    }
    Ok(statements)
}

pub(crate) fn parts_error(file: &File, error: PartError) -> ScriptError {
    ScriptError::Parts {
        format: file.format().name(),
        file: file.name().to_owned(),
        error,
    }
}

fn byte_column(text: &str, offset: usize) -> usize {
    let before = &text.as_bytes()[..offset.min(text.len())];
    before.len()
        - before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |at| at + 1)
        + 1
}

/// The splitter's error; where Atlas has words for it, in those.
fn describe(error: &SplitError, byte_column: usize) -> String {
    let at = format!("{}:{byte_column}", error.line);
    match &error.kind {
        SplitErrorKind::Unterminated(Construct::Quote('\'')) => {
            format!(r"{at}: unclosed quote '\''")
        }
        SplitErrorKind::Unterminated(Construct::Quote(quote @ ('"' | '`'))) => {
            format!("{at}: unclosed quote '{quote}'")
        }
        SplitErrorKind::EmptyDelimiter => "empty delimiter".to_owned(),
        SplitErrorKind::NothingAfterDelimiter(delimiter) => {
            format!("1:0: no input found after delimiter {}", Quoted(delimiter))
        }
        kind @ (SplitErrorKind::Unterminated(Construct::Parenthesis)
        | SplitErrorKind::UnexpectedParenthesis) => format!("{at}: {kind}"),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use shipgate_sql::{Dialect, SplitMode};

    use super::Script;
    use crate::testing::files;

    #[test]
    fn partial_hashes_run_over_the_statement_texts() {
        let files = files(&[(
            "1_a.sql",
            "-- t2\nCREATE TABLE t2 (id int);\nINSERT INTO t2 VALUES (1);\n",
        )]);
        for mode in [SplitMode::Own, SplitMode::AtlasCompatible] {
            let script = Script::of(&files[0], Dialect::Sqlite, mode).unwrap();
            assert_eq!(
                script.partial_hashes(),
                [
                    "h1:QDcoTFqEz0YCU+POC8UMX8pNYOUYvUS39IfDwzVpnmU=",
                    "h1:0PVTLqVgGtpUfjsQBuMMF7SYOnQ3Puw+jDdGlreBmc8=",
                ]
            );
        }
    }

    #[test]
    fn what_is_not_closed_is_named_with_its_place() {
        for (content, error) in [
            (
                "SELECT 'a;",
                r#"sql/migrate: scanning statements from "1_a.sql": 1:8: unclosed quote '\''"#,
            ),
            (
                "SELECT 1;\nSELECT \"\u{e9}\", \"b;",
                r#"sql/migrate: scanning statements from "1_a.sql": 2:14: unclosed quote '"'"#,
            ),
            (
                "-- atlas:delimiter \nSELECT 1",
                r#"sql/migrate: scanning statements from "1_a.sql": empty delimiter"#,
            ),
            (
                "-- atlas:delimiter X",
                r#"sql/migrate: scanning statements from "1_a.sql": 1:0: no input found after delimiter "X""#,
            ),
        ] {
            let files = files(&[("1_a.sql", content)]);
            let script = Script::of(&files[0], Dialect::Sqlite, SplitMode::Own);
            assert_eq!(script.unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn of_an_archive_the_migration_alone_is_executed() {
        let content = "-- atlas:txtar\n\n-- migration.sql --\nCREATE TABLE t (a);\n\n-- down.sql --\nDROP TABLE t;\n";
        let files = files(&[("1_a.sql", content)]);
        let script = Script::of(&files[0], Dialect::Sqlite, SplitMode::Own).unwrap();
        let statements: Vec<_> = script
            .statements
            .iter()
            .map(|statement| (statement.text, statement.line, statement.span.start))
            .collect();
        let start = content.find("CREATE").unwrap();
        assert_eq!(statements, [("CREATE TABLE t (a);", 4, start)]);
    }
}

//! A text as its statements.

use std::borrow::Cow;
use std::ops::Range;

use shipgate_sql::{Comment, Dialect, SplitMode, Statement};

use super::error::{ScriptError, byte_column, parts_error};
use super::unit::Unit;
use crate::directory::File;
use crate::formats::Part;

/// A file's text with the places of its statements.
#[derive(Clone, Debug)]
pub(super) struct Held<'a> {
    text: Cow<'a, str>,
    dialect: Dialect,
    places: Vec<Place>,
}

#[derive(Clone, Debug)]
struct Place {
    span: Range<usize>,
    line: usize,
    column: usize,
    rows: Option<Range<usize>>,
}

impl<'a> Held<'a> {
    pub(super) fn of(
        file: &'a File,
        dialect: Dialect,
        mode: SplitMode,
    ) -> Result<Self, ScriptError> {
        let text = file.text()?;
        let places = statements_of(file, &text, dialect, mode)?
            .into_iter()
            .map(|statement| Place {
                span: statement.span,
                line: statement.line,
                column: statement.column,
                rows: statement.data.map(|data| data.span),
            })
            .collect();
        Ok(Self {
            text,
            dialect,
            places,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The statement at `index`, from 0.
    pub(super) fn unit(&self, index: usize) -> Option<Unit<'_>> {
        let place = self.places.get(index)?;
        Some(Unit::new(
            self.dialect,
            index + 1,
            &self.text[place.span.clone()],
            place.span.start,
            (place.line, place.column),
        ))
    }

    /// The rows that follow the statement at `index`, if it reads any.
    pub(super) fn rows(&self, index: usize) -> Option<&str> {
        let rows = self.places.get(index)?.rows.clone()?;
        Some(&self.text[rows])
    }
}

/// The statements of a file's text, part by part.
pub(crate) fn statements_of<'a>(
    file: &File,
    text: &'a str,
    dialect: Dialect,
    mode: SplitMode,
) -> Result<Vec<Statement<'a>>, ScriptError> {
    let parts = file
        .format()
        .parts(text, dialect)
        .map_err(|error| parts_error(file, error))?;
    let mut statements = Vec::new();
    for part in parts {
        statements.extend(part_statements(file, text, &part, dialect, mode)?);
    }
    Ok(statements)
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

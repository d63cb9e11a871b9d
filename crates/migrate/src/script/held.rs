//! A text as its statements.

use std::borrow::Cow;
use std::ops::Range;

use shipgate_sql::{Comment, Dialect, SplitMode, SplitOptions, Statement};

use super::error::{ScriptError, byte_column, parts_error};
use super::syntax::Syntax;
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
    /// What the session has set behind it, as far as the text tells.
    options: SplitOptions,
}

impl<'a> Held<'a> {
    pub(super) fn of(file: &'a File, syntax: Syntax, mode: SplitMode) -> Result<Self, ScriptError> {
        let text = file.text()?;
        let places = cut(file, &text, syntax, mode)?
            .into_iter()
            .map(|Cut { statement, options }| Place {
                span: statement.span,
                line: statement.line,
                column: statement.column,
                rows: statement.data.map(|data| data.span),
                options,
            })
            .collect();
        Ok(Self {
            text,
            dialect: syntax.dialect(),
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

    /// What the session has set behind the statement at `index`.
    pub(super) fn options(&self, index: usize) -> Option<SplitOptions> {
        Some(self.places.get(index)?.options)
    }

    /// The rows that follow the statement at `index`, if it reads any.
    pub(super) fn rows(&self, index: usize) -> Option<&str> {
        let rows = self.places.get(index)?.rows.clone()?;
        Some(&self.text[rows])
    }
}

/// A statement, and what the session has set behind it.
struct Cut<'a> {
    statement: Statement<'a>,
    options: SplitOptions,
}

/// The statements of a file's text, part by part.
pub(crate) fn statements_of<'a>(
    file: &File,
    text: &'a str,
    syntax: impl Into<Syntax>,
    mode: SplitMode,
) -> Result<Vec<Statement<'a>>, ScriptError> {
    let cuts = cut(file, text, syntax.into(), mode)?;
    Ok(cuts.into_iter().map(|cut| cut.statement).collect())
}

fn cut<'a>(
    file: &File,
    text: &'a str,
    mut syntax: Syntax,
    mode: SplitMode,
) -> Result<Vec<Cut<'a>>, ScriptError> {
    let parts = file
        .format()
        .parts(text, syntax.dialect())
        .map_err(|error| parts_error(file, error))?;
    let mut cuts = Vec::new();
    for part in parts {
        cut_part(file, text, &part, &mut syntax, mode, &mut cuts)?;
    }
    Ok(cuts)
}

/// The statements of a part, with their places in the whole file.
pub(crate) fn part_statements<'a>(
    file: &File,
    text: &'a str,
    part: &Part,
    mut syntax: Syntax,
) -> Result<Vec<Statement<'a>>, ScriptError> {
    let mut cuts = Vec::new();
    cut_part(file, text, part, &mut syntax, SplitMode::Own, &mut cuts)?;
    Ok(cuts.into_iter().map(|cut| cut.statement).collect())
}

fn cut_part<'a>(
    file: &File,
    text: &'a str,
    part: &Part,
    syntax: &mut Syntax,
    mode: SplitMode,
    cuts: &mut Vec<Cut<'a>>,
) -> Result<(), ScriptError> {
    let range = part.range().clone();
    let place = shipgate_sql::position(text, range.start);
    let of_line = |line: usize| file.line_on_disk(line + place.line - 1);
    let first = cuts.len();
    for statement in syntax.statements(mode, &text[range.clone()]) {
        let mut statement = statement.map_err(|mut error| {
            error.span = error.span.start + range.start..error.span.end + range.start;
            error.line = of_line(error.line);
            ScriptError::Scan {
                file: file.name().to_owned(),
                byte_column: byte_column(text, error.span.start),
                error,
            }
        })?;
        statement.span = statement.span.start + range.start..statement.span.end + range.start;
        statement.line = of_line(statement.line);
        for Comment { span, line, .. } in &mut statement.comments {
            *span = span.start + range.start..span.end + range.start;
            *line = of_line(*line);
        }
        syntax.pass(&statement);
        let options = syntax.options();
        cuts.push(Cut { statement, options });
    }
    if let (Part::Statement(_), [_, .., last]) = (part, &cuts[first..]) {
        let (end, options) = (last.statement.span.end, last.options);
        cuts.truncate(first + 1);
        let whole = &mut cuts[first];
        whole.options = options;
        whole.statement.span.end = end;
        whole.statement.text = &text[whole.statement.span.clone()];
    }
    Ok(())
}

//! What splitting yields.

use std::ops::Range;

use crate::StatementKind;

/// One statement of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// The statement as written, with its `;` if it has one (a delimiter set
    /// by `-- atlas:delimiter` is not part of it). Starts and ends with a
    /// character that is neither blank nor part of a comment.
    pub text: &'a str,
    /// Bytes of the script that `text` is.
    pub span: Range<usize>,
    /// Line of its first character, from 1.
    pub line: usize,
    /// Column of its first character, in characters, from 1.
    pub column: usize,
    /// What it does.
    pub kind: StatementKind<'a>,
    /// The rows of a [`StatementKind::CopyFromStdin`].
    pub data: Option<CopyData<'a>>,
    /// The comments directly before it: a blank line ends the group, and a
    /// comment on the line of the statement before belongs to that one.
    pub comments: Vec<Comment<'a>>,
}

/// What follows `COPY ... FROM STDIN;` in a script, up to the line `\.`,
/// which is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyData<'a> {
    /// The lines with their line ends.
    pub text: &'a str,
    /// Bytes of the script that `text` is.
    pub span: Range<usize>,
    /// Line of its first row, from 1.
    pub line: usize,
}

/// A comment before a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment<'a> {
    /// The comment with its marks, without the line end of a line comment.
    pub text: &'a str,
    /// Bytes of the script that `text` is.
    pub span: Range<usize>,
    /// Line of its first character, from 1.
    pub line: usize,
}

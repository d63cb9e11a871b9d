//! Why a text could not be split.

use std::fmt;
use std::ops::Range;

use crate::position;

/// Why a text could not be split, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitError {
    /// What is wrong.
    pub kind: SplitErrorKind,
    /// The bytes it is about.
    pub span: Range<usize>,
    /// Line of the span's first byte, from 1.
    pub line: usize,
    /// Column of the span's first byte, in characters, from 1.
    pub column: usize,
}

/// What is wrong with a text.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SplitErrorKind {
    /// The byte is not part of valid UTF-8.
    InvalidUtf8(u8),
    /// A NUL byte: every database would stop reading there.
    NulByte,
    /// Something was opened and never closed.
    Unterminated(Construct),
    /// A command of the `sqlite3` shell, which the database does not know.
    DotCommand(String),
    /// A command of psql or of the `mysql` client, which the database does not
    /// know.
    ClientCommand(String),
    /// Text on the line of `COPY ... FROM STDIN;`, whose data begins on the next.
    TextAfterCopy,
    /// A `--` comment holds a carriage return and text after it: an editor
    /// shows that text as code, the database reads it as comment.
    CommentHidesText,
    /// `-- atlas:delimiter` without a delimiter.
    EmptyDelimiter,
    /// `-- atlas:delimiter` and then nothing.
    NothingAfterDelimiter(String),
    /// A delimiter of more than 255 bytes.
    DelimiterTooLong,
    /// A backslash in the argument of `DELIMITER`.
    BackslashInDelimiter,
    /// A statement of more bytes than the splitter was told to hold.
    StatementTooLong {
        /// The most it may hold.
        limit: usize,
    },
    /// A `)` without its `(` (compatible mode only).
    UnexpectedParenthesis,
    /// Words `BEGIN` nest so that reading on would take more than linear
    /// time (compatible mode only).
    TooEntangled,
}

/// What can be opened and not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Construct {
    /// Between these two characters; with the first one given.
    Quote(char),
    /// `/* */`.
    BlockComment,
    /// `CREATE TRIGGER` without its `; END`.
    Trigger,
    /// `( )` (PostgreSQL, and compatible mode).
    Parenthesis,
    /// `$tag$ ... $tag$`.
    DollarQuote,
    /// `BEGIN ... END` and the blocks in it.
    Block,
    /// The data of `COPY ... FROM STDIN`.
    CopyData,
}

impl SplitError {
    pub(crate) fn new(kind: SplitErrorKind, span: Range<usize>, text: &str) -> Self {
        let place = position(text, span.start);
        Self {
            kind,
            span,
            line: place.line,
            column: place.column,
        }
    }
}

impl SplitErrorKind {
    /// What would be right.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::InvalidUtf8(_) => "save the file as UTF-8",
            Self::NulByte => "remove the byte; if the file is UTF-16, save it as UTF-8",
            Self::Unterminated(Construct::Quote('[')) => "close the name with `]`",
            Self::Unterminated(Construct::Quote(_)) => {
                "close it with the same quote; inside, write the quote twice"
            }
            Self::Unterminated(Construct::BlockComment) => "close the comment with `*/`",
            Self::Unterminated(Construct::Trigger) => {
                "a trigger is `CREATE TRIGGER ... BEGIN statement; ... END;`"
            }
            Self::Unterminated(Construct::Parenthesis) => "close it with `)`",
            Self::DotCommand(_) => {
                "commands that begin with a dot belong to the sqlite3 shell: write the SQL itself"
            }
            Self::Unterminated(Construct::DollarQuote) => {
                "close the string with the tag that opened it"
            }
            Self::Unterminated(Construct::Block) => {
                "close each block with its END, and end a routine with `END;`"
            }
            Self::Unterminated(Construct::CopyData) => {
                "end the data with a line that is `\\.` and nothing else"
            }
            Self::ClientCommand(_) => {
                "commands of psql or the mysql client mean nothing to the database: write the SQL itself"
            }
            Self::TextAfterCopy => {
                "begin the data on the next line, and statements after its `\\.`"
            }
            Self::BackslashInDelimiter => "use a delimiter without a backslash, for example `//`",
            Self::StatementTooLong { .. } => "split the statement, or allow more memory",
            Self::CommentHidesText => {
                "end lines with a line feed (or CR LF); the database does not end a comment at a lone CR"
            }
            Self::EmptyDelimiter => {
                "name it on the same line, for example `-- atlas:delimiter \\n\\n` or `DELIMITER //`"
            }
            Self::NothingAfterDelimiter(_) => "write the statements below the line",
            Self::DelimiterTooLong => "use a delimiter of at most 255 bytes",
            Self::UnexpectedParenthesis => "remove it or open it before",
            Self::TooEntangled => "end each BEGIN block with `END;`",
        }
    }
}

impl fmt::Display for SplitErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidUtf8(byte) => write!(f, "byte 0x{byte:02X} is not valid UTF-8"),
            Self::NulByte => f.write_str("NUL byte in SQL"),
            Self::Unterminated(Construct::Quote('\'')) => f.write_str("unterminated '...' string"),
            Self::Unterminated(Construct::Quote('"')) => f.write_str("unterminated \"...\" name"),
            Self::Unterminated(Construct::Quote('`')) => f.write_str("unterminated `...` name"),
            Self::Unterminated(Construct::Quote('[')) => f.write_str("unterminated [...] name"),
            Self::Unterminated(Construct::Quote(quote)) => write!(f, "unterminated {quote}"),
            Self::Unterminated(Construct::BlockComment) => {
                f.write_str("unterminated /* ... */ comment")
            }
            Self::Unterminated(Construct::Trigger) => {
                f.write_str("CREATE TRIGGER without `; END` after its last statement")
            }
            Self::Unterminated(Construct::Parenthesis) => f.write_str("unclosed '('"),
            Self::Unterminated(Construct::DollarQuote) => {
                f.write_str("unterminated dollar-quoted string")
            }
            Self::Unterminated(Construct::Block) => f.write_str("block without its END"),
            Self::Unterminated(Construct::CopyData) => {
                f.write_str("COPY data without its last line `\\.`")
            }
            Self::DotCommand(command) | Self::ClientCommand(command) => {
                write!(f, "`{command}` is not SQL")
            }
            Self::TextAfterCopy => f.write_str("text after COPY ... FROM STDIN on its line"),
            Self::BackslashInDelimiter => f.write_str("backslash in a delimiter"),
            Self::StatementTooLong { limit } => {
                write!(f, "statement longer than {limit} bytes")
            }
            Self::CommentHidesText => {
                f.write_str("text after a lone carriage return is part of the comment before it")
            }
            Self::EmptyDelimiter => f.write_str("the line names no delimiter"),
            Self::NothingAfterDelimiter(delimiter) => {
                write!(f, "no statement after delimiter {delimiter:?}")
            }
            Self::DelimiterTooLong => f.write_str("delimiter longer than 255 bytes"),
            Self::UnexpectedParenthesis => f.write_str("unexpected ')'"),
            Self::TooEntangled => f.write_str("BEGIN blocks without END nest too deeply"),
        }
    }
}

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.kind)
    }
}

impl std::error::Error for SplitError {}

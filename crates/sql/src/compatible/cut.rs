//! One statement, as Atlas cuts it.

use std::ops::Range;

use super::blocks::{Blocks, Rule};
use super::script::Script;
use crate::delimiter::Delimiter;
use crate::token::run;
use crate::{Construct, SplitErrorKind};

/// A statement that was cut off the script.
pub(super) struct Cut {
    pub(super) text: Range<usize>,
    /// Comments before it; a line comment with its line end.
    pub(super) comments: Vec<Range<usize>>,
    /// Where the next statement begins.
    pub(super) end: usize,
}

/// Why cutting stopped.
pub(super) struct Fault {
    pub(super) kind: SplitErrorKind,
    pub(super) span: Range<usize>,
}

/// A cut, or the end of the script, or a fault; and how far was read for it.
pub(super) struct Outcome {
    pub(super) result: Result<Option<Cut>, Fault>,
    pub(super) read_to: usize,
}

/// The first byte from `at` on that is neither blank nor in a comment.
pub(super) fn statement_start(script: Script<'_>, at: usize) -> usize {
    let mut head = Head::new(script, at);
    while head.skip_comment() {}
    head.begin
}

/// Cuts the statement that begins at or after `at`.
pub(super) fn next(
    script: Script<'_>,
    at: usize,
    delimiter: &Delimiter,
    blocks: Option<&Blocks>,
) -> Outcome {
    let bytes = script.text.as_bytes();
    let mut head = Head::new(script, at);
    let mut at = head.begin;
    let mut open = 0_usize;
    let mut first_open = 0;
    let fault = |kind, at: usize, read_to| Outcome {
        result: Err(Fault {
            kind,
            span: at..at + 1,
        }),
        read_to,
    };
    let ending = delimiter.as_bytes()[0];
    loop {
        at += run(&bytes[at..], |byte| is_plain(byte) && byte != ending);
        let Some(byte) = bytes.get(at) else { break };
        match byte {
            b'(' => {
                if open == 0 {
                    first_open = at;
                }
                open += 1;
                at += 1;
            }
            b')' if open == 0 => return fault(SplitErrorKind::UnexpectedParenthesis, at, at + 1),
            b')' => {
                open -= 1;
                at += 1;
            }
            b'\'' | b'"' | b'`' => match script.quote_end(at) {
                Some(end) => at = end,
                None => {
                    let construct = Construct::Quote(char::from(*byte));
                    return fault(SplitErrorKind::Unterminated(construct), at, bytes.len());
                }
            },
            _ if open == 0 && bytes[at..].starts_with(delimiter.as_bytes()) => {
                let end = at + delimiter.as_bytes().len();
                let stop = if delimiter.is_semicolon() { end } else { at };
                return head.cut(stop, end);
            }
            b'$' => at = script.dollar_end(at).unwrap_or(at + 1),
            b'-' | b'/' | b'#' if at == head.begin && head.skip_comment() => at = head.begin,
            b'-' | b'/' | b'#' => at = script.comment_end(at).unwrap_or(at + 1),
            b'b' | b'B' => {
                let after_blank = at == head.begin || is_blank(bytes[at - 1]);
                let found = blocks.zip(script.body(at)).and_then(|(blocks, body)| {
                    let matters = after_blank || body.rule == Rule::StartsWithEnd;
                    matters.then(|| blocks.end(body)).flatten()
                });
                match found {
                    Some(end) => return head.cut(end, end),
                    None => at += 1,
                }
            }
            _ => at += 1,
        }
    }
    if open > 0 {
        let kind = SplitErrorKind::Unterminated(Construct::Parenthesis);
        return fault(kind, first_open, bytes.len());
    }
    if at > head.begin {
        // Atlas cuts the delimiter off the last text even where it is part of
        // a comment.
        let last = &bytes[head.begin..at];
        let stop = match last.strip_suffix(delimiter.as_bytes()) {
            Some(rest) if !delimiter.is_semicolon() => head.begin + rest.len(),
            _ => at,
        };
        return head.cut(stop, at);
    }
    Outcome {
        result: Ok(None),
        read_to: at,
    }
}

/// Whether a byte never means anything by itself but as part of a delimiter.
fn is_plain(byte: u8) -> bool {
    const PLAIN: [bool; 256] = {
        let mut plain = [true; 256];
        let special = b"()'\"`$-/#bB";
        let mut at = 0;
        while at < special.len() {
            plain[special[at] as usize] = false;
            at += 1;
        }
        plain
    };
    PLAIN[usize::from(byte)]
}

/// What `\s` matches in Atlas's expressions.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0C)
}

/// The start of a statement and the comments met on the way to it.
struct Head<'a> {
    script: Script<'a>,
    begin: usize,
    comments: Vec<Range<usize>>,
}

impl<'a> Head<'a> {
    fn new(script: Script<'a>, at: usize) -> Self {
        Self {
            script,
            begin: skip_blanks(script.text, at),
            comments: Vec::new(),
        }
    }

    /// Moves the statement's start behind a comment that stands there.
    fn skip_comment(&mut self) -> bool {
        let start = self.begin;
        let Some(end) = self.script.comment_end(start) else {
            return false;
        };
        self.comments.push(start..end);
        let rest = &self.script.text[end..];
        let is_line = !self.script.text[start..].starts_with('/');
        if rest.starts_with("\n\n") || (is_line && rest.starts_with('\n')) {
            self.comments.clear();
        }
        self.begin = skip_blanks(self.script.text, end);
        true
    }

    fn cut(self, stop: usize, end: usize) -> Outcome {
        let raw = &self.script.text[self.begin..stop];
        let text = self.begin..self.begin + raw.trim_end().len();
        Outcome {
            result: Ok(Some(Cut {
                text,
                comments: self.comments,
                end,
            })),
            read_to: end,
        }
    }
}

fn skip_blanks(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start().len()
}

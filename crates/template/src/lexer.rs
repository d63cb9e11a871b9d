//! A template's text as tokens.

use crate::print::unicode_notation;
use crate::quote::Quoted;
use crate::token::{Kind, Token};

const LEFT: &str = "{{";
const RIGHT: &str = "}}";
const LEFT_COMMENT: &str = "/*";
const RIGHT_COMMENT: &str = "*/";
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];
/// `- ` after a left delimiter, ` -` before a right one.
const TRIM_MARKER: usize = 2;

/// Cuts a template into tokens, one at a time.
#[derive(Debug)]
pub(crate) struct Lexer<'t> {
    input: &'t str,
    position: usize,
    /// Where the token at hand begins.
    start: usize,
    line: usize,
    start_line: usize,
    inside_action: bool,
    parentheses: usize,
    /// Whether `break` and `continue` are keywords, which a function of that
    /// name takes from them.
    keywords: LoopKeywords,
}

/// Which of the keywords that came late to the language are not functions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoopKeywords {
    pub(crate) break_: bool,
    pub(crate) continue_: bool,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(input: &'t str, keywords: LoopKeywords) -> Self {
        Self {
            input,
            position: 0,
            start: 0,
            line: 1,
            start_line: 1,
            inside_action: false,
            parentheses: 0,
            keywords,
        }
    }

    /// The next token; after the end or an error: [`Kind::Eof`] for ever.
    pub(crate) fn next_token(&mut self) -> Token {
        if self.inside_action {
            self.action()
        } else {
            self.text()
        }
    }

    fn rest(&self) -> &'t str {
        &self.input[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        if next == '\n' {
            self.line += 1;
        }
        Some(next)
    }

    fn accept(&mut self, accepted: impl Fn(char) -> bool) -> bool {
        let found = self.peek().is_some_and(accepted);
        if found {
            self.bump();
        }
        found
    }

    fn accept_run(&mut self, accepted: impl Fn(char) -> bool) {
        while self.accept(&accepted) {}
    }

    fn taken(&self) -> &'t str {
        &self.input[self.start..self.position]
    }

    fn token(&mut self, kind: Kind) -> Token {
        let token = Token {
            kind,
            position: self.start,
            text: self.taken().to_owned(),
            line: self.start_line,
        };
        self.start = self.position;
        self.start_line = self.line;
        token
    }

    /// Moves on over text whose newlines were not counted.
    fn skip(&mut self, length: usize) {
        self.count_lines(length);
        self.position += length;
        self.start = self.position;
        self.start_line = self.line;
    }

    fn count_lines(&mut self, length: usize) {
        let passed = &self.rest().as_bytes()[..length];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
    }

    fn error(&mut self, text: String) -> Token {
        let token = Token {
            kind: Kind::Error,
            position: self.start,
            text,
            line: self.start_line,
        };
        self.input = "";
        self.position = 0;
        self.start = 0;
        self.inside_action = false;
        token
    }

    /// What stands before the next action, or the action's left delimiter.
    fn text(&mut self) -> Token {
        loop {
            let Some(length) = self.rest().find(LEFT) else {
                let length = self.rest().len();
                if length == 0 {
                    let mut token = self.token(Kind::Eof);
                    token.text = "EOF".to_owned();
                    return token;
                }
                self.count_lines(length);
                self.position += length;
                return self.token(Kind::Text);
            };
            if length > 0 {
                let (text, after) = self.rest().split_at(length);
                let kept = if has_left_trim_marker(&after[LEFT.len()..]) {
                    text.trim_end_matches(SPACES).len()
                } else {
                    length
                };
                self.count_lines(kept);
                self.position += kept;
                let token = self.token(Kind::Text);
                self.skip(length - kept);
                if kept > 0 {
                    return token;
                }
            }
            match self.left_delimiter() {
                Some(token) => return token,
                // A comment, and what follows it.
                None => continue,
            }
        }
    }

    /// The left delimiter, or none if it begins a comment, which is passed.
    fn left_delimiter(&mut self) -> Option<Token> {
        self.position += LEFT.len();
        let marker = if has_left_trim_marker(self.rest()) {
            TRIM_MARKER
        } else {
            0
        };
        if self.rest()[marker..].starts_with(LEFT_COMMENT) {
            self.skip(marker);
            return self.comment();
        }
        let token = self.token(Kind::LeftDelimiter);
        self.inside_action = true;
        self.skip(marker);
        self.parentheses = 0;
        Some(token)
    }

    /// Passes a comment; the error if it is none.
    fn comment(&mut self) -> Option<Token> {
        let Some(length) = self.rest()[LEFT_COMMENT.len()..].find(RIGHT_COMMENT) else {
            return Some(self.error("unclosed comment".to_owned()));
        };
        let length = LEFT_COMMENT.len() + length + RIGHT_COMMENT.len();
        self.count_lines(length);
        self.position += length;
        match self.at_right_delimiter() {
            None => Some(self.error("comment ends before closing delimiter".to_owned())),
            Some(trims) => {
                self.skip(RIGHT.len() + if trims { TRIM_MARKER } else { 0 });
                self.trim_after(trims);
                None
            }
        }
    }

    /// Passes the blanks behind a right delimiter that trims.
    fn trim_after(&mut self, trims: bool) {
        if trims {
            let rest = self.rest();
            self.skip(rest.len() - rest.trim_start_matches(SPACES).len());
        }
    }

    /// Whether a right delimiter is next, and then whether it trims.
    fn at_right_delimiter(&self) -> Option<bool> {
        let rest = self.rest();
        if has_right_trim_marker(rest) && rest[TRIM_MARKER..].starts_with(RIGHT) {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    fn right_delimiter(&mut self, trims: bool) -> Token {
        if trims {
            self.skip(TRIM_MARKER);
        }
        self.position += RIGHT.len();
        let token = self.token(Kind::RightDelimiter);
        self.trim_after(trims);
        self.inside_action = false;
        token
    }

    fn action(&mut self) -> Token {
        if let Some(trims) = self.at_right_delimiter() {
            if self.parentheses == 0 {
                return self.right_delimiter(trims);
            }
            return self.error("unclosed left paren".to_owned());
        }
        let Some(first) = self.peek() else {
            return self.error("unclosed action".to_owned());
        };
        match first {
            first if SPACES.contains(&first) => self.space(),
            '+' | '-' | '0'..='9' => self.number(),
            '.' if self.rest()[1..].starts_with(|next: char| next.is_ascii_digit())
                || self.rest().len() == 1 =>
            {
                self.number()
            }
            first if is_alphanumeric(first) => self.identifier(),
            _ => {
                self.bump();
                self.mark(first)
            }
        }
    }

    /// What begins with a character that says what it is; it is taken.
    fn mark(&mut self, first: char) -> Token {
        match first {
            '=' => self.token(Kind::Assign),
            ':' => {
                if self.bump() == Some('=') {
                    self.token(Kind::Declare)
                } else {
                    self.error("expected :=".to_owned())
                }
            }
            '|' => self.token(Kind::Pipe),
            '"' => self.quoted('"', Kind::String, "unterminated quoted string"),
            '\'' => self.quoted('\'', Kind::CharConstant, "unterminated character constant"),
            '`' => self.raw_string(),
            '$' => self.name(Kind::Variable),
            '.' => self.name(Kind::Field),
            '(' => {
                self.parentheses += 1;
                self.token(Kind::LeftParenthesis)
            }
            ')' => match self.parentheses.checked_sub(1) {
                Some(left) => {
                    self.parentheses = left;
                    self.token(Kind::RightParenthesis)
                }
                None => self.error("unexpected right paren".to_owned()),
            },
            ' '..='~' => self.token(Kind::Char),
            _ => self.error(format!(
                "unrecognized character in action: {}",
                unicode_notation(u32::from(first))
            )),
        }
    }

    fn space(&mut self) -> Token {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(SPACES).len();
        // The last blank may belong to a right delimiter that trims.
        let after = &rest[length - 1..];
        let length = if has_right_trim_marker(after) && after[TRIM_MARKER..].starts_with(RIGHT) {
            length - 1
        } else {
            length
        };
        if length == 0 {
            return self.right_delimiter(true);
        }
        self.count_lines(length);
        self.position += length;
        self.token(Kind::Space)
    }

    fn identifier(&mut self) -> Token {
        self.accept_run(is_alphanumeric);
        if let Some(error) = self.without_end() {
            return error;
        }
        let word = self.taken();
        let kind = match Kind::keyword(word) {
            Some(Kind::Break) if !self.keywords.break_ => Kind::Identifier,
            Some(Kind::Continue) if !self.keywords.continue_ => Kind::Identifier,
            Some(keyword) => keyword,
            None if matches!(word, "true" | "false") => Kind::Bool,
            None => Kind::Identifier,
        };
        self.token(kind)
    }

    /// A field or a variable, whose first character is taken.
    fn name(&mut self, kind: Kind) -> Token {
        if self.at_end_of_word() {
            return self.token(if kind == Kind::Variable {
                kind
            } else {
                Kind::Dot
            });
        }
        self.accept_run(is_alphanumeric);
        match self.without_end() {
            Some(error) => error,
            None => self.token(kind),
        }
    }

    /// The error if a word is followed by what may not follow one.
    fn without_end(&mut self) -> Option<Token> {
        if self.at_end_of_word() {
            return None;
        }
        let next = self.peek().map_or(0, u32::from);
        Some(self.error(format!("bad character {}", unicode_notation(next))))
    }

    fn at_end_of_word(&self) -> bool {
        self.peek()
            .is_none_or(|next| SPACES.contains(&next) || ".,|:)(".contains(next))
            || self.rest().starts_with(RIGHT)
    }

    fn quoted(&mut self, quote: char, kind: Kind, unterminated: &str) -> Token {
        loop {
            let next = match self.bump() {
                Some('\\') => self.bump(),
                Some(next) if next == quote => return self.token(kind),
                next => next,
            };
            if matches!(next, None | Some('\n')) {
                return self.error(unterminated.to_owned());
            }
        }
    }

    fn raw_string(&mut self) -> Token {
        loop {
            match self.bump() {
                None => return self.error("unterminated raw quoted string".to_owned()),
                Some('`') => return self.token(Kind::RawString),
                Some(_) => {}
            }
        }
    }

    fn number(&mut self) -> Token {
        if self.scan_number() {
            if !self.rest().starts_with(['+', '-']) {
                return self.token(Kind::Number);
            }
            // The only sum there is: `1+2i`.
            if self.scan_number() && self.taken().ends_with('i') {
                return self.token(Kind::Complex);
            }
        }
        let text = format!("bad number syntax: {}", Quoted(self.taken()));
        self.error(text)
    }

    /// Takes what looks like a number; whether nothing else adheres to it.
    fn scan_number(&mut self) -> bool {
        self.accept(|next| matches!(next, '+' | '-'));
        let mut radix = 10;
        if self.accept(|next| next == '0') {
            if self.accept(|next| matches!(next, 'x' | 'X')) {
                radix = 16;
            } else if self.accept(|next| matches!(next, 'o' | 'O')) {
                radix = 8;
            } else if self.accept(|next| matches!(next, 'b' | 'B')) {
                radix = 2;
            }
        }
        let digit = |next: char| next == '_' || next.is_digit(radix);
        self.accept_run(digit);
        if self.accept(|next| next == '.') {
            self.accept_run(digit);
        }
        let exponent = |next: char| match radix {
            10 => matches!(next, 'e' | 'E'),
            16 => matches!(next, 'p' | 'P'),
            _ => false,
        };
        if self.accept(exponent) {
            self.accept(|next| matches!(next, '+' | '-'));
            self.accept_run(|next| next == '_' || next.is_ascii_digit());
        }
        self.accept(|next| next == 'i');
        !self.accept(is_alphanumeric)
    }
}

fn is_alphanumeric(letter: char) -> bool {
    letter == '_' || letter.is_alphanumeric()
}

fn has_left_trim_marker(text: &str) -> bool {
    text.strip_prefix('-')
        .is_some_and(|rest| rest.starts_with(SPACES))
}

fn has_right_trim_marker(text: &str) -> bool {
    text.strip_prefix(SPACES)
        .is_some_and(|rest| rest.starts_with('-'))
}

//! Letters to logical lines.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Name(String),
    Number(String),
    Text(String),
    /// A text with parts that are computed.
    Computed,
    Mark(char),
    /// `==`, `+=`, `->` and such: never an assignment.
    Operator(String),
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: usize,
}

/// One statement and how far it is indented.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) indent: usize,
    pub(super) tokens: Vec<Token>,
}

/// The logical lines of a text.
pub(super) fn statements(text: &str) -> Vec<Statement> {
    Lexer::new(text).statements()
}

struct Lexer {
    letters: Vec<char>,
    at: usize,
    line: usize,
}

impl Lexer {
    fn new(text: &str) -> Self {
        Self {
            letters: text.trim_start_matches('\u{feff}').chars().collect(),
            at: 0,
            line: 1,
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.letters.get(self.at + ahead).copied()
    }

    fn step(&mut self) -> Option<char> {
        let letter = self.peek(0)?;
        self.at += 1;
        if letter == '\n' {
            self.line += 1;
        }
        Some(letter)
    }

    fn statements(mut self) -> Vec<Statement> {
        let mut statements = Vec::new();
        let mut indent = self.indent();
        let mut tokens: Vec<Token> = Vec::new();
        let mut depth = 0_usize;
        let mut end = |tokens: &mut Vec<Token>, indent: usize| {
            if !tokens.is_empty() {
                statements.push(Statement {
                    indent,
                    tokens: std::mem::take(tokens),
                });
            }
        };
        while let Some(letter) = self.peek(0) {
            let line = self.line;
            let kind = match letter {
                '#' => {
                    while self.peek(0).is_some_and(|letter| letter != '\n') {
                        self.step();
                    }
                    continue;
                }
                '\\' => {
                    self.step();
                    if self.peek(0) == Some('\r') {
                        self.step();
                    }
                    self.step();
                    continue;
                }
                '\n' if depth == 0 => {
                    self.step();
                    end(&mut tokens, indent);
                    indent = self.indent();
                    continue;
                }
                ';' if depth == 0 => {
                    self.step();
                    end(&mut tokens, indent);
                    continue;
                }
                letter if letter.is_whitespace() => {
                    self.step();
                    continue;
                }
                '"' | '\'' => self.text(""),
                letter if letter.is_alphabetic() || letter == '_' => {
                    let word = self.word();
                    let is_prefix =
                        word.len() <= 2 && word.chars().all(|letter| "rRbBuUfFtT".contains(letter));
                    match self.peek(0) {
                        Some('"' | '\'') if is_prefix => self.text(&word),
                        _ => Kind::Name(word),
                    }
                }
                letter if letter.is_ascii_digit() => Kind::Number(self.word()),
                '(' | '[' | '{' => {
                    depth += 1;
                    self.step();
                    Kind::Mark(letter)
                }
                ')' | ']' | '}' => {
                    depth = depth.saturating_sub(1);
                    self.step();
                    Kind::Mark(letter)
                }
                letter => {
                    self.step();
                    match self.peek(0) {
                        Some('=') if "=!<>+-*/%&|^@:".contains(letter) => {
                            self.step();
                            Kind::Operator(format!("{letter}="))
                        }
                        Some('>') if letter == '-' => {
                            self.step();
                            Kind::Operator("->".to_owned())
                        }
                        _ => Kind::Mark(letter),
                    }
                }
            };
            tokens.push(Token { kind, line });
        }
        end(&mut tokens, indent);
        statements
    }

    /// How far the line that begins here is indented; a tab counts to the next 8.
    fn indent(&mut self) -> usize {
        let mut width = 0;
        while let Some(letter @ (' ' | '\t')) = self.peek(0) {
            width = if letter == ' ' {
                width + 1
            } else {
                (width / 8 + 1) * 8
            };
            self.at += 1;
        }
        width
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(letter) = self.peek(0)
            && (letter.is_alphanumeric() || letter == '_')
        {
            word.push(letter);
            self.at += 1;
        }
        word
    }

    fn text(&mut self, prefix: &str) -> Kind {
        let quote = self.step().unwrap_or('"');
        let is_raw = prefix.contains(['r', 'R']);
        let triple = self.peek(0) == Some(quote) && self.peek(1) == Some(quote);
        if triple {
            self.at += 2;
        }
        let mut text = String::new();
        loop {
            match self.peek(0) {
                None => break,
                Some('\n') if !triple => break,
                Some('\\') => {
                    self.step();
                    let Some(letter) = self.step() else { break };
                    match letter {
                        letter if is_raw => text.extend(['\\', letter]),
                        '\n' => {}
                        'n' => text.push('\n'),
                        't' => text.push('\t'),
                        letter @ ('\\' | '\'' | '"') => text.push(letter),
                        letter => text.extend(['\\', letter]),
                    }
                }
                Some(letter) if letter == quote && !triple => {
                    self.step();
                    break;
                }
                Some(letter)
                    if letter == quote
                        && self.peek(1) == Some(quote)
                        && self.peek(2) == Some(quote) =>
                {
                    self.at += 3;
                    break;
                }
                Some(letter) => {
                    self.step();
                    text.push(letter);
                }
            }
        }
        let is_computed = prefix.contains(['f', 'F', 't', 'T']) && text.contains('{');
        if is_computed || prefix.contains(['b', 'B']) {
            Kind::Computed
        } else {
            Kind::Text(text)
        }
    }
}

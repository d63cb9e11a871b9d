//! A value's words to a literal.

use super::lexer::{Kind, Token};
use super::{Constants, Literal};

/// Brackets within brackets beyond this are not followed.
const DEPTH: usize = 64;

pub(super) struct Reader<'a> {
    tokens: &'a [Token],
    constants: &'a Constants,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(tokens: &'a [Token], at: usize, constants: &'a Constants) -> Self {
        Self {
            tokens,
            constants,
            at,
            depth: 0,
        }
    }
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    /// A value up to the end of the statement; with bare commas a tuple.
    pub(super) fn whole(&mut self) -> Literal {
        let first = self.element();
        if self.peek().is_none() {
            return first;
        }
        let mut items = vec![first];
        while self.peek() == Some(&Kind::Mark(',')) {
            self.at += 1;
            if self.peek().is_some() {
                items.push(self.element());
            }
        }
        match self.peek() {
            None => Literal::Sequence(items),
            Some(_) => Literal::Computed(self.words(0)),
        }
    }

    /// A value up to a comma or closing bracket.
    pub(super) fn element(&mut self) -> Literal {
        let start = self.at;
        let mut value = self.primary();
        while self.peek() == Some(&Kind::Mark('+')) {
            self.at += 1;
            value = match (value, self.primary()) {
                (Literal::Text(one), Literal::Text(other)) => Literal::Text(one + &other),
                (Literal::Sequence(mut one), Literal::Sequence(other)) => {
                    one.extend(other);
                    Literal::Sequence(one)
                }
                _ => Literal::Computed(self.words(start)),
            };
        }
        match self.peek() {
            None | Some(Kind::Mark(',' | ')' | ']' | '}')) => value,
            Some(_) => {
                self.skip();
                Literal::Computed(self.words(start))
            }
        }
    }

    fn primary(&mut self) -> Literal {
        let Some(kind) = self.peek().cloned() else {
            return Literal::Computed(String::new());
        };
        self.at += 1;
        match kind {
            Kind::Name(name) => match name.as_str() {
                "None" => Literal::None,
                "True" => Literal::Truth(true),
                "False" => Literal::Truth(false),
                _ => match self.constants.get(&name) {
                    Some(value) => value.clone(),
                    None => Literal::Computed(name),
                },
            },
            Kind::Number(number) => Literal::Number(number),
            Kind::Text(mut text) => {
                while let Some(Kind::Text(more)) = self.peek() {
                    text.push_str(more);
                    self.at += 1;
                }
                Literal::Text(text)
            }
            Kind::Mark(open @ ('(' | '[' | '{')) if self.depth < DEPTH => {
                self.depth += 1;
                let sequence = self.sequence(open);
                self.depth -= 1;
                sequence
            }
            Kind::Computed | Kind::Mark(_) | Kind::Operator(_) => {
                Literal::Computed(self.words(self.at - 1))
            }
        }
    }

    fn sequence(&mut self, open: char) -> Literal {
        let start = self.at - 1;
        if open == '{' && self.is_key() {
            return self.pairs(start);
        }
        let close = match open {
            '(' => ')',
            '[' => ']',
            _ => '}',
        };
        let mut items = Vec::new();
        let mut has_comma = false;
        loop {
            match self.peek() {
                Some(Kind::Mark(mark)) if *mark == close => {
                    self.at += 1;
                    break;
                }
                Some(Kind::Mark(',')) => {
                    has_comma = true;
                    self.at += 1;
                }
                // A bracket that does not fit, or the end: no literal.
                None | Some(Kind::Mark(')' | ']' | '}')) => {
                    return Literal::Computed(self.words(start));
                }
                Some(_) => items.push(self.element()),
            }
        }
        match items.pop() {
            Some(only) if open == '(' && items.is_empty() && !has_comma => only,
            last => {
                items.extend(last);
                Literal::Sequence(items)
            }
        }
    }

    /// Whether a key of a dictionary comes.
    fn is_key(&self) -> bool {
        let colon = self.tokens.get(self.at + 1);
        colon.is_some_and(|token| token.kind == Kind::Mark(':'))
    }

    /// The rest of a dictionary; what it takes from others is left out.
    fn pairs(&mut self, start: usize) -> Literal {
        let mut pairs = Vec::new();
        loop {
            match self.peek() {
                Some(Kind::Mark('}')) => {
                    self.at += 1;
                    return Literal::Pairs(pairs);
                }
                Some(Kind::Mark(',')) => self.at += 1,
                None | Some(Kind::Mark(')' | ']')) => return Literal::Computed(self.words(start)),
                Some(_) if self.is_key() => {
                    let key = self.primary();
                    self.at += 1;
                    pairs.push((key, self.element()));
                }
                Some(_) => self.skip(),
            }
        }
    }

    /// Past what belongs to the value that began, up to its end.
    fn skip(&mut self) {
        let mut depth = 0_usize;
        while let Some(kind) = self.peek() {
            match kind {
                Kind::Mark('(' | '[' | '{') => depth += 1,
                Kind::Mark(')' | ']' | '}') if depth == 0 => break,
                Kind::Mark(')' | ']' | '}') => depth -= 1,
                Kind::Mark(',') if depth == 0 => break,
                _ => {}
            }
            self.at += 1;
        }
    }

    fn words(&self, start: usize) -> String {
        let end = self.at.min(self.tokens.len());
        self.tokens[start.min(end)..end]
            .iter()
            .map(|token| match &token.kind {
                Kind::Name(word) | Kind::Number(word) | Kind::Operator(word) => word.clone(),
                Kind::Text(text) => format!("'{text}'"),
                Kind::Computed => "f''".to_owned(),
                Kind::Mark(mark) => mark.to_string(),
            })
            .collect()
    }
}

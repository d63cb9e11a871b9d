//! Tokens to trees.

mod control;
mod pipeline;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::function::Functions;
use crate::lexer::{Lexer, LoopKeywords};
use crate::node::{Node, Tree};
use crate::quote::Quoted;
use crate::token::{Kind, Token};

/// A text that is no template: `template: NAME:LINE: what is wrong`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {place}:{line}: {message}")]
pub struct ParseError {
    /// The template's name.
    pub place: String,
    /// Where, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// How deep blocks and parentheses may be within each other.
pub(crate) const MAX_DEPTH: usize = 200;

/// Parses a text; the result holds it and what it defines, by name.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn parse(
    name: &str,
    text: &str,
    functions: &Functions,
) -> Result<BTreeMap<String, Tree>, ParseError> {
    let mut source = Source {
        place: name,
        text: text.into(),
        functions,
        lexer: Lexer::new(
            text,
            LoopKeywords {
                break_: !functions.contains("break"),
                continue_: !functions.contains("continue"),
            },
        ),
        trees: BTreeMap::new(),
        depth: 0,
    };
    let mut parser = Parser::new(&mut source);
    let root = parser.top()?;
    parser.add(name.to_owned(), root)?;
    Ok(source.trees)
}

/// What the parsers of one text share.
struct Source<'t> {
    place: &'t str,
    text: Arc<str>,
    functions: &'t Functions,
    lexer: Lexer<'t>,
    trees: BTreeMap<String, Tree>,
    depth: usize,
}

/// The parser of one template; each `define` and `block` has its own.
struct Parser<'s, 't> {
    source: &'s mut Source<'t>,
    /// Tokens that were read, the next one at `pushed - 1`. The first place
    /// keeps the last token read, whose line errors name.
    tokens: [Token; 3],
    pushed: usize,
    variables: Vec<String>,
    ranges: usize,
    /// Where the action at hand began, 0 outside of one.
    action_line: usize,
}

/// What ends a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Terminator {
    End,
    Else,
}

impl Terminator {
    const fn shown(self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

/// A node, or what ends the list of them.
enum Piece {
    Node(Node),
    Terminator(Terminator),
}

impl<'s, 't> Parser<'s, 't> {
    fn new(source: &'s mut Source<'t>) -> Self {
        let none = || Token {
            kind: Kind::Eof,
            position: 0,
            text: String::new(),
            line: 0,
        };
        Self {
            source,
            tokens: [none(), none(), none()],
            pushed: 0,
            variables: vec!["$".to_owned()],
            ranges: 0,
            action_line: 0,
        }
    }

    fn next(&mut self) -> Token {
        if self.pushed > 0 {
            self.pushed -= 1;
        } else {
            self.tokens[0] = self.source.lexer.next_token();
        }
        self.tokens[self.pushed].clone()
    }

    /// The token taken last will be taken again.
    fn back(&mut self) {
        self.pushed += 1;
    }

    /// As [`Self::back`], with `before` to be taken before it.
    fn back_with(&mut self, before: Token) {
        self.tokens[1] = before;
        self.pushed = 2;
    }

    /// As [`Self::back_with`], with two to be taken before it.
    fn back_with_two(&mut self, first: Token, second: Token) {
        self.tokens[1] = second;
        self.tokens[2] = first;
        self.pushed = 3;
    }

    fn peek(&mut self) -> Token {
        if self.pushed == 0 {
            self.pushed = 1;
            self.tokens[0] = self.source.lexer.next_token();
        }
        self.tokens[self.pushed - 1].clone()
    }

    fn next_non_space(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> Token {
        let token = self.next_non_space();
        self.back();
        token
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError {
            place: self.source.place.to_owned(),
            line: self.tokens[0].line,
            message: message.into(),
        }
    }

    fn unexpected(&self, token: &Token, context: &str) -> ParseError {
        if token.kind != Kind::Error {
            return self.error(format!("unexpected {token} in {context}"));
        }
        let mut message = token.to_string();
        if self.action_line != 0 && self.action_line != token.line {
            // "unclosed action in action" would say it twice.
            let begun = if token.text.ends_with(" action") {
                " started at"
            } else {
                " in action started at"
            };
            message = format!(
                "{message}{begun} {}:{}",
                self.source.place, self.action_line
            );
        }
        self.error(message)
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<Token, ParseError> {
        let token = self.next_non_space();
        if token.kind == kind {
            Ok(token)
        } else {
            Err(self.unexpected(&token, context))
        }
    }

    /// Enters a block or a parenthesis.
    fn enter(&mut self, too_deep: &str) -> Result<(), ParseError> {
        if self.source.depth >= MAX_DEPTH {
            return Err(self.error(too_deep));
        }
        self.source.depth += 1;
        Ok(())
    }

    fn leave(&mut self) {
        self.source.depth -= 1;
    }

    /// Adds a template to those of this text.
    fn add(&mut self, name: String, root: Vec<Node>) -> Result<(), ParseError> {
        let tree = Tree {
            place: self.source.place.to_owned(),
            text: Arc::clone(&self.source.text),
            root,
        };
        match self.source.trees.get(&name) {
            Some(known) if !known.is_empty() => {
                if tree.is_empty() {
                    return Ok(());
                }
                Err(self.error(format!(
                    "template: multiple definition of template {}",
                    Quoted(&name)
                )))
            }
            _ => {
                self.source.trees.insert(name, tree);
                Ok(())
            }
        }
    }

    /// The whole text.
    fn top(&mut self) -> Result<Vec<Node>, ParseError> {
        let mut nodes = Vec::new();
        while self.peek().kind != Kind::Eof {
            if self.peek().kind == Kind::LeftDelimiter {
                let delimiter = self.next();
                if self.next_non_space().kind == Kind::Define {
                    Parser::new(self.source).definition()?;
                    continue;
                }
                self.back_with(delimiter);
            }
            match self.text_or_action()? {
                Piece::Node(node) => nodes.push(node),
                Piece::Terminator(terminator) => {
                    return Err(self.error(format!("unexpected {}", terminator.shown())));
                }
            }
        }
        Ok(nodes)
    }

    /// Nodes up to an `{{end}}` or `{{else}}`.
    fn list(&mut self) -> Result<(Vec<Node>, Terminator), ParseError> {
        let mut nodes = Vec::new();
        while self.peek_non_space().kind != Kind::Eof {
            match self.text_or_action()? {
                Piece::Node(node) => nodes.push(node),
                Piece::Terminator(terminator) => return Ok((nodes, terminator)),
            }
        }
        Err(self.error("unexpected EOF"))
    }

    fn text_or_action(&mut self) -> Result<Piece, ParseError> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Text => Ok(Piece::Node(Node::Text(token.text))),
            Kind::LeftDelimiter => {
                self.action_line = token.line;
                let piece = self.action()?;
                self.action_line = 0;
                Ok(piece)
            }
            _ => Err(self.unexpected(&token, "input")),
        }
    }
}

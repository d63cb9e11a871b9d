//! Pipelines, their commands and operands.

use super::{ParseError, Parser};
use crate::literal::{Number, unquote};
use crate::node::{Command, Operand, Pipe, Term};
use crate::quote::Quoted;
use crate::token::{Kind, Token};

impl Parser<'_, '_> {
    /// Declarations, if any, and commands up to `end`.
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipe, ParseError> {
        let mut pipe = Pipe {
            position: self.peek_non_space().position,
            is_assignment: false,
            variables: Vec::new(),
            commands: Vec::new(),
        };
        while self.declaration(context, &mut pipe)? {}
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParenthesis => {
                    self.back();
                    pipe.commands.push(self.command()?);
                }
                _ => return Err(self.unexpected(&token, context)),
            }
        }
        if pipe.commands.is_empty() {
            return Err(self.error(format!("missing value for {context}")));
        }
        for (at, command) in pipe.commands.iter().enumerate().skip(1) {
            if command.operands[0].term.is_plain() {
                let stage = at + 1;
                return Err(self.error(format!("non executable command in pipeline stage {stage}")));
            }
        }
        Ok(pipe)
    }

    /// Takes `$x :=`, `$x =` or `$x,`; whether another one must follow.
    fn declaration(&mut self, context: &str, pipe: &mut Pipe) -> Result<bool, ParseError> {
        let variable = self.peek_non_space();
        if variable.kind != Kind::Variable {
            return Ok(false);
        }
        self.next();
        let adjacent = self.peek();
        let next = self.peek_non_space();
        match next.kind {
            Kind::Assign | Kind::Declare => {
                pipe.is_assignment = next.kind == Kind::Assign;
                self.next_non_space();
                self.declare(pipe, variable);
                Ok(false)
            }
            Kind::Char if next.text == "," => {
                self.next_non_space();
                self.declare(pipe, variable);
                if context == "range" && pipe.variables.len() < 2 {
                    return match self.peek_non_space().kind {
                        Kind::Variable | Kind::RightDelimiter | Kind::RightParenthesis => Ok(true),
                        _ => Err(self.error("range can only initialize variables")),
                    };
                }
                Err(self.error(format!("too many declarations in {context}")))
            }
            // It is an operand: what was read ahead is put back.
            _ if adjacent.kind == Kind::Space => {
                self.back_with_two(variable, adjacent);
                Ok(false)
            }
            _ => {
                self.back_with(variable);
                Ok(false)
            }
        }
    }

    fn declare(&mut self, pipe: &mut Pipe, variable: Token) {
        self.variables.push(variable.text.clone());
        pipe.variables.push(variable.text);
    }

    /// Operands up to a `|`, which is taken, or the pipeline's end.
    fn command(&mut self) -> Result<Command, ParseError> {
        let mut command = Command {
            position: self.peek_non_space().position,
            operands: Vec::new(),
        };
        loop {
            self.peek_non_space();
            command.operands.extend(self.operand()?);
            let token = self.next();
            match token.kind {
                Kind::Space => {}
                Kind::RightDelimiter | Kind::RightParenthesis => {
                    self.back();
                    break;
                }
                Kind::Pipe => break,
                _ => return Err(self.unexpected(&token, "operand")),
            }
        }
        if command.operands.is_empty() {
            return Err(self.error("empty command"));
        }
        Ok(command)
    }

    /// A term and the fields after it.
    fn operand(&mut self) -> Result<Option<Operand>, ParseError> {
        let Some(operand) = self.term()? else {
            return Ok(None);
        };
        let first = self.peek();
        if first.kind != Kind::Field {
            return Ok(Some(operand));
        }
        let mut fields = Vec::new();
        while self.peek().kind == Kind::Field {
            fields.push(field_name(&self.next()));
        }
        let shown = operand.to_string();
        let term = match operand.term {
            Term::Field(mut names) => {
                names.append(&mut fields);
                Term::Field(names)
            }
            Term::Variable(mut names) => {
                names.append(&mut fields);
                Term::Variable(names)
            }
            term if term.is_plain() => {
                return Err(self.error(format!("unexpected . after term {}", Quoted(&shown))));
            }
            term => {
                let position = operand.position;
                Term::Chain(Box::new(Operand { position, term }), fields)
            }
        };
        Ok(Some(Operand {
            position: first.position,
            term,
        }))
    }

    fn term(&mut self) -> Result<Option<Operand>, ParseError> {
        let token = self.next_non_space();
        let term = match token.kind {
            Kind::Identifier => {
                if !self.source.functions.contains(&token.text) {
                    let name = Quoted(&token.text);
                    return Err(self.error(format!("function {name} not defined")));
                }
                Term::Identifier(token.text)
            }
            Kind::Dot => Term::Dot,
            Kind::Nil => Term::Nil,
            Kind::Variable => {
                if !self.variables.contains(&token.text) {
                    let name = Quoted(&token.text);
                    return Err(self.error(format!("undefined variable {name}")));
                }
                Term::Variable(vec![token.text])
            }
            Kind::Field => Term::Field(vec![field_name(&token)]),
            Kind::Bool => Term::Bool(token.text == "true"),
            Kind::CharConstant => {
                Term::Number(Number::character(&token.text).map_err(|error| self.error(error))?)
            }
            Kind::Number => {
                Term::Number(Number::parse(&token.text).map_err(|error| self.error(error))?)
            }
            Kind::Complex => {
                let text = Quoted(&token.text);
                return Err(self.error(format!("illegal number syntax: {text}")));
            }
            Kind::LeftParenthesis => {
                self.enter("max expression depth exceeded")?;
                let pipe = self.pipeline("parenthesized pipeline", Kind::RightParenthesis)?;
                self.leave();
                let position = pipe.position;
                let term = Term::Pipe(Box::new(pipe));
                return Ok(Some(Operand { position, term }));
            }
            Kind::String | Kind::RawString => {
                let text = unquote(&token.text).map_err(|error| self.error(error))?;
                Term::String {
                    quoted: token.text,
                    text,
                }
            }
            _ => {
                self.back();
                return Ok(None);
            }
        };
        Ok(Some(Operand {
            position: token.position,
            term,
        }))
    }
}

/// A field's name without its dot.
fn field_name(token: &Token) -> String {
    token.text.trim_start_matches('.').to_owned()
}

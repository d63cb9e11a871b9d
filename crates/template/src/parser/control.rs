//! Actions that begin with a keyword.

use super::{ParseError, Parser, Piece, Terminator};
use crate::literal::unquote;
use crate::node::{Action, Branch, Call, Node};
use crate::token::{Kind, Token};

const TOO_DEEP: &str = "max nesting depth exceeded";

impl Parser<'_, '_> {
    /// What follows a left delimiter.
    pub(super) fn action(&mut self) -> Result<Piece, ParseError> {
        let token = self.next_non_space();
        let node = match token.kind {
            Kind::Block => self.block()?,
            Kind::Break => self.loop_control("{{break}}", Node::Break)?,
            Kind::Continue => self.loop_control("{{continue}}", Node::Continue)?,
            Kind::Else => return self.otherwise(),
            Kind::End => {
                self.expect(Kind::RightDelimiter, "end")?;
                return Ok(Piece::Terminator(Terminator::End));
            }
            Kind::If => Node::If(self.branch("if")?),
            Kind::Range => Node::Range(self.branch("range")?),
            Kind::Template => self.template()?,
            Kind::With => Node::With(self.branch("with")?),
            _ => {
                self.back();
                Node::Action(Action(self.pipeline("command", Kind::RightDelimiter)?))
            }
        };
        Ok(Piece::Node(node))
    }

    fn loop_control(&mut self, shown: &str, node: Node) -> Result<Node, ParseError> {
        let token = self.next_non_space();
        if token.kind != Kind::RightDelimiter {
            return Err(self.unexpected(&token, shown));
        }
        if self.ranges == 0 {
            return Err(self.error(format!("{shown} outside {{{{range}}}}")));
        }
        Ok(node)
    }

    fn branch(&mut self, context: &str) -> Result<Branch, ParseError> {
        self.enter(TOO_DEEP)?;
        let known = self.variables.len();
        let pipe = self.pipeline(context, Kind::RightDelimiter)?;
        let is_range = usize::from(context == "range");
        self.ranges += is_range;
        let (list, terminator) = self.list()?;
        self.ranges -= is_range;
        let otherwise = match terminator {
            Terminator::End => Vec::new(),
            Terminator::Else => self.branch_otherwise(context)?,
        };
        self.variables.truncate(known);
        self.leave();
        Ok(Branch {
            pipe,
            list,
            otherwise,
        })
    }

    /// What follows `{{else`: a list, or for `else if` and `else with` a
    /// branch whose `{{end}}` is this one's too.
    fn branch_otherwise(&mut self, context: &str) -> Result<Vec<Node>, ParseError> {
        match (context, self.peek().kind) {
            ("if", Kind::If) => {
                self.next();
                Ok(vec![Node::If(self.branch("if")?)])
            }
            ("with", Kind::With) => {
                self.next();
                Ok(vec![Node::With(self.branch("with")?)])
            }
            _ => match self.list()? {
                (list, Terminator::End) => Ok(list),
                (_, Terminator::Else) => Err(self.error("expected end; found {{else}}")),
            },
        }
    }

    fn otherwise(&mut self) -> Result<Piece, ParseError> {
        // `else if`: the `if` is left for the branch to find.
        if !matches!(self.peek_non_space().kind, Kind::If | Kind::With) {
            self.expect(Kind::RightDelimiter, "else")?;
        }
        Ok(Piece::Terminator(Terminator::Else))
    }

    /// `{{define "name"}} ... {{end}}`, from the name on.
    pub(super) fn definition(&mut self) -> Result<(), ParseError> {
        const CONTEXT: &str = "define clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        self.expect(Kind::RightDelimiter, CONTEXT)?;
        self.body(name, CONTEXT)
    }

    /// A template's body up to its `{{end}}`.
    fn body(&mut self, name: String, context: &str) -> Result<(), ParseError> {
        self.enter(TOO_DEEP)?;
        let (root, terminator) = self.list()?;
        self.leave();
        if terminator != Terminator::End {
            return Err(self.error(format!("unexpected {} in {context}", terminator.shown())));
        }
        self.add(name, root)
    }

    fn block(&mut self) -> Result<Node, ParseError> {
        const CONTEXT: &str = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelimiter)?;
        Parser::new(self.source).body(name.clone(), CONTEXT)?;
        Ok(Node::Template(Call {
            position: token.position,
            name,
            pipe: Some(pipe),
        }))
    }

    fn template(&mut self) -> Result<Node, ParseError> {
        const CONTEXT: &str = "template clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = if self.next_non_space().kind == Kind::RightDelimiter {
            None
        } else {
            self.back();
            Some(self.pipeline(CONTEXT, Kind::RightDelimiter)?)
        };
        Ok(Node::Template(Call {
            position: token.position,
            name,
            pipe,
        }))
    }

    fn template_name(&mut self, token: &Token, context: &str) -> Result<String, ParseError> {
        match token.kind {
            Kind::String | Kind::RawString => {
                unquote(&token.text).map_err(|error| self.error(error))
            }
            _ => Err(self.unexpected(token, context)),
        }
    }
}

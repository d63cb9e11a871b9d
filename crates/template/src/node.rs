//! What a template was parsed into. `Display` is a node as errors show it.

use std::fmt;

use crate::literal::Number;
use crate::quote::Quoted;

/// One template of a set.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// The name errors give as the place: that of the text it stands in.
    pub(crate) place: String,
    /// The whole text, for lines and columns.
    pub(crate) text: std::sync::Arc<str>,
    pub(crate) root: Vec<Node>,
}

impl Tree {
    /// Whether there is nothing but blanks.
    pub(crate) fn is_empty(&self) -> bool {
        self.root
            .iter()
            .all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
    }

    /// `place:line:column` of a byte offset; columns are bytes from 0.
    pub(crate) fn locate(&self, position: usize) -> String {
        let before = self.text.get(..position).unwrap_or(&self.text);
        let line = 1 + before.matches('\n').count();
        let column = position - before.rfind('\n').map_or(0, |newline| newline + 1);
        format!("{}:{line}:{column}", self.place)
    }
}

/// A piece of a template.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Text(String),
    Action(Action),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template(Call),
    Break,
    Continue,
}

/// `{{pipe}}`.
#[derive(Clone, Debug)]
pub(crate) struct Action(pub(crate) Pipe);

/// `if`, `with` or `range`.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) list: Vec<Node>,
    pub(crate) otherwise: Vec<Node>,
}

/// `{{template "name" pipe}}`.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) position: usize,
    pub(crate) name: String,
    pub(crate) pipe: Option<Pipe>,
}

/// Commands joined by `|`, and the variables that take the result.
#[derive(Clone, Debug)]
pub(crate) struct Pipe {
    pub(crate) position: usize,
    pub(crate) is_assignment: bool,
    pub(crate) variables: Vec<String>,
    pub(crate) commands: Vec<Command>,
}

/// Operands side by side.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) position: usize,
    /// At least one.
    pub(crate) operands: Vec<Operand>,
}

/// An operand and its place.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    pub(crate) position: usize,
    pub(crate) term: Term,
}

/// What an operand is.
#[derive(Clone, Debug)]
pub(crate) enum Term {
    /// `.A.B`
    Field(Vec<String>),
    /// `(pipe).A`, `func.A`
    Chain(Box<Operand>, Vec<String>),
    /// A function.
    Identifier(String),
    /// `(pipe)`
    Pipe(Box<Pipe>),
    /// `$x.A`: the variable with its `$`, and fields.
    Variable(Vec<String>),
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    String {
        /// As written.
        quoted: String,
        text: String,
    },
}

impl Term {
    /// Whether it is a value by itself that cannot take an argument.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(
            self,
            Self::Bool(_) | Self::Dot | Self::Nil | Self::Number(_) | Self::String { .. }
        )
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{{}}}}}", self.0)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{template {}", Quoted(&self.name))?;
        if let Some(pipe) = &self.pipe {
            write!(f, " {pipe}")?;
        }
        f.write_str("}}")
    }
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            let sign = if self.is_assignment { "=" } else { ":=" };
            write!(f, "{} {sign} ", self.variables.join(", "))?;
        }
        for (at, command) in self.commands.iter().enumerate() {
            if at > 0 {
                f.write_str(" | ")?;
            }
            write!(f, "{command}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, operand) in self.operands.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            match &operand.term {
                Term::Pipe(pipe) => write!(f, "({pipe})")?,
                _ => write!(f, "{operand}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.term {
            Term::Field(names) => names.iter().try_for_each(|name| write!(f, ".{name}")),
            Term::Chain(operand, names) => {
                match &operand.term {
                    Term::Pipe(pipe) => write!(f, "({pipe})")?,
                    _ => write!(f, "{operand}")?,
                }
                names.iter().try_for_each(|name| write!(f, ".{name}"))
            }
            Term::Identifier(name) => f.write_str(name),
            Term::Pipe(pipe) => write!(f, "{pipe}"),
            Term::Variable(names) => f.write_str(&names.join(".")),
            Term::Dot => f.write_str("."),
            Term::Nil => f.write_str("nil"),
            Term::Bool(value) => write!(f, "{value}"),
            Term::Number(number) => f.write_str(&number.text),
            Term::String { quoted, .. } => f.write_str(quoted),
        }
    }
}

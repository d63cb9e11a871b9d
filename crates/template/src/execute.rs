//! Walks a tree and writes what it prints.

use std::fmt::Display;

use crate::node::{Action, Branch, Call, Node, Tree};
use crate::print;
use crate::quote::Quoted;
use crate::templates::Templates;
use crate::value::Value;

/// A template that failed, in Go's words:
/// `template: NAME:LINE:COLUMN: executing "NAME" at <.Field>: what is wrong`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {message}")]
pub struct ExecuteError {
    message: String,
}

/// How deep templates, blocks and parentheses may be within each other while
/// they are executed.
const MAX_DEPTH: usize = 400;

/// What a template prints.
pub(crate) fn execute(
    templates: &Templates,
    name: &str,
    data: &Value,
) -> Result<String, ExecuteError> {
    let Some(tree) = templates.trees.get(name) else {
        let name = Quoted(name);
        return Err(ExecuteError {
            message: format!("no template {name} associated with template {name}"),
        });
    };
    let data = known(data.clone());
    let mut state = State::new(templates, name, tree, data.clone(), 0);
    let mut output = String::new();
    state.walk_list(&data, &tree.root, &mut output)?;
    Ok(output)
}

/// `nil` that is looked at is no value.
pub(crate) fn known(value: Value) -> Value {
    match value {
        Value::Nil => Value::NoValue,
        value => value,
    }
}

/// The node that is being executed, for errors.
pub(crate) trait Located: Display {
    /// Its byte offset.
    fn position(&self) -> usize;
}

/// An execution of one template.
pub(crate) struct State<'t> {
    pub(crate) templates: &'t Templates,
    name: &'t str,
    tree: &'t Tree,
    variables: Vec<(&'t str, Value)>,
    depth: usize,
    at: Option<&'t dyn Located>,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

/// What `.` is inside of a branch.
#[derive(Clone, Copy)]
enum Dot {
    /// What it was: `if`.
    Stays,
    /// The value that was asked for: `with`.
    IsValue,
}

impl<'t> State<'t> {
    fn new(
        templates: &'t Templates,
        name: &'t str,
        tree: &'t Tree,
        data: Value,
        depth: usize,
    ) -> Self {
        Self {
            templates,
            name,
            tree,
            variables: vec![("$", data)],
            depth,
            at: None,
        }
    }

    /// Errors from now on are about this node.
    pub(crate) fn at(&mut self, node: &'t dyn Located) {
        self.at = Some(node);
    }

    pub(crate) fn error(&self, message: impl Display) -> ExecuteError {
        let message = match self.at {
            None => format!("{}: {message}", self.name),
            Some(node) => format!(
                "{}: executing {} at <{node}>: {message}",
                self.tree.locate(node.position()),
                Quoted(self.name)
            ),
        };
        ExecuteError { message }
    }

    /// Enters a template, block or parenthesis.
    pub(crate) fn enter(&mut self) -> Result<(), ExecuteError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error(format!("exceeded maximum template depth ({MAX_DEPTH})")));
        }
        self.depth += 1;
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(crate) fn push(&mut self, name: &'t str, value: Value) {
        self.variables.push((name, value));
    }

    pub(crate) fn assign(&mut self, name: &str, value: Value) -> Result<(), ExecuteError> {
        let variable = self.variables.iter_mut().rfind(|known| known.0 == name);
        match variable {
            Some(known) => {
                known.1 = value;
                Ok(())
            }
            None => Err(self.error(format!("undefined variable: {name}"))),
        }
    }

    pub(crate) fn variable(&self, name: &str) -> Result<Value, ExecuteError> {
        let variable = self.variables.iter().rfind(|known| known.0 == name);
        match variable {
            Some((_, value)) => Ok(value.clone()),
            None => Err(self.error(format!("undefined variable: {name}"))),
        }
    }

    fn walk_list(
        &mut self,
        dot: &Value,
        nodes: &'t [Node],
        output: &mut String,
    ) -> Result<Flow, ExecuteError> {
        self.enter()?;
        for node in nodes {
            let flow = self.walk(dot, node, output)?;
            if flow != Flow::On {
                self.leave();
                return Ok(flow);
            }
        }
        self.leave();
        Ok(Flow::On)
    }

    fn walk(
        &mut self,
        dot: &Value,
        node: &'t Node,
        output: &mut String,
    ) -> Result<Flow, ExecuteError> {
        match node {
            Node::Text(text) => output.push_str(text),
            Node::Action(action) => {
                let value = self.pipeline(dot, &action.0)?;
                if action.0.variables.is_empty() {
                    self.at(action);
                    self.print(action, &value, output)?;
                }
            }
            Node::If(branch) => return self.branch(dot, branch, Dot::Stays, output),
            Node::With(branch) => return self.branch(dot, branch, Dot::IsValue, output),
            Node::Range(branch) => return self.range(dot, branch, output),
            Node::Template(call) => self.template(dot, call, output)?,
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn print(
        &self,
        action: &Action,
        value: &Value,
        output: &mut String,
    ) -> Result<(), ExecuteError> {
        match value {
            Value::NoValue => output.push_str("<no value>"),
            Value::Function(function) => {
                let type_name = function.type_name();
                return Err(self.error(format!("can't print {action} of type {type_name}")));
            }
            value => output.push_str(&print::display(value)),
        }
        Ok(())
    }

    fn branch(
        &mut self,
        dot: &Value,
        branch: &'t Branch,
        inner: Dot,
        output: &mut String,
    ) -> Result<Flow, ExecuteError> {
        let mark = self.variables.len();
        let value = self.pipeline(dot, &branch.pipe)?;
        let flow = match (value.is_true(), inner) {
            (true, Dot::IsValue) => self.walk_list(&value, &branch.list, output),
            (true, Dot::Stays) => self.walk_list(dot, &branch.list, output),
            (false, _) => self.walk_list(dot, &branch.otherwise, output),
        }?;
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn range(
        &mut self,
        dot: &Value,
        range: &'t Branch,
        output: &mut String,
    ) -> Result<Flow, ExecuteError> {
        let mark = self.variables.len();
        let value = self.pipeline(dot, &range.pipe)?;
        let ran = match &value {
            Value::Int(number) => self.count(*number, range, output)?,
            Value::Byte(number) => self.count(i64::from(*number), range, output)?,
            Value::List(list) => {
                let items = list.items.iter().cloned().enumerate();
                let items = items.map(|(index, item)| (Value::from(index), item));
                self.iterate(items, range, output)?
            }
            Value::Map(map) => {
                let items = map.iter();
                let items = items.map(|(key, item)| (Value::from(key.as_str()), item.clone()));
                self.iterate(items, range, output)?
            }
            Value::NoValue => false,
            value => {
                let value = print::display(value);
                return Err(self.error(format!("range can't iterate over {value}")));
            }
        };
        self.variables.truncate(mark);
        if ran {
            Ok(Flow::On)
        } else {
            self.walk_list(dot, &range.otherwise, output)
        }
    }

    fn count(
        &mut self,
        end: i64,
        range: &'t Branch,
        output: &mut String,
    ) -> Result<bool, ExecuteError> {
        if range.pipe.variables.len() > 1 {
            return Err(self.error(format!(
                "can't use {end} to iterate over more than one variable"
            )));
        }
        let items = (0..end).map(|number| (Value::NoValue, Value::Int(number)));
        self.iterate(items, range, output)
    }

    /// Executes the body for every item; whether there was one.
    fn iterate(
        &mut self,
        items: impl Iterator<Item = (Value, Value)>,
        range: &'t Branch,
        output: &mut String,
    ) -> Result<bool, ExecuteError> {
        let mark = self.variables.len();
        let mut ran = false;
        for (index, item) in items {
            ran = true;
            self.bind(range, index, item.clone())?;
            let flow = self.walk_list(&known(item), &range.list, output)?;
            self.variables.truncate(mark);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(ran)
    }

    /// Gives an item to the range's variables.
    fn bind(&mut self, range: &Branch, index: Value, item: Value) -> Result<(), ExecuteError> {
        let values = match range.pipe.variables.len() {
            0 => return Ok(()),
            1 => vec![item],
            _ => vec![index, item],
        };
        if range.pipe.is_assignment {
            for (name, value) in range.pipe.variables.iter().zip(values) {
                self.assign(name, value)?;
            }
        } else {
            // The pipeline pushed them last.
            let first = self.variables.len() - values.len();
            for (variable, value) in self.variables[first..].iter_mut().zip(values) {
                variable.1 = value;
            }
        }
        Ok(())
    }

    fn template(
        &mut self,
        dot: &Value,
        call: &'t Call,
        output: &mut String,
    ) -> Result<(), ExecuteError> {
        self.at(call);
        let Some(tree) = self.templates.trees.get(&call.name) else {
            let name = Quoted(&call.name);
            return Err(self.error(format!("template {name} not defined")));
        };
        let data = match &call.pipe {
            None => Value::NoValue,
            Some(pipe) => self.pipeline(dot, pipe)?,
        };
        let mut state = State::new(self.templates, &call.name, tree, data.clone(), self.depth);
        state.walk_list(&data, &tree.root, output)?;
        Ok(())
    }
}

//! Values of pipelines, commands and operands.

mod call;

use crate::execute::{ExecuteError, Located, State, known};
use crate::function::Parameter;
use crate::literal::Number;
use crate::node::{Action, Call, Command, Operand, Pipe, Term};
use crate::quote::Quoted;
use crate::templates::MissingKey;
use crate::value::Value;

impl Located for Pipe {
    fn position(&self) -> usize {
        self.position
    }
}

impl Located for Command {
    fn position(&self) -> usize {
        self.position
    }
}

impl Located for Operand {
    fn position(&self) -> usize {
        self.position
    }
}

impl Located for Action {
    fn position(&self) -> usize {
        self.0.position
    }
}

impl Located for Call {
    fn position(&self) -> usize {
        self.position
    }
}

/// What is called: its name, where errors say it is, and its arguments: those
/// written, and the one the pipeline gives.
struct Invocation<'t> {
    name: &'t str,
    node: &'t dyn Located,
    operands: &'t [Operand],
    last: Option<Value>,
}

impl<'t> State<'t> {
    /// The value of a pipeline, given to its variables.
    pub(crate) fn pipeline(&mut self, dot: &Value, pipe: &'t Pipe) -> Result<Value, ExecuteError> {
        self.enter()?;
        self.at(pipe);
        let mut last = None;
        for command in &pipe.commands {
            last = Some(known(self.command(dot, command, last)?));
        }
        let value = last.unwrap_or_default();
        for name in &pipe.variables {
            if pipe.is_assignment {
                self.assign(name, value.clone())?;
            } else {
                self.push(name, value.clone());
            }
        }
        self.leave();
        Ok(value)
    }

    fn command(
        &mut self,
        dot: &Value,
        command: &'t Command,
        last: Option<Value>,
    ) -> Result<Value, ExecuteError> {
        let (first, operands) = (&command.operands[0], &command.operands[1..]);
        match &first.term {
            Term::Field(_) | Term::Chain(..) => self.fields(dot, first, operands, last),
            Term::Variable(names) => {
                if names.len() == 1 {
                    self.at(first);
                    self.not_a_function(first, operands, last.as_ref())?;
                    return self.variable(&names[0]);
                }
                self.fields(dot, first, operands, last)
            }
            Term::Identifier(name) => {
                self.at(first);
                let invocation = Invocation {
                    name,
                    node: command,
                    operands,
                    last,
                };
                self.function(dot, invocation)
            }
            Term::Pipe(pipe) => {
                self.not_a_function(first, operands, last.as_ref())?;
                self.pipeline(dot, pipe)
            }
            term => {
                self.at(first);
                self.not_a_function(first, operands, last.as_ref())?;
                match term {
                    Term::Nil => Err(self.error("nil is not a command")),
                    Term::Dot => Ok(dot.clone()),
                    Term::Number(number) => self.number(first, number),
                    Term::String { text, .. } => Ok(Value::from(text.as_str())),
                    term => Ok(Value::Bool(matches!(term, Term::Bool(true)))),
                }
            }
        }
    }

    fn not_a_function(
        &self,
        first: &Operand,
        operands: &[Operand],
        last: Option<&Value>,
    ) -> Result<(), ExecuteError> {
        if operands.is_empty() && last.is_none() {
            return Ok(());
        }
        Err(self.error(format!("can't give argument to non-function {first}")))
    }

    /// A number where nothing says what it is meant for.
    fn number(&mut self, node: &'t Operand, number: &Number) -> Result<Value, ExecuteError> {
        self.at(node);
        match (number.int, number.float) {
            (_, Some(float)) if number.is_written_as_float() => Ok(Value::Float(float)),
            (Some(int), _) => Ok(Value::Int(int)),
            _ => Err(self.error(format!("{} overflows int", number.text))),
        }
    }

    /// `.A.B`, `$x.A.B` or `(pipe).A.B`, and arguments for the last of them.
    fn fields(
        &mut self,
        dot: &Value,
        node: &'t Operand,
        operands: &'t [Operand],
        last: Option<Value>,
    ) -> Result<Value, ExecuteError> {
        self.at(node);
        let (mut receiver, names) = match &node.term {
            Term::Field(names) => (dot.clone(), names.as_slice()),
            Term::Variable(names) => (self.variable(&names[0])?, &names[1..]),
            Term::Chain(operand, names) => {
                if matches!(operand.term, Term::Nil) {
                    return Err(self.error(format!("indirection through explicit nil in {node}")));
                }
                (
                    self.argument(dot, operand, Parameter::Any)?,
                    names.as_slice(),
                )
            }
            _ => (Value::NoValue, [].as_slice()),
        };
        let Some((final_name, path)) = names.split_last() else {
            return Ok(receiver);
        };
        let mut boxed = false;
        for name in path {
            let value = self.field(dot, &receiver, boxed, field_of(node, name))?;
            boxed = matches!(receiver, Value::Map(_));
            receiver = value;
        }
        let invocation = Invocation {
            name: final_name,
            node,
            operands,
            last,
        };
        self.field(dot, &receiver, boxed, invocation)
    }

    /// A field, a method's result, or a map's value. `boxed`: the receiver is
    /// known as a map's value only, whatever it is.
    fn field(
        &mut self,
        dot: &Value,
        receiver: &Value,
        boxed: bool,
        invocation: Invocation<'t>,
    ) -> Result<Value, ExecuteError> {
        let name = invocation.name;
        let type_name = || match boxed {
            true => Value::Nil.type_name(),
            false => receiver.type_name(),
        };
        let has_arguments = !invocation.operands.is_empty() || invocation.last.is_some();
        match receiver {
            Value::NoValue => {
                if self.templates.missing_key == MissingKey::Error {
                    let key = Quoted(name);
                    return Err(self.error(format!("nil data; no entry for key {key}")));
                }
                return Ok(Value::NoValue);
            }
            Value::Nil | Value::NilPointer(_) => {
                let type_name = type_name();
                return Err(self.error(format!("nil pointer evaluating {type_name}.{name}")));
            }
            Value::Object(object) => {
                if let Some(method) = object.method(name) {
                    return self.call(dot, &method, invocation);
                }
                let field = object.fields().iter().find(|field| field.0 == name);
                if let Some((_, value)) = field {
                    if has_arguments {
                        return Err(self.error(format!(
                            "{name} has arguments but cannot be invoked as function"
                        )));
                    }
                    return Ok(value.clone());
                }
            }
            Value::Map(map) => {
                if has_arguments {
                    return Err(self.error(format!("{name} is not a method but has arguments")));
                }
                return match (map.get(name), self.templates.missing_key) {
                    (Some(value), _) => Ok(value.clone()),
                    (None, MissingKey::NoValue) => Ok(Value::NoValue),
                    (None, MissingKey::Error) => {
                        let key = Quoted(name);
                        Err(self.error(format!("map has no entry for key {key}")))
                    }
                };
            }
            _ => {}
        }
        let type_name = type_name();
        Err(self.error(format!("can't evaluate field {name} in type {type_name}")))
    }
}

/// A field on the way, which gets no arguments.
fn field_of<'t>(node: &'t Operand, name: &'t str) -> Invocation<'t> {
    Invocation {
        name,
        node,
        operands: &[],
        last: None,
    }
}

//! Calls: arguments are counted, evaluated and checked, then handed over.

use super::Invocation;
use crate::builtin::Builtin;
use crate::execute::{ExecuteError, State, known};
use crate::function::{Found, Function, Parameter};
use crate::literal::Number;
use crate::node::{Operand, Term};
use crate::quote::Quoted;
use crate::value::Value;

impl<'t> State<'t> {
    pub(super) fn function(
        &mut self,
        dot: &Value,
        invocation: Invocation<'t>,
    ) -> Result<Value, ExecuteError> {
        let templates = self.templates;
        match templates.functions.find(invocation.name) {
            Some(Found::Own(function)) => self.call(dot, function, invocation),
            Some(Found::Builtin(Builtin::And)) => self.first_that_is(false, dot, invocation),
            Some(Found::Builtin(Builtin::Or)) => self.first_that_is(true, dot, invocation),
            Some(Found::Builtin(Builtin::Function(function))) => {
                self.call(dot, &function, invocation)
            }
            Some(Found::Builtin(Builtin::Call)) => self.call_value(dot, invocation),
            None => {
                let name = Quoted(invocation.name);
                Err(self.error(format!("{name} is not a defined function")))
            }
        }
    }

    /// `and` and `or`, which evaluate no further than they must.
    fn first_that_is(
        &mut self,
        truth: bool,
        dot: &Value,
        invocation: Invocation<'t>,
    ) -> Result<Value, ExecuteError> {
        let name = invocation.name;
        if invocation.operands.is_empty() && invocation.last.is_none() {
            return Err(self.error(format!(
                "wrong number of args for {name}: want at least 1 got 0"
            )));
        }
        let mut value = Value::NoValue;
        for operand in invocation.operands {
            value = known(self.argument(dot, operand, Parameter::Any)?);
            if value.is_true() == truth {
                return Ok(value);
            }
        }
        Ok(invocation.last.unwrap_or(value))
    }

    /// `call function arguments`.
    fn call_value(
        &mut self,
        dot: &Value,
        invocation: Invocation<'t>,
    ) -> Result<Value, ExecuteError> {
        let callee = match (invocation.operands.first(), &invocation.last) {
            (Some(operand), _) => operand.to_string(),
            (None, Some(value)) => value.to_string(),
            (None, None) => {
                return Err(self.error("wrong number of args for call: want at least 1 got 0"));
            }
        };
        let mut values = Vec::new();
        for operand in invocation.operands {
            values.push(self.argument(dot, operand, Parameter::Any)?);
        }
        values.extend(invocation.last);
        called(&callee, &values).map_err(|error| {
            self.at(invocation.node);
            self.error(format!("error calling call: {error}"))
        })
    }

    /// Calls a function with its arguments, which must fit.
    pub(super) fn call(
        &mut self,
        dot: &Value,
        function: &Function,
        invocation: Invocation<'t>,
    ) -> Result<Value, ExecuteError> {
        let Invocation {
            name,
            node,
            operands,
            last,
        } = invocation;
        let count = operands.len() + usize::from(last.is_some());
        let arity = function.arity();
        if function.is_variadic() && count < arity {
            return Err(self.error(format!(
                "wrong number of args for {name}: want at least {arity} got {}",
                operands.len()
            )));
        }
        if !function.is_variadic() && count != arity {
            return Err(self.error(format!(
                "wrong number of args for {name}: want {arity} got {count}"
            )));
        }
        let mut arguments = Vec::with_capacity(count);
        for (at, operand) in operands.iter().enumerate() {
            arguments.push(self.argument(dot, operand, function.parameter(at))?);
        }
        if let Some(value) = last {
            let parameter = function.parameter(operands.len());
            arguments.push(self.checked(value, parameter)?);
        }
        match function.call(&arguments) {
            Ok(value) => Ok(value),
            Err(error) => {
                self.at(node);
                Err(self.error(format!("error calling {name}: {error}")))
            }
        }
    }

    /// The value of an operand that is an argument.
    pub(super) fn argument(
        &mut self,
        dot: &Value,
        operand: &'t Operand,
        parameter: Parameter,
    ) -> Result<Value, ExecuteError> {
        self.at(operand);
        let value = match &operand.term {
            Term::Dot => dot.clone(),
            Term::Nil => {
                return match parameter {
                    Parameter::Any => Ok(Value::Nil),
                    Parameter::Object(name) => Ok(Value::NilPointer(name)),
                    parameter => {
                        Err(self.error(format!("cannot assign nil to {}", parameter.type_name())))
                    }
                };
            }
            Term::Field(_) | Term::Chain(..) => self.fields(dot, operand, &[], None)?,
            Term::Variable(names) if names.len() == 1 => self.variable(&names[0])?,
            Term::Variable(_) => self.fields(dot, operand, &[], None)?,
            Term::Pipe(pipe) => self.pipeline(dot, pipe)?,
            Term::Identifier(name) => self.function(
                dot,
                Invocation {
                    name,
                    node: operand,
                    operands: &[],
                    last: None,
                },
            )?,
            literal => return self.literal(operand, literal, parameter),
        };
        self.checked(value, parameter)
    }

    /// A literal as an argument: what it is depends on what it is for.
    fn literal(
        &mut self,
        operand: &'t Operand,
        literal: &Term,
        parameter: Parameter,
    ) -> Result<Value, ExecuteError> {
        let expected = match (parameter, literal) {
            (Parameter::Any, Term::Number(number)) => return self.number(operand, number),
            (Parameter::Any | Parameter::Bool, Term::Bool(value)) => {
                return Ok(Value::Bool(*value));
            }
            (Parameter::Any | Parameter::String, Term::String { text, .. }) => {
                return Ok(Value::from(text.as_str()));
            }
            (Parameter::Int, Term::Number(Number { int: Some(int), .. })) => {
                return Ok(Value::Int(*int));
            }
            (
                Parameter::Float,
                Term::Number(Number {
                    float: Some(float), ..
                }),
            ) => {
                return Ok(Value::Float(*float));
            }
            (Parameter::String, _) => "string",
            (Parameter::Int, _) => "integer",
            (Parameter::Float, _) => "float",
            (Parameter::Bool, _) => "bool",
            (parameter, _) => {
                let type_name = parameter.type_name();
                return Err(self.error(format!(
                    "can't handle {operand} for arg of type {type_name}"
                )));
            }
        };
        Err(self.error(format!("expected {expected}; found {operand}")))
    }

    /// A value that may be given for a parameter.
    fn checked(&self, value: Value, parameter: Parameter) -> Result<Value, ExecuteError> {
        let expected = parameter.type_name();
        match (value, parameter) {
            (Value::NoValue, Parameter::Any) => Ok(Value::Nil),
            (Value::NoValue, Parameter::Object(name)) => Ok(Value::NilPointer(name)),
            (Value::NoValue, _) => Err(self.error(format!("invalid value; expected {expected}"))),
            (value, parameter) if parameter.takes(&value) => Ok(value),
            (value, _) => Err(self.error(format!(
                "wrong type for value; expected {expected}; got {}",
                value.type_name()
            ))),
        }
    }
}

/// The result of a function that is a value, the first of these.
fn called(callee: &str, values: &[Value]) -> Result<Value, String> {
    let Some((first, arguments)) = values.split_first() else {
        return Err("call of nil".to_owned());
    };
    let function = match first {
        Value::Function(function) => function,
        value if value.is_nil() => return Err("call of nil".to_owned()),
        value => {
            let type_name = value.type_name();
            return Err(format!("non-function {callee} of type {type_name}"));
        }
    };
    let (given, arity) = (arguments.len(), function.arity());
    if function.is_variadic() && given < arity {
        return Err(format!(
            "wrong number of args for {callee}: got {given} want at least {arity}"
        ));
    }
    if !function.is_variadic() && given != arity {
        return Err(format!(
            "wrong number of args for {callee}: got {given} want {arity}"
        ));
    }
    for (at, argument) in arguments.iter().enumerate() {
        let parameter = function.parameter(at);
        let expected = parameter.type_name();
        if parameter.takes(argument) {
            continue;
        }
        return Err(if argument.is_nil() {
            format!("arg {at}: value is nil; should be of type {expected}")
        } else {
            let type_name = argument.type_name();
            format!("arg {at}: value has type {type_name}; should be {expected}")
        });
    }
    function.call(arguments)
}

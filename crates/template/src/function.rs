//! Functions that templates call: the caller's, methods, and their parameters.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::builtin;
use crate::value::Value;

type Body = dyn Fn(&[Value]) -> Result<Value, String> + Send + Sync;

/// A function with its parameters. Arguments were counted and their types
/// checked when its body is called.
#[derive(Clone)]
pub struct Function {
    parameters: Arc<[Parameter]>,
    variadic: Option<Parameter>,
    body: Arc<Body>,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// Anything, also nil.
    Any,
    /// A string.
    String,
    /// An integer.
    Int,
    /// A float.
    Float,
    /// A bool.
    Bool,
    /// An object of this type.
    Object(&'static str),
}

impl Parameter {
    /// The type as errors name it.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::String => "string",
            Self::Int => "int",
            Self::Float => "float64",
            Self::Bool => "bool",
            Self::Object(name) => name,
        }
    }

    /// Whether a value may be given for it as it is.
    pub(crate) fn takes(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Any, _)
            | (Self::String, Value::String(_))
            | (Self::Int, Value::Int(_))
            | (Self::Float, Value::Float(_))
            | (Self::Bool, Value::Bool(_)) => true,
            (Self::Object(name), value) => value.type_name() == name,
            _ => false,
        }
    }
}

impl Function {
    /// A function of so many arguments. An `Err` of its body is what is wrong,
    /// without the function's name.
    pub fn new(
        parameters: &[Parameter],
        body: impl Fn(&[Value]) -> Result<Value, String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            parameters: parameters.into(),
            variadic: None,
            body: Arc::new(body),
        }
    }

    /// The same, which also takes any number of further arguments.
    #[must_use]
    pub fn variadic(mut self, parameter: Parameter) -> Self {
        self.variadic = Some(parameter);
        self
    }

    /// How many arguments it takes at least.
    pub(crate) fn arity(&self) -> usize {
        self.parameters.len()
    }

    pub(crate) fn is_variadic(&self) -> bool {
        self.variadic.is_some()
    }

    /// What the argument at this place must be.
    pub(crate) fn parameter(&self, at: usize) -> Parameter {
        let further = self.variadic.unwrap_or(Parameter::Any);
        self.parameters.get(at).copied().unwrap_or(further)
    }

    pub(crate) fn call(&self, arguments: &[Value]) -> Result<Value, String> {
        (self.body)(arguments)
    }

    /// The type as `%T` shows it.
    pub(crate) fn type_name(&self) -> String {
        let mut names: Vec<String> = (self.parameters.iter())
            .map(|parameter| parameter.type_name().to_owned())
            .collect();
        if let Some(further) = self.variadic {
            names.push(format!("...{}", further.type_name()));
        }
        format!("func({}) interface {{}}", names.join(", "))
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.type_name())
    }
}

/// Functions by name. Those of the language are always there; one of the
/// caller's with the same name takes its place.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    own: BTreeMap<String, Function>,
}

/// What a name stands for.
pub(crate) enum Found<'f> {
    Own(&'f Function),
    Builtin(builtin::Builtin),
}

impl Functions {
    /// Adds a function, or replaces one.
    pub fn insert(&mut self, name: &str, function: Function) {
        self.own.insert(name.to_owned(), function);
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Found<'_>> {
        match self.own.get(name) {
            Some(function) => Some(Found::Own(function)),
            None => builtin::find(name).map(Found::Builtin),
        }
    }
}

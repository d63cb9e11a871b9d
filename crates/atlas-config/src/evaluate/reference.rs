//! Names, and the ways into what they name.

use std::collections::BTreeMap;
use std::ops::Range;

use hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use hcl_edit::{Decorated, Span};

use super::{Evaluator, Scope};
use crate::data;
use crate::error::{ConfigError, Evaluated, Fault, Stop, nearest};
use crate::project::span_of;
use crate::value::Value;

type Operator = Decorated<TraversalOperator>;

impl Evaluator<'_> {
    /// What a name alone means.
    pub(super) fn name(
        &self,
        name: &str,
        span: &Range<usize>,
        scope: &Scope<'_>,
    ) -> Evaluated<Value> {
        if let Some(value) = scope.get(name) {
            return Ok(value.clone());
        }
        match name {
            "var" => self
                .project
                .variables
                .keys()
                .map(|name| Ok((name.clone(), self.variable(name, span)?)))
                .collect::<Evaluated<_>>()
                .map(Value::Object),
            "local" => self
                .project
                .locals
                .keys()
                .map(|name| Ok((name.clone(), self.local(name, span)?)))
                .collect::<Evaluated<_>>()
                .map(Value::Object),
            "atlas" => Ok(Value::Object(BTreeMap::from([(
                "env".to_owned(),
                Value::text(self.environment),
            )]))),
            _ => Err(self.unknown(name, span)),
        }
    }

    fn unknown(&self, name: &str, span: &Range<usize>) -> Stop {
        const KNOWN: [&str; 5] = ["var", "local", "data", "atlas", "each"];
        let fault = Fault::new(span, format!("there is nothing named `{name}`"));
        match (name, nearest(name, &KNOWN)) {
            ("each", _) => fault.hint("`each` is there in an env block with for_each"),
            ("data", _) => fault.hint("a data source is `data.TYPE.NAME`"),
            ("env", _) => fault.hint(
                "references to other env blocks are not supported; put what they share into locals",
            ),
            (_, Some(near)) => fault.hint(format!("did you mean `{near}`?")),
            (name, None) => fault.hint(format!("if it is a text, quote it: \"{name}\"")),
        }
        .into()
    }

    pub(super) fn traversal(&self, traversal: &Traversal, scope: &Scope<'_>) -> Evaluated<Value> {
        let mut operators = traversal.operators.as_slice();
        let start = match &traversal.expr {
            Expression::Variable(root) if scope.get(root.as_str()).is_none() => {
                self.named(root.as_str(), &span_of(traversal), &mut operators)?
            }
            _ => None,
        };
        let start = match start {
            Some(value) => value,
            None => self.evaluate(&traversal.expr, scope)?,
        };
        self.follow(start, operators, scope)
    }

    /// What the file's own names mean, of which only what is asked for is
    /// evaluated; the operators that name it are taken.
    fn named(
        &self,
        root: &str,
        span: &Range<usize>,
        operators: &mut &[Operator],
    ) -> Evaluated<Option<Value>> {
        let names: Vec<_> = operators.iter().map_while(name_of).collect();
        let (taken, value) = match (root, names.as_slice()) {
            ("var", [name, ..]) => (1, self.variable(name, span)?),
            ("local", [name, ..]) => (1, self.local(name, span)?),
            ("data", [kind, name, ..]) => (2, self.data(kind, name, span)?),
            ("atlas", ["cloud", ..]) => {
                return Err(ConfigError::NotSupported {
                    place: self.project.source.place(span),
                    what: "atlas.cloud".to_owned(),
                    hint: "Atlas Cloud is not used; write the value, or give it as a variable"
                        .to_owned(),
                }
                .into());
            }
            _ => return Ok(None),
        };
        *operators = operators.get(taken..).unwrap_or_default();
        Ok(Some(value))
    }

    pub(crate) fn variable(&self, name: &str, span: &Range<usize>) -> Evaluated<Value> {
        let Some(variable) = self.project.variables.get(name) else {
            let known: Vec<_> = self.project.variables.keys().collect();
            return Err(undefined(span, "var", name, &known));
        };
        let place = || self.project.source.place(&variable.span);
        self.once(&format!("var.{name}"), span, || {
            for given in self.inputs.of(name).into_iter().flatten() {
                self.secrets.borrow_mut().add(given);
            }
            let value = match (self.inputs.of(name), &variable.default) {
                (Some([only]), _) if !variable.of.is_sequence() => Value::text(only),
                (Some(given), _) => Value::texts(given.iter().cloned()),
                (None, Some(default)) => self.evaluate(default, &Scope::default())?,
                (None, None) => {
                    return Err(ConfigError::MissingVariable {
                        name: name.to_owned(),
                        place: place(),
                    }
                    .into());
                }
            };
            variable.of.convert(value).map_err(|message| {
                ConfigError::WrongVariable {
                    name: name.to_owned(),
                    message,
                    place: place(),
                }
                .into()
            })
        })
    }

    fn local(&self, name: &str, span: &Range<usize>) -> Evaluated<Value> {
        let Some(expression) = self.project.locals.get(name) else {
            let known: Vec<_> = self.project.locals.keys().collect();
            return Err(undefined(span, "local", name, &known));
        };
        self.once(&format!("local.{name}"), span, || {
            self.evaluate(expression, &Scope::default())
        })
    }

    fn data(&self, kind: &str, name: &str, span: &Range<usize>) -> Evaluated<Value> {
        let key = (kind.to_owned(), name.to_owned());
        let Some(block) = self.project.data.get(&key) else {
            let known: Vec<_> = self
                .project
                .data
                .keys()
                .map(|(kind, name)| format!("{kind}.{name}"))
                .collect();
            return Err(undefined(span, "data", &format!("{kind}.{name}"), &known));
        };
        self.once(&format!("data.{kind}.{name}"), span, || {
            data::evaluate(self, kind, name, block)
        })
    }

    fn follow(
        &self,
        mut value: Value,
        operators: &[Operator],
        scope: &Scope<'_>,
    ) -> Evaluated<Value> {
        for (index, operator) in operators.iter().enumerate() {
            let span = operator.span().unwrap_or_default();
            let rest = operators.get(index + 1..).unwrap_or_default();
            value = match operator.value() {
                TraversalOperator::GetAttr(name) => attribute(&value, name.as_str(), &span)?,
                TraversalOperator::Index(key) => {
                    let key = self.evaluate(key, scope)?;
                    element(&value, &key).map_err(|wrong| Fault::new(&span, wrong))?
                }
                TraversalOperator::LegacyIndex(position) => {
                    let position = i64::try_from(*position.value()).unwrap_or(i64::MAX);
                    element(&value, &Value::from(position))
                        .map_err(|wrong| Fault::new(&span, wrong))?
                }
                TraversalOperator::FullSplat(_) => return self.splat(value, rest, &[], scope),
                TraversalOperator::AttrSplat(_) => {
                    let names = rest
                        .iter()
                        .take_while(|operator| name_of(operator).is_some());
                    let (each, after) = rest.split_at(names.count());
                    return self.splat(value, each, after, scope);
                }
            };
        }
        Ok(value)
    }

    /// Follows `each` from every element, then `after` from the list of what is found.
    fn splat(
        &self,
        value: Value,
        each: &[Operator],
        after: &[Operator],
        scope: &Scope<'_>,
    ) -> Evaluated<Value> {
        let elements = match value {
            Value::List(elements) | Value::Set(elements) => elements,
            Value::Null => Vec::new(),
            single => vec![single],
        };
        let found = elements
            .into_iter()
            .map(|element| self.follow(element, each, scope))
            .collect::<Evaluated<_>>()?;
        self.follow(Value::List(found), after, scope)
    }
}

/// The name that `.name` goes to.
fn name_of(operator: &Operator) -> Option<&str> {
    match operator.value() {
        TraversalOperator::GetAttr(name) => Some(name.as_str()),
        TraversalOperator::Index(key) => key.as_str(),
        _ => None,
    }
}

fn attribute(value: &Value, name: &str, span: &Range<usize>) -> Evaluated<Value> {
    let Value::Object(fields) = value else {
        let message = format!("{} has no attribute \"{name}\"", value.kind());
        return Err(Fault::new(span, message).into());
    };
    fields.get(name).cloned().ok_or_else(|| {
        let known: Vec<_> = fields.keys().collect();
        let fault = Fault::new(span, format!("this object has no attribute \"{name}\""));
        match nearest(name, &known) {
            Some(near) => fault.hint(format!("did you mean `{near}`?")),
            None => fault,
        }
        .into()
    })
}

/// The element at a position or under a key. Err: why there is none.
pub(crate) fn element(value: &Value, key: &Value) -> Result<Value, String> {
    let found = match (value, key) {
        (Value::List(elements), key) => crate::types::to_number(key)
            .ok()
            .and_then(crate::number::Number::as_integer)
            .and_then(|index| usize::try_from(index).ok())
            .and_then(|index| elements.get(index))
            .cloned(),
        (Value::Object(fields), key) => crate::types::to_string(key)
            .ok()
            .and_then(|name| fields.get(&name).cloned()),
        (value, _) => {
            return Err(format!(
                "{} has no elements that could be named",
                value.kind()
            ));
        }
    };
    found.ok_or_else(|| match value {
        Value::List(elements) => {
            format!("there is no such element: the list has {}", elements.len())
        }
        _ => "there is no such key".to_owned(),
    })
}

fn undefined(span: &Range<usize>, root: &str, name: &str, known: &[impl AsRef<str>]) -> Stop {
    let fault = Fault::new(span, format!("{root}.{name} is not defined"));
    match nearest(name, known) {
        Some(near) => fault.hint(format!("did you mean `{root}.{near}`?")),
        None => fault,
    }
    .into()
}

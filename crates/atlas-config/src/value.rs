//! What expressions evaluate to.

use std::collections::BTreeMap;
use std::fmt;

use crate::number::Number;

/// A value of the configuration language.
///
/// It may be a secret: [`fmt::Debug`] shows its kind alone.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    String(String),
    /// A list or tuple.
    List(Vec<Self>),
    /// A set: no value twice, in the language's order.
    Set(Vec<Self>),
    /// A map or object, by key.
    Object(BTreeMap<String, Self>),
}

impl Value {
    /// The name of its kind, as messages say it.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Object(_) => "object",
        }
    }

    /// Whether it is text, a number or a boolean.
    pub(crate) const fn is_primitive(&self) -> bool {
        matches!(self, Self::Bool(_) | Self::Number(_) | Self::String(_))
    }

    /// The elements of a list or set.
    pub(crate) fn elements(&self) -> Option<&[Self]> {
        match self {
            Self::List(elements) | Self::Set(elements) => Some(elements),
            _ => None,
        }
    }

    /// A set of these values.
    pub(crate) fn set(elements: Vec<Self>) -> Self {
        let mut unique: Vec<Self> = Vec::with_capacity(elements.len());
        for element in elements {
            if !unique.contains(&element) {
                unique.push(element);
            }
        }
        unique.sort_by(order);
        Self::Set(unique)
    }

    /// The text as a value.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// These texts as a list.
    pub(crate) fn texts(texts: impl IntoIterator<Item = String>) -> Self {
        Self::List(texts.into_iter().map(Self::String).collect())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(elements) | Self::Set(elements) => {
                write!(f, "<{} of {}>", self.kind(), elements.len())
            }
            Self::Object(fields) => write!(f, "<object of {}>", fields.len()),
            _ => write!(f, "<{}>", self.kind()),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Number::Integer(number))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(Number::from(number))
    }
}

/// The order of a set's elements.
fn order(left: &Value, right: &Value) -> std::cmp::Ordering {
    use std::cmp::Ordering;
    const fn rank(value: &Value) -> u8 {
        match value {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Number(_) => 2,
            Value::String(_) => 3,
            Value::List(_) => 4,
            Value::Set(_) => 5,
            Value::Object(_) => 6,
        }
    }
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Number(left), Value::Number(right)) => {
            left.partial_cmp(right).unwrap_or(Ordering::Equal)
        }
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::List(left), Value::List(right)) | (Value::Set(left), Value::Set(right)) => left
            .iter()
            .zip(right)
            .map(|(left, right)| order(left, right))
            .find(|found| found.is_ne())
            .unwrap_or_else(|| left.len().cmp(&right.len())),
        (Value::Object(left), Value::Object(right)) => left
            .iter()
            .zip(right)
            .map(|(left, right)| left.0.cmp(right.0).then_with(|| order(left.1, right.1)))
            .find(|found| found.is_ne())
            .unwrap_or_else(|| left.len().cmp(&right.len())),
        _ => rank(left).cmp(&rank(right)),
    }
}

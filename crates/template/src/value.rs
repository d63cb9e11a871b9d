//! What templates are executed over.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::function::Function;
use crate::print::print;

/// A value, cheap to clone.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// No value at all: what an absent key gives. Printed as `<no value>`.
    #[default]
    NoValue,
    /// `nil` as data: a JSON null.
    Nil,
    /// A nil pointer to a type of this name: an object that is not there.
    NilPointer(&'static str),
    /// A bool.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A byte: what indexing a string gives.
    Byte(u8),
    /// A float.
    Float(f64),
    /// Text.
    String(Arc<str>),
    /// Values in order.
    List(List),
    /// Values by name; visited and printed in the order of the names.
    Map(Arc<BTreeMap<String, Value>>),
    /// Something with fields and methods.
    Object(Arc<dyn Object>),
    /// A function as data, for `call`.
    Function(Function),
}

/// Values in order.
#[derive(Clone, Debug)]
pub struct List {
    /// The type of the elements as errors name it: `string`, `interface {}`.
    pub element: &'static str,
    /// The elements.
    pub items: Arc<[Value]>,
}

/// Something with fields and methods, as Go's structs are.
pub trait Object: fmt::Debug + Send + Sync {
    /// Its type as errors name it: `*report.Apply`.
    fn type_name(&self) -> &'static str;

    /// Its fields in order; an embedded object's fields and methods are not
    /// found through it.
    fn fields(&self) -> &[(&'static str, Value)];

    /// The method of this name. Methods are looked for before fields.
    fn method(&self, name: &str) -> Option<Function> {
        let _ = name;
        None
    }

    /// What is printed for it, if that is not its fields.
    fn text(&self) -> Option<String> {
        None
    }

    /// The object itself, for functions that take it.
    fn as_any(&self) -> &dyn Any;
}

impl Value {
    /// A list whose elements are of the type of this name.
    pub fn list_of(element: &'static str, items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(List {
            element,
            items: items.into_iter().collect(),
        })
    }

    /// The text, of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, of an integer.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The object of this type, if it is one.
    #[must_use]
    pub fn downcast<T: Object + 'static>(&self) -> Option<&T> {
        match self {
            Self::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }

    /// The type as errors name it.
    #[must_use]
    pub fn type_name(&self) -> String {
        match self {
            Self::NoValue | Self::Nil => "interface {}".to_owned(),
            Self::NilPointer(name) => (*name).to_owned(),
            Self::Bool(_) => "bool".to_owned(),
            Self::Int(_) => "int".to_owned(),
            Self::Byte(_) => "uint8".to_owned(),
            Self::Float(_) => "float64".to_owned(),
            Self::String(_) => "string".to_owned(),
            Self::List(list) => format!("[]{}", list.element),
            Self::Map(_) => "map[string]interface {}".to_owned(),
            Self::Object(object) => object.type_name().to_owned(),
            Self::Function(function) => function.type_name(),
        }
    }

    /// The type of what a pointer points to.
    pub(crate) fn pointee_name(&self) -> String {
        self.type_name().trim_start_matches('*').to_owned()
    }

    /// Whether `if` takes it for true: not nil, false, zero or empty.
    #[must_use]
    pub fn is_true(&self) -> bool {
        match self {
            Self::NoValue | Self::Nil | Self::NilPointer(_) => false,
            Self::Bool(value) => *value,
            Self::Int(number) => *number != 0,
            Self::Byte(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::String(text) => !text.is_empty(),
            Self::List(list) => !list.items.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Object(_) | Self::Function(_) => true,
        }
    }

    /// Whether it is nil of whatever kind.
    pub(crate) fn is_nil(&self) -> bool {
        matches!(self, Self::NoValue | Self::Nil | Self::NilPointer(_))
    }
}

/// As `print` prints it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print(std::slice::from_ref(self)))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

/// A count; one beyond what an integer holds is that.
impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<Vec<Self>> for Value {
    fn from(items: Vec<Self>) -> Self {
        Self::list_of("interface {}", items)
    }
}

impl From<BTreeMap<String, Self>> for Value {
    fn from(map: BTreeMap<String, Self>) -> Self {
        Self::Map(Arc::new(map))
    }
}

impl<K: Into<String>> FromIterator<(K, Self)> for Value {
    fn from_iter<T: IntoIterator<Item = (K, Self)>>(entries: T) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value));
        Self::Map(Arc::new(entries.collect()))
    }
}

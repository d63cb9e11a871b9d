//! Types, and turning one kind of value into another. Messages never show a value.

use std::collections::BTreeMap;
use std::fmt;

use crate::number::Number;
use crate::value::Value;

/// The type of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    String,
    Number,
    Bool,
    List(Box<Self>),
    Set(Box<Self>),
    Map(Box<Self>),
    Tuple(Vec<Self>),
    Object(BTreeMap<String, Self>),
}

impl Type {
    /// Whether several texts can be given for it.
    pub(crate) const fn is_sequence(&self) -> bool {
        matches!(self, Self::List(_) | Self::Set(_) | Self::Tuple(_))
    }

    /// The value as one of this type. Err: what is wrong.
    pub(crate) fn convert(&self, value: Value) -> Result<Value, String> {
        if value == Value::Null {
            return Ok(value);
        }
        match self {
            Self::String => to_string(&value).map(Value::String),
            Self::Number => to_number(&value).map(Value::Number),
            Self::Bool => to_bool(&value).map(Value::Bool),
            Self::List(of) => elements(self, value, |_| Some(of)).map(Value::List),
            Self::Set(of) => elements(self, value, |_| Some(of)).map(Value::set),
            Self::Tuple(types) => {
                let found = elements(self, value, |index| types.get(index))?;
                if found.len() == types.len() {
                    Ok(Value::List(found))
                } else {
                    Err(format!("{} elements are required", types.len()))
                }
            }
            Self::Map(of) => fields(value, |_| Some(of)).map(Value::Object),
            Self::Object(types) => {
                let found = fields(value, |name| types.get(name))?;
                match types.keys().find(|name| !found.contains_key(*name)) {
                    Some(missing) => Err(format!("attribute \"{missing}\" is required")),
                    None => Ok(Value::Object(found)),
                }
            }
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Map(_) => "map",
            Self::Tuple(_) => "tuple",
            Self::Object(_) => "object",
        })
    }
}

/// The elements of a list or set, or the value as the only one.
fn elements<'a>(
    wanted: &Type,
    value: Value,
    of: impl Fn(usize) -> Option<&'a Type>,
) -> Result<Vec<Value>, String> {
    let values = match value {
        Value::List(values) | Value::Set(values) => values,
        Value::Object(_) => return Err(format!("{wanted} required")),
        value => vec![value],
    };
    values
        .into_iter()
        .enumerate()
        .map(|(index, value)| match of(index) {
            Some(of) => of
                .convert(value)
                .map_err(|wrong| format!("element {index}: {wrong}")),
            None => Err(format!("at most {index} elements are allowed")),
        })
        .collect()
}

/// The fields that have a type; others are left out.
fn fields<'a>(
    value: Value,
    of: impl Fn(&str) -> Option<&'a Type>,
) -> Result<BTreeMap<String, Value>, String> {
    let Value::Object(fields) = value else {
        return Err("object required".to_owned());
    };
    fields
        .into_iter()
        .filter_map(|(name, value)| {
            let converted = of(&name)?.convert(value);
            Some(match converted {
                Ok(value) => Ok((name, value)),
                Err(wrong) => Err(format!("attribute \"{name}\": {wrong}")),
            })
        })
        .collect()
}

/// The value as text, as `${}` and `tostring` write it.
pub(crate) fn to_string(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Null | Value::List(_) | Value::Set(_) | Value::Object(_) => {
            Err("string required".to_owned())
        }
    }
}

/// The value as a number.
pub(crate) fn to_number(value: &Value) -> Result<Number, String> {
    match value {
        Value::Number(number) => Ok(*number),
        Value::String(text) => Number::parse(text).ok_or_else(|| "a number is required".to_owned()),
        _ => Err("a number is required".to_owned()),
    }
}

/// The value as a boolean.
pub(crate) fn to_bool(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        Value::String(text) => match text.as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err("a bool is required: true or false".to_owned()),
        },
        _ => Err("a bool is required".to_owned()),
    }
}

/// These values as ones of one type, if there is one: mixed primitives become texts.
pub(crate) fn unify(values: Vec<Value>) -> Vec<Value> {
    let mixed = values
        .iter()
        .filter(|value| **value != Value::Null)
        .map(Value::kind)
        .collect::<std::collections::BTreeSet<_>>()
        .len()
        > 1;
    if !mixed
        || !values
            .iter()
            .all(|value| value.is_primitive() || *value == Value::Null)
    {
        return values;
    }
    values
        .into_iter()
        .map(|value| to_string(&value).map_or(Value::Null, Value::String))
        .collect()
}

/// The value as one that is of the same type as `other`, if there is one.
pub(crate) fn unify_with(value: Value, other: &Value) -> Value {
    match (value, other) {
        (Value::List(values), Value::List(others)) => Value::List(
            values
                .into_iter()
                .enumerate()
                .map(
                    |(index, value)| match others.get(index).or(others.first()) {
                        Some(other) => unify_with(value, other),
                        None => value,
                    },
                )
                .collect(),
        ),
        (value, other)
            if value.is_primitive() && other.is_primitive() && value.kind() != other.kind() =>
        {
            to_string(&value).map_or(value, Value::String)
        }
        (value, _) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::{Type, Value};

    #[test]
    fn values_become_what_is_declared() {
        let list = Type::List(Box::new(Type::Number));
        assert_eq!(
            list.convert(Value::texts(["1".to_owned(), "2".to_owned()])),
            Ok(Value::List(vec![1.into(), 2.into()]))
        );
        assert_eq!(
            list.convert(Value::from("3")),
            Ok(Value::List(vec![3.into()]))
        );
        let set = Type::Set(Box::new(Type::String));
        assert_eq!(
            set.convert(Value::List(vec!["b".into(), 1.into(), "b".into()])),
            Ok(Value::Set(vec!["1".into(), "b".into()]))
        );
        assert_eq!(Type::Bool.convert("1".into()), Ok(true.into()));
    }

    #[test]
    fn what_cannot_become_it_is_said_without_the_value() {
        let secret = Value::from("hunter2");
        for (wanted, message) in [
            (Type::Number, "a number is required"),
            (Type::Bool, "a bool is required: true or false"),
            (Type::Map(Box::new(Type::String)), "object required"),
            (
                Type::List(Box::new(Type::Number)),
                "element 0: a number is required",
            ),
        ] {
            assert_eq!(wanted.convert(secret.clone()), Err(message.to_owned()));
        }
        let tuple = Type::Tuple(vec![Type::String, Type::String]);
        assert_eq!(
            tuple.convert(secret),
            Err("2 elements are required".to_owned())
        );
    }
}

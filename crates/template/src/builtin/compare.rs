//! `eq`, `ne`, `lt`, `le`, `gt` and `ge`.

use std::cmp::Ordering;

use crate::print::printf;
use crate::value::Value;

const BAD_TYPE: &str = "invalid type for comparison";

/// Whether the first argument equals one of the others.
pub(super) fn eq(arguments: &[Value]) -> Result<Value, String> {
    let (first, others) = arguments
        .split_first()
        .filter(|(_, others)| !others.is_empty())
        .ok_or("missing argument for comparison")?;
    for other in others {
        if equal(first, other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

/// Whether two arguments differ.
pub(super) fn ne(arguments: &[Value]) -> Result<Value, String> {
    equal(&arguments[0], &arguments[1]).map(|equal| Value::Bool(!equal))
}

/// A comparison that holds for some orderings.
pub(super) fn ordered(
    holds: fn(Option<Ordering>) -> bool,
) -> impl Fn(&[Value]) -> Result<Value, String> {
    move |arguments| {
        let ordering = compare(&arguments[0], &arguments[1])?;
        Ok(Value::Bool(holds(ordering)))
    }
}

/// Kinds that can be compared with themselves.
#[derive(PartialEq, Eq)]
enum Kind {
    Bool,
    Integer,
    Float,
    String,
}

fn kind(value: &Value) -> Option<Kind> {
    match value {
        Value::Bool(_) => Some(Kind::Bool),
        Value::Int(_) | Value::Byte(_) => Some(Kind::Integer),
        Value::Float(_) => Some(Kind::Float),
        Value::String(_) => Some(Kind::String),
        _ => None,
    }
}

fn equal(one: &Value, other: &Value) -> Result<bool, String> {
    let is_nothing = |value: &Value| matches!(value, Value::Nil | Value::NoValue);
    if kind(one) != kind(other) {
        if is_nothing(one) || is_nothing(other) {
            return Ok(false);
        }
        return Err(incompatible(one, other));
    }
    Ok(match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Float(one), Value::Float(other)) => one == other,
        (Value::String(one), Value::String(other)) => one == other,
        (one, other) if integer(one).is_some() => integer(one) == integer(other),
        (one, other) => return same(one, other),
    })
}

/// Whether two values without an equality of their own are the same.
fn same(one: &Value, other: &Value) -> Result<bool, String> {
    if one.is_nil() || other.is_nil() {
        return Ok(one.is_nil() && other.is_nil());
    }
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => Ok(std::sync::Arc::ptr_eq(one, other)),
        _ if std::mem::discriminant(one) != std::mem::discriminant(other) => Err(format!(
            "non-comparable types {}: {}, {}: {other}",
            as_text(one),
            one.type_name(),
            other.type_name()
        )),
        _ => {
            let type_name = other.type_name();
            Err(format!(
                "non-comparable type {}: {type_name}",
                as_text(other)
            ))
        }
    }
}

/// None: floats of which one is no number.
fn compare(one: &Value, other: &Value) -> Result<Option<Ordering>, String> {
    let (Some(first), Some(second)) = (kind(one), kind(other)) else {
        return Err(BAD_TYPE.to_owned());
    };
    if first != second {
        return Err(incompatible(one, other));
    }
    match (one, other) {
        (Value::Float(one), Value::Float(other)) => Ok(one.partial_cmp(other)),
        (Value::String(one), Value::String(other)) => Ok(Some(one.cmp(other))),
        (Value::Bool(_), _) => Err(BAD_TYPE.to_owned()),
        (one, other) => Ok(Some(integer(one).cmp(&integer(other)))),
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Byte(number) => Some(i64::from(*number)),
        _ => None,
    }
}

/// As `%s` prints it, numbers in lists and maps included.
fn as_text(value: &Value) -> String {
    printf("%s", std::slice::from_ref(value))
}

fn incompatible(one: &Value, other: &Value) -> String {
    format!(
        "incompatible types for comparison: {} and {}",
        one.type_name(),
        other.type_name()
    )
}

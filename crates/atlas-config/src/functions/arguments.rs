//! Taking a function's values as what it needs.

use crate::number::Number;
use crate::types::{to_number, to_string};
use crate::value::Value;

/// Exactly N values.
pub(super) fn exactly<const N: usize>(values: Vec<Value>) -> Result<[Value; N], String> {
    let count = values.len();
    values
        .try_into()
        .map_err(|_| format!("{N} arguments are required, {count} are given"))
}

/// The first N values and the rest.
pub(super) fn at_least<const N: usize>(
    mut values: Vec<Value>,
) -> Result<([Value; N], Vec<Value>), String> {
    if values.len() < N {
        return Err(format!(
            "at least {N} arguments are required, {} are given",
            values.len()
        ));
    }
    let rest = values.split_off(N);
    Ok((exactly(values)?, rest))
}

/// N values as texts.
pub(super) fn texts<const N: usize>(values: Vec<Value>) -> Result<[String; N], String> {
    let values: [Value; N] = exactly(values)?;
    let texts: Vec<_> = values.iter().map(text).collect::<Result<_, _>>()?;
    texts
        .try_into()
        .map_err(|_| "arguments are missing".to_owned())
}

/// The value as text.
pub(super) fn text(value: &Value) -> Result<String, String> {
    to_string(value).map_err(|_| format!("a string is required, not {}", value.kind()))
}

/// The value as a number.
pub(super) fn number(value: &Value) -> Result<Number, String> {
    to_number(value)
}

/// The value as a whole number.
pub(super) fn integer(value: &Value) -> Result<i64, String> {
    number(value)?
        .as_integer()
        .ok_or_else(|| "a whole number is required".to_owned())
}

/// The elements of a list or set.
pub(super) fn list(value: Value) -> Result<Vec<Value>, String> {
    match value {
        Value::List(elements) | Value::Set(elements) => Ok(elements),
        other => Err(format!("a list or set is required, not {}", other.kind())),
    }
}

/// The elements of a list or set as texts.
pub(super) fn list_of_texts(value: Value) -> Result<Vec<String>, String> {
    list(value)?.iter().map(text).collect()
}

/// A number of elements.
pub(super) fn count(number: usize) -> Value {
    Value::from(i64::try_from(number).unwrap_or(i64::MAX))
}

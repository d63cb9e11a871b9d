//! `index`, `slice` and `len`.

use crate::value::{List, Value};

const ZERO_TYPE: &str = "reflect: call of reflect.Value.Type on zero Value";

/// `index x 1 "a"`: `x[1]["a"]`.
pub(super) fn index(arguments: &[Value]) -> Result<Value, String> {
    let (first, indexes) = arguments.split_first().ok_or("index of untyped nil")?;
    if matches!(first, Value::Nil | Value::NoValue) {
        return Err("index of untyped nil".to_owned());
    }
    let mut item = first.clone();
    for index in indexes {
        item = match &item {
            value if value.is_nil() => return Err("index of nil pointer".to_owned()),
            Value::List(list) => {
                let at = position(index, list.items.len())?;
                let found = list.items.get(at);
                found.cloned().ok_or("reflect: slice index out of range")?
            }
            Value::String(text) => {
                let at = position(index, text.len())?;
                let found = text.as_bytes().get(at).copied();
                Value::Byte(found.ok_or("reflect: string index out of range")?)
            }
            Value::Map(map) => match index {
                Value::String(key) => map.get(&**key).cloned().unwrap_or(Value::Nil),
                index if index.is_nil() => {
                    return Err("value is nil; should be of type string".to_owned());
                }
                index => {
                    let type_name = index.type_name();
                    return Err(format!("value has type {type_name}; should be string"));
                }
            },
            value => return Err(format!("can't index item of type {}", value.pointee_name())),
        };
    }
    Ok(item)
}

/// `slice x 1 2`: `x[1:2]`.
pub(super) fn slice(arguments: &[Value]) -> Result<Value, String> {
    let (item, indexes) = arguments.split_first().ok_or("slice of untyped nil")?;
    match item {
        Value::Nil | Value::NoValue => return Err("slice of untyped nil".to_owned()),
        Value::NilPointer(_) => return Err("slice of nil pointer".to_owned()),
        _ => {}
    }
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()));
    }
    let length = match item {
        Value::String(_) if indexes.len() == 3 => {
            return Err("cannot 3-index slice a string".to_owned());
        }
        Value::String(text) => text.len(),
        Value::List(list) => list.items.len(),
        value => return Err(format!("can't slice item of type {}", value.pointee_name())),
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, length)?;
    }
    let [from, to, capacity] = bounds;
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}"));
    }
    if to > capacity {
        return Err(format!("invalid slice index: {to} > {capacity}"));
    }
    Ok(match item {
        Value::List(list) => Value::List(List {
            element: list.element,
            items: list.items[from..to].into(),
        }),
        item => {
            let bytes = &item.as_str().unwrap_or_default().as_bytes()[from..to];
            Value::from(String::from_utf8_lossy(bytes).as_ref())
        }
    })
}

/// How many bytes, items or entries there are.
pub(super) fn len(arguments: &[Value]) -> Result<Value, String> {
    match &arguments[0] {
        Value::String(text) => Ok(Value::from(text.len())),
        Value::List(list) => Ok(Value::from(list.items.len())),
        Value::Map(map) => Ok(Value::from(map.len())),
        Value::NilPointer(_) => Err("len of nil pointer".to_owned()),
        Value::Nil | Value::NoValue => Err(ZERO_TYPE.to_owned()),
        value => Err(format!("len of type {}", value.pointee_name())),
    }
}

/// An index that is at most `length`.
fn position(index: &Value, length: usize) -> Result<usize, String> {
    let number = match index {
        Value::Int(number) => *number,
        Value::Byte(number) => i64::from(*number),
        index if index.is_nil() => return Err("cannot index slice/array with nil".to_owned()),
        index => {
            let type_name = index.type_name();
            return Err(format!("cannot index slice/array with type {type_name}"));
        }
    };
    usize::try_from(number)
        .ok()
        .filter(|number| *number <= length)
        .ok_or_else(|| format!("index out of range: {number}"))
}

//! Functions of maps, and of collections of every kind.

use std::collections::BTreeMap;

use super::Table;
use super::arguments::{count, exactly, list, list_of_texts};
use crate::evaluate::element;
use crate::value::Value;

pub(super) const TABLE: Table = &[
    ("contains", |_, values| {
        let [values, wanted] = exactly(values)?;
        Ok(Value::Bool(list(values)?.contains(&wanted)))
    }),
    ("empty", |_, values| {
        length(values).map(|length| Value::Bool(length == 0))
    }),
    ("index", |_, values| {
        let [collection, key] = exactly(values)?;
        element(&collection, &key)
    }),
    ("keys", |_, values| {
        map(values).map(|fields| Value::texts(fields.into_keys()))
    }),
    ("length", |_, values| length(values).map(count)),
    ("merge", |_, values| merge(values)),
    ("values", |_, values| {
        map(values).map(|fields| Value::List(fields.into_values().collect()))
    }),
    ("zipmap", |_, values| zip(values)),
];

fn map(values: Vec<Value>) -> Result<BTreeMap<String, Value>, String> {
    match exactly(values)? {
        [Value::Object(fields)] => Ok(fields),
        [other] => Err(format!("a map is required, not {}", other.kind())),
    }
}

fn length(values: Vec<Value>) -> Result<usize, String> {
    match exactly(values)? {
        [Value::List(elements) | Value::Set(elements)] => Ok(elements.len()),
        [Value::Object(fields)] => Ok(fields.len()),
        [other] => Err(format!(
            "a list, set or map is required, not {}",
            other.kind()
        )),
    }
}

fn merge(values: Vec<Value>) -> Result<Value, String> {
    let mut merged = BTreeMap::new();
    for value in values {
        match value {
            Value::Object(fields) => merged.extend(fields),
            Value::Null => {}
            other => return Err(format!("maps are required, not {}", other.kind())),
        }
    }
    Ok(Value::Object(merged))
}

fn zip(values: Vec<Value>) -> Result<Value, String> {
    let [keys, values] = exactly(values)?;
    let (keys, values) = (list_of_texts(keys)?, list(values)?);
    if keys.len() == values.len() {
        Ok(Value::Object(keys.into_iter().zip(values).collect()))
    } else {
        Err(format!("{} keys for {} values", keys.len(), values.len()))
    }
}

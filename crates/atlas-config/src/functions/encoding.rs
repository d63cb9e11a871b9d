//! JSON and CSV.

use std::collections::BTreeMap;

use super::Table;
use super::arguments::{exactly, texts};
use crate::csv;
use crate::number::Number;
use crate::value::Value;

pub(super) const TABLE: Table = &[
    ("jsonencode", |_, values| {
        let [value] = exactly(values)?;
        json(&value).map(Value::String)
    }),
    ("jsondecode", |_, values| {
        let [text] = texts(values)?;
        let parsed = serde_json::from_str(&text).map_err(|error| {
            format!(
                "no JSON at line {}, column {}",
                error.line(),
                error.column()
            )
        })?;
        Ok(from_json(parsed))
    }),
    ("csvdecode", |_, values| {
        let [text] = texts(values)?;
        csv_decode(&text)
    }),
];

/// The value as JSON without blanks; `<`, `>` and `&` are escaped, as Go does.
pub(super) fn json(value: &Value) -> Result<String, String> {
    let mut text = String::new();
    write_json(value, &mut text)?;
    Ok(text)
}

fn write_json(value: &Value, text: &mut String) -> Result<(), String> {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(truth) => text.push_str(&truth.to_string()),
        Value::Number(number) if number.as_f64().is_finite() => text.push_str(&number.to_string()),
        Value::Number(_) => return Err("infinity is no JSON".to_owned()),
        Value::String(string) => text.push_str(&quoted(string)),
        Value::List(elements) | Value::Set(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_json(element, text)?;
            }
            text.push(']');
        }
        Value::Object(fields) => {
            text.push('{');
            for (index, (name, value)) in fields.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&quoted(name));
                text.push(':');
                write_json(value, text)?;
            }
            text.push('}');
        }
    }
    Ok(())
}

/// The text in quotes, as JSON.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = serde_json::Value::from(text).to_string();
    for (plain, escaped) in [
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u{2028}", "\\u2028"),
        ("\u{2029}", "\\u2029"),
    ] {
        if quoted.contains(plain) {
            quoted = quoted.replace(plain, escaped);
        }
    }
    quoted
}

fn from_json(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(truth),
        serde_json::Value::Number(number) => Value::Number(number.as_i64().map_or_else(
            || Number::from(number.as_f64().unwrap_or_default()),
            Number::Integer,
        )),
        serde_json::Value::String(text) => Value::String(text),
        serde_json::Value::Array(elements) => {
            Value::List(elements.into_iter().map(from_json).collect())
        }
        serde_json::Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (name, from_json(value)))
                .collect(),
        ),
    }
}

/// Every record as an object with the names of the first.
fn csv_decode(text: &str) -> Result<Value, String> {
    let mut records = csv::records(text)
        .map_err(|error| error.to_string())?
        .into_iter();
    let names = records.next().ok_or("a line with the names is required")?;
    let rows = (2..).zip(records).map(|(line, record)| {
        if record.len() == names.len() {
            let fields: BTreeMap<_, _> = names
                .iter()
                .cloned()
                .zip(record.into_iter().map(Value::String))
                .collect();
            Ok(Value::Object(fields))
        } else {
            Err(format!(
                "record {line} has {} fields, not {}",
                record.len(),
                names.len()
            ))
        }
    });
    rows.collect::<Result<_, _>>().map(Value::List)
}

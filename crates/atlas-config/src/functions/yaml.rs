//! YAML: written with every text in quotes, read as version 1.2 means it.

use std::collections::BTreeMap;

use yaml_rust2::{Yaml, YamlLoader};

use super::Table;
use super::arguments::{exactly, texts};
use super::encoding::quoted;
use crate::number::Number;
use crate::value::Value;

pub(super) const TABLE: Table = &[
    ("yamlencode", |_, values| {
        let [value] = exactly(values)?;
        let mut text = String::new();
        write(&value, 0, &mut text);
        Ok(Value::String(text))
    }),
    ("yamldecode", |_, values| {
        let [text] = texts(values)?;
        let mut documents = YamlLoader::load_from_str(&text).map_err(|error| {
            let mark = error.marker();
            format!("no YAML at line {}, column {}", mark.line(), mark.col() + 1)
        })?;
        match documents.len() {
            0 => Ok(Value::Null),
            1 => from_yaml(documents.remove(0)),
            several => Err(format!("{several} documents; one is expected")),
        }
    }),
];

/// Writes a value whose first line is already indented.
fn write(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::List(elements) | Value::Set(elements) if !elements.is_empty() => {
            for (index, element) in elements.iter().enumerate() {
                indent(index, depth, text);
                text.push_str("- ");
                write(element, depth + 1, text);
            }
        }
        Value::Object(fields) if !fields.is_empty() => {
            for (index, (name, value)) in fields.iter().enumerate() {
                indent(index, depth, text);
                text.push_str(&quoted(name));
                text.push(':');
                match value {
                    Value::List(inner) | Value::Set(inner) if !inner.is_empty() => {
                        text.push('\n');
                        text.push_str(&"  ".repeat(depth));
                        write(value, depth, text);
                    }
                    Value::Object(inner) if !inner.is_empty() => {
                        text.push('\n');
                        text.push_str(&"  ".repeat(depth + 1));
                        write(value, depth + 1, text);
                    }
                    _ => {
                        text.push(' ');
                        write(value, depth, text);
                    }
                }
            }
        }
        scalar => {
            text.push_str(&match scalar {
                Value::Null => "null".to_owned(),
                Value::Bool(truth) => truth.to_string(),
                Value::Number(number) => number.to_string(),
                Value::String(string) => quoted(string),
                Value::List(_) | Value::Set(_) => "[]".to_owned(),
                Value::Object(_) => "{}".to_owned(),
            });
            text.push('\n');
        }
    }
}

fn indent(index: usize, depth: usize, text: &mut String) {
    if index > 0 {
        text.push_str(&"  ".repeat(depth));
    }
}

fn from_yaml(yaml: Yaml) -> Result<Value, String> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Boolean(truth) => Value::Bool(truth),
        Yaml::Integer(number) => Value::from(number),
        Yaml::Real(text) => Value::Number(
            Number::parse(&text).ok_or("infinities and not-a-numbers are not supported")?,
        ),
        Yaml::String(text) => Value::String(text),
        Yaml::Array(elements) => Value::List(
            elements
                .into_iter()
                .map(from_yaml)
                .collect::<Result<_, _>>()?,
        ),
        Yaml::Hash(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(key, value)| Ok((key_text(key)?, from_yaml(value)?)))
                .collect::<Result<BTreeMap<_, _>, String>>()?,
        ),
        Yaml::Alias(_) | Yaml::BadValue => return Err("an alias without anchor".to_owned()),
    })
}

fn key_text(key: Yaml) -> Result<String, String> {
    super::arguments::text(&from_yaml(key)?).map_err(|_| "a key is not a text".to_owned())
}

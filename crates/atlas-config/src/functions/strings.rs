//! Functions of texts. Characters are Unicode's scalar values.

use super::Table;
use super::arguments::{exactly, integer, list_of_texts, text, texts};
use crate::types::{to_bool, to_number, to_string};
use crate::value::Value;

pub(super) const TABLE: Table = &[
    ("chomp", |_, values| {
        texts(values).map(|[text]| Value::text(text.trim_end_matches(['\r', '\n'])))
    }),
    ("endswith", |_, values| {
        texts(values).map(|[text, end]| Value::Bool(text.ends_with(&end)))
    }),
    ("indent", |_, values| indent(values)),
    ("join", |_, values| join(values)),
    ("lower", |_, values| {
        texts(values).map(|[text]| Value::text(text.to_lowercase()))
    }),
    ("replace", |_, values| {
        texts(values).map(|[text, old, new]| Value::text(text.replace(&old, &new)))
    }),
    ("split", |_, values| {
        texts(values).map(|[separator, text]| split(&separator, &text))
    }),
    ("startswith", |_, values| {
        texts(values).map(|[text, start]| Value::Bool(text.starts_with(&start)))
    }),
    ("strrev", |_, values| {
        texts(values).map(|[text]| Value::String(text.chars().rev().collect()))
    }),
    ("substr", |_, values| substring(values)),
    ("title", |_, values| {
        texts(values).map(|[text]| Value::String(title(&text)))
    }),
    ("tobool", |_, values| {
        converted(values, |value| to_bool(value).map(Value::Bool))
    }),
    ("tonumber", |_, values| {
        converted(values, |value| to_number(value).map(Value::Number))
    }),
    ("tostring", |_, values| {
        converted(values, |value| to_string(value).map(Value::String))
    }),
    ("trim", |_, values| {
        texts(values).map(|[text, cut]| Value::text(text.trim_matches(|one| cut.contains(one))))
    }),
    ("trimprefix", |_, values| {
        texts(values).map(|[text, prefix]| Value::text(text.strip_prefix(&prefix).unwrap_or(&text)))
    }),
    ("trimspace", |_, values| {
        texts(values).map(|[text]| Value::text(text.trim()))
    }),
    ("trimsuffix", |_, values| {
        texts(values).map(|[text, suffix]| Value::text(text.strip_suffix(&suffix).unwrap_or(&text)))
    }),
    ("upper", |_, values| {
        texts(values).map(|[text]| Value::text(text.to_uppercase()))
    }),
    ("print", |evaluator, values| {
        let [value] = exactly(values)?;
        let said = match to_string(&value) {
            Ok(text) => text,
            Err(_) => super::encoding::json(&value)?,
        };
        evaluator.said.borrow_mut().push(said);
        Ok(value)
    }),
];

fn converted(
    values: Vec<Value>,
    convert: fn(&Value) -> Result<Value, String>,
) -> Result<Value, String> {
    match exactly(values)? {
        [Value::Null] => Ok(Value::Null),
        [value] => convert(&value),
    }
}

fn indent(values: Vec<Value>) -> Result<Value, String> {
    let [width, value] = exactly(values)?;
    let width = usize::try_from(integer(&width)?).map_err(|_| "the width is not negative")?;
    let between = format!("\n{}", " ".repeat(width.min(1024)));
    Ok(Value::text(text(&value)?.replace('\n', &between)))
}

fn join(values: Vec<Value>) -> Result<Value, String> {
    let ([separator], lists) = super::arguments::at_least(values)?;
    let mut parts = Vec::new();
    for list in lists {
        parts.extend(list_of_texts(list)?);
    }
    Ok(Value::text(parts.join(&text(&separator)?)))
}

fn split(separator: &str, text: &str) -> Value {
    if separator.is_empty() {
        Value::texts(text.chars().map(String::from))
    } else {
        Value::texts(text.split(separator).map(str::to_owned))
    }
}

fn substring(values: Vec<Value>) -> Result<Value, String> {
    let [value, offset, length] = exactly(values)?;
    let characters: Vec<char> = text(&value)?.chars().collect();
    let offset = integer(&offset)?;
    let start = match usize::try_from(offset) {
        Ok(start) => start.min(characters.len()),
        Err(_) => {
            let back = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            characters.len().saturating_sub(back)
        }
    };
    // A negative length means the rest.
    let length = usize::try_from(integer(&length)?).unwrap_or(usize::MAX);
    Ok(Value::String(
        characters.iter().skip(start).take(length).collect(),
    ))
}

fn title(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut inside = false;
    for one in text.chars() {
        if inside {
            titled.push(one);
        } else {
            titled.extend(one.to_uppercase());
        }
        inside = one.is_alphanumeric() || matches!(one, '_' | '\'');
    }
    titled
}

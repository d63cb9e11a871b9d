//! Functions of lists.

use super::Table;
use super::arguments::{exactly, integer, list, list_of_texts, number, text};
use crate::types::unify;
use crate::value::Value;

pub(super) const TABLE: Table = &[
    ("alltrue", |_, values| {
        let [values] = exactly(values)?;
        let all = list(values)?
            .iter()
            .all(|value| *value == Value::Bool(true));
        Ok(Value::Bool(all))
    }),
    ("chunklist", |_, values| chunks(values)),
    ("coalescelist", |_, values| coalesce(values)),
    ("compact", |_, values| {
        let [values] = exactly(values)?;
        let mut kept = list(values)?;
        kept.retain(|value| !matches!(value, Value::Null) && *value != Value::from(""));
        kept.iter()
            .map(text)
            .collect::<Result<Vec<_>, _>>()
            .map(Value::texts)
    }),
    ("concat", |_, values| {
        let mut all = Vec::new();
        for value in values {
            all.extend(list(value)?);
        }
        Ok(Value::List(all))
    }),
    ("distinct", |_, values| {
        let [values] = exactly(values)?;
        let mut unique = Vec::new();
        for value in unify(list(values)?) {
            if !unique.contains(&value) {
                unique.push(value);
            }
        }
        Ok(Value::List(unique))
    }),
    ("element", |_, values| element(values)),
    ("flatten", |_, values| {
        let [values] = exactly(values)?;
        let mut flat = Vec::new();
        flatten(list(values)?, &mut flat);
        Ok(Value::List(flat))
    }),
    ("range", |_, values| range(&values)),
    ("reverse", |_, values| {
        let [values] = exactly(values)?;
        let mut reversed = list(values)?;
        reversed.reverse();
        Ok(Value::List(reversed))
    }),
    ("slice", |_, values| slice(values)),
    ("sort", |_, values| {
        let [values] = exactly(values)?;
        let mut sorted = list_of_texts(values)?;
        sorted.sort();
        Ok(Value::texts(sorted))
    }),
    ("tolist", |_, values| {
        let [values] = exactly(values)?;
        Ok(Value::List(unify(list(values)?)))
    }),
];

fn chunks(values: Vec<Value>) -> Result<Value, String> {
    let [values, size] = exactly(values)?;
    let values = list(values)?;
    let size = usize::try_from(integer(&size)?).map_err(|_| "the size is not negative")?;
    let chunks = match size {
        0 => vec![Value::List(values)],
        size => values
            .chunks(size)
            .map(|chunk| Value::List(chunk.to_vec()))
            .collect(),
    };
    Ok(Value::List(chunks))
}

fn coalesce(values: Vec<Value>) -> Result<Value, String> {
    values
        .into_iter()
        .find(|value| {
            value
                .elements()
                .is_some_and(|elements| !elements.is_empty())
        })
        .ok_or_else(|| "all lists are empty".to_owned())
}

fn element(values: Vec<Value>) -> Result<Value, String> {
    let [values, position] = exactly(values)?;
    let values = list(values)?;
    let length = i64::try_from(values.len()).unwrap_or(i64::MAX);
    if length == 0 {
        return Err("the list is empty".to_owned());
    }
    let position = integer(&position)?.rem_euclid(length);
    usize::try_from(position)
        .ok()
        .and_then(|position| values.into_iter().nth(position))
        .ok_or_else(|| "there is no such element".to_owned())
}

fn flatten(values: Vec<Value>, flat: &mut Vec<Value>) {
    for value in values {
        match value {
            Value::List(inner) | Value::Set(inner) => flatten(inner, flat),
            value => flat.push(value),
        }
    }
}

fn range(values: &[Value]) -> Result<Value, String> {
    const LIMIT: usize = 1024;
    let numbers: Vec<_> = values
        .iter()
        .map(|value| number(value).map(crate::number::Number::as_f64))
        .collect::<Result<_, _>>()?;
    let (start, end, step) = match numbers.as_slice() {
        [end] => (0.0, *end, None),
        [start, end] => (*start, *end, None),
        [start, end, step] => (*start, *end, Some(*step)),
        _ => return Err("one to three numbers are required".to_owned()),
    };
    let step = step.unwrap_or(if end < start { -1.0 } else { 1.0 });
    let mut found = Vec::new();
    let mut next = start;
    while (step < 0.0 && next > end) || (step >= 0.0 && next < end) {
        if found.len() == LIMIT {
            return Err(format!("more than {LIMIT} numbers; use a larger step"));
        }
        found.push(Value::from(next));
        next += step;
    }
    Ok(Value::List(found))
}

fn slice(values: Vec<Value>) -> Result<Value, String> {
    let [values, start, end] = exactly(values)?;
    let values = list(values)?;
    let bound = |value: &Value| {
        usize::try_from(integer(value)?).map_err(|_| "an index is negative".to_owned())
    };
    let (start, end) = (bound(&start)?, bound(&end)?);
    values
        .get(start..end)
        .map(|part| Value::List(part.to_vec()))
        .ok_or_else(|| {
            format!(
                "no part from {start} to {end} of a list of {}",
                values.len()
            )
        })
}

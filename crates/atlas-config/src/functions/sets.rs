//! Functions of sets.

use super::Table;
use super::arguments::{at_least, exactly, list};
use crate::types::unify;
use crate::value::Value;

pub(super) const TABLE: Table = &[
    ("setintersection", |_, values| {
        combined(values, |left, right| {
            left.retain(|value| right.contains(value));
        })
    }),
    ("setproduct", |_, values| product(values)),
    ("setsubtract", |_, values| {
        combined(values, |left, right| {
            left.retain(|value| !right.contains(value));
        })
    }),
    ("setunion", |_, values| combined(values, Extend::extend)),
    ("toset", |_, values| {
        let [values] = exactly(values)?;
        Ok(Value::set(unify(list(values)?)))
    }),
];

fn combined(values: Vec<Value>, combine: fn(&mut Vec<Value>, Vec<Value>)) -> Result<Value, String> {
    let ([first], rest) = at_least(values)?;
    let mut result = list(first)?;
    for value in rest {
        combine(&mut result, list(value)?);
    }
    Ok(Value::set(unify(result)))
}

/// Every way of taking one element of each.
fn product(values: Vec<Value>) -> Result<Value, String> {
    const LIMIT: usize = 100_000;
    let mut tuples = vec![Vec::new()];
    for value in values {
        let elements = list(value)?;
        if tuples.len().saturating_mul(elements.len()) > LIMIT {
            return Err(format!("more than {LIMIT} combinations"));
        }
        tuples = tuples
            .iter()
            .flat_map(|tuple: &Vec<Value>| {
                elements.iter().map(move |element| {
                    let mut longer = tuple.clone();
                    longer.push(element.clone());
                    longer
                })
            })
            .collect();
    }
    Ok(Value::List(tuples.into_iter().map(Value::List).collect()))
}

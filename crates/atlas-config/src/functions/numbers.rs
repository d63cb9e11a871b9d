//! Functions of numbers.

use super::Table;
use super::arguments::{at_least, exactly, integer, number, text};
use crate::number::Number;
use crate::value::Value;

pub(super) const TABLE: Table = &[
    ("abs", |_, values| of_one(values, f64::abs)),
    ("ceil", |_, values| of_one(values, f64::ceil)),
    ("floor", |_, values| of_one(values, f64::floor)),
    ("signum", |_, values| {
        of_one(
            values,
            |number| if number == 0.0 { 0.0 } else { number.signum() },
        )
    }),
    ("pow", |_, values| of_two(values, f64::powf)),
    ("log", |_, values| {
        of_two(values, |number, base| number.ln() / base.ln())
    }),
    ("max", |_, values| chosen(values, |new, best| new > best)),
    ("min", |_, values| chosen(values, |new, best| new < best)),
    ("parseint", |_, values| parse_integer(values)),
];

fn of_one(values: Vec<Value>, function: fn(f64) -> f64) -> Result<Value, String> {
    let [value] = exactly(values)?;
    finite(function(number(&value)?.as_f64()))
}

fn of_two(values: Vec<Value>, function: fn(f64, f64) -> f64) -> Result<Value, String> {
    let [first, second] = exactly(values)?;
    finite(function(
        number(&first)?.as_f64(),
        number(&second)?.as_f64(),
    ))
}

/// The result to the fifteen digits a double is sure of: log(8, 2) is 3.
fn finite(result: f64) -> Result<Value, String> {
    let rounded: f64 = format!("{result:.14e}").parse().unwrap_or(result);
    if rounded.is_finite() {
        Ok(Value::from(rounded))
    } else {
        Err("there is no such number".to_owned())
    }
}

fn chosen(values: Vec<Value>, better: fn(Number, Number) -> bool) -> Result<Value, String> {
    let ([first], rest) = at_least(values)?;
    let mut best = number(&first)?;
    for value in &rest {
        let new = number(value)?;
        if better(new, best) {
            best = new;
        }
    }
    Ok(Value::Number(best))
}

fn parse_integer(values: Vec<Value>) -> Result<Value, String> {
    let [value, base] = exactly(values)?;
    let base = u32::try_from(integer(&base)?)
        .ok()
        .filter(|base| (2..=36).contains(base))
        .ok_or("the base is from 2 to 36")?;
    i64::from_str_radix(&text(&value)?, base)
        .map(Value::from)
        .map_err(|_| format!("the string is no whole number of base {base}"))
}

//! Functions that look at files and the environment.

use std::path::PathBuf;

use super::Table;
use super::arguments::texts;
use crate::surroundings::Matches;
use crate::value::Value;

pub(super) const TABLE: Table = &[
    ("file", |evaluator, values| {
        let [path] = texts(values)?;
        evaluator
            .surroundings
            .read_file(path.as_ref())
            .map(Value::String)
    }),
    ("fileset", |evaluator, values| {
        let [pattern] = texts(values)?;
        evaluator
            .surroundings
            .glob(&pattern, Matches::Files)
            .map(paths)
    }),
    ("glob", |evaluator, values| {
        let [pattern] = texts(values)?;
        evaluator
            .surroundings
            .glob(&pattern, Matches::All)
            .map(paths)
    }),
    ("getenv", |evaluator, values| {
        let [name] = texts(values)?;
        let value = evaluator.surroundings.variable(&name).unwrap_or_default();
        evaluator.secrets.borrow_mut().add(&value);
        if value.is_empty() {
            evaluator.unset.borrow_mut().insert(name);
        }
        Ok(Value::String(value))
    }),
];

fn paths(paths: Vec<PathBuf>) -> Value {
    Value::texts(
        paths
            .into_iter()
            .map(|path| path.to_string_lossy().into_owned()),
    )
}

//! Functions of regular expressions.

use regex::{Captures, Regex};

use super::Table;
use super::arguments::texts;
use crate::value::Value;

pub(super) const TABLE: Table = &[
    ("regex", |_, values| {
        let [pattern, text] = texts(values)?;
        let regex = parse(&pattern)?;
        regex
            .captures(&text)
            .map(|found| matched(&regex, &found))
            .ok_or_else(|| "the pattern does not match".to_owned())
    }),
    ("regexall", |_, values| {
        let [pattern, text] = texts(values)?;
        let regex = parse(&pattern)?;
        let all = regex
            .captures_iter(&text)
            .map(|found| matched(&regex, &found));
        Ok(Value::List(all.collect()))
    }),
    ("regexreplace", |_, values| {
        let [text, pattern, replacement] = texts(values)?;
        let regex = parse(&pattern)?;
        Ok(Value::text(regex.replace_all(&text, replacement.as_str())))
    }),
];

fn parse(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|_| "the pattern is no regular expression".to_owned())
}

/// The whole match; its groups, if the pattern has any; by name, if they have names.
fn matched(regex: &Regex, found: &Captures<'_>) -> Value {
    let group = |index: usize| {
        found
            .get(index)
            .map_or(Value::Null, |part| Value::text(part.as_str()))
    };
    if regex.captures_len() == 1 {
        return group(0);
    }
    let names: Vec<_> = regex.capture_names().enumerate().skip(1).collect();
    if names.iter().any(|(_, name)| name.is_some()) {
        Value::Object(
            names
                .into_iter()
                .filter_map(|(index, name)| Some((name?.to_owned(), group(index))))
                .collect(),
        )
    } else {
        Value::List(names.into_iter().map(|(index, _)| group(index)).collect())
    }
}

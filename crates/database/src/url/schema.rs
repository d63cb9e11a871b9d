//! The schema that a server's URL connects to.

use super::percent;

/// `search_path` of a PostgreSQL URL: the first of several; else Prisma's `schema`.
pub(super) fn search_path(rest: &str) -> Option<String> {
    let Some(value) = parameter(rest, "search_path") else {
        return parameter(rest, "schema").filter(|name| !name.is_empty());
    };
    let first = value.split(',').next()?.trim();
    let name = match first
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
    {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => first.to_owned(),
    };
    (!name.is_empty()).then_some(name)
}

fn parameter(rest: &str, name: &str) -> Option<String> {
    let (_, query) = rest.split_once('?')?;
    let query = query.split('#').next()?;
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| percent::decode(&value.replace('+', " ")).ok())
        .and_then(|value| String::from_utf8(value).ok())
}

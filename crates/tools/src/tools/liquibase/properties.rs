//! `liquibase.properties`.

use super::changelog::Property;
use crate::project::Project;

pub(super) const PROPERTIES: &str = "liquibase.properties";

/// The value of a setting, whichever of its spellings is used.
pub(crate) fn value(project: &Project, key: &str) -> Option<String> {
    let text = project.text(PROPERTIES)?;
    lines(&text).find_map(|(name, value)| {
        let name = name.strip_prefix("liquibase.").unwrap_or(name);
        let name = name.strip_prefix("command.").unwrap_or(name);
        let name = name.strip_prefix("update.").unwrap_or(name);
        name.replace('-', "")
            .eq_ignore_ascii_case(key)
            .then(|| value.to_owned())
    })
}

/// The values of parameters: `parameter.name=value`.
pub(super) fn parameters(project: &Project) -> Vec<Property> {
    let text = project.text(PROPERTIES).unwrap_or_default();
    let named = lines(&text).filter_map(|(name, value)| {
        Some(Property {
            name: name.strip_prefix("parameter.")?.to_owned(),
            value: value.to_owned(),
            dbms: String::new(),
            is_global: true,
        })
    });
    named.collect()
}

fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with(['#', '!']))
        .filter_map(|line| line.split_once(['=', ':']))
        .map(|(name, value)| (name.trim(), value.trim()))
}

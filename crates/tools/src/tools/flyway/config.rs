//! `flyway.toml` and `flyway.conf`.

use super::source::sources;
use crate::history::TableName;
use crate::project::{Project, clean, join};
use crate::text::toml::{text_at, value_at};
use crate::tool::Settings;

const DIRECTORIES: [&str; 4] = [
    "src/main/resources/db/migration",
    "sql",
    "db/migration",
    "migrations",
];
pub(crate) const CONFIGS: [&str; 3] = ["flyway.toml", "flyway.conf", "conf/flyway.conf"];
const TABLE: &str = "flyway_schema_history";

/// The history table.
pub(crate) fn table(project: &Project, settings: &Settings) -> TableName {
    settings.table_or(|| {
        let named = option(project, "table").unwrap_or_else(|| TABLE.to_owned());
        TableName::within(default_schema(project), named)
    })
}

/// A setting of flyway.toml or flyway.conf.
pub(crate) fn option(project: &Project, key: &str) -> Option<String> {
    if let Some(text) = text_at(project, CONFIGS[0], &["flyway", key]) {
        return Some(text);
    }
    CONFIGS[1..].iter().find_map(|file| {
        let text = project.text(file)?;
        text.lines().find_map(|line| {
            let value = line.trim().strip_prefix("flyway.")?.strip_prefix(key)?;
            Some(value.trim_start().strip_prefix('=')?.trim().to_owned())
        })
    })
}

/// A setting that is true or false.
pub(crate) fn flag(project: &Project, key: &str) -> Option<bool> {
    let said = value_at(project, CONFIGS[0], &["flyway", key]);
    said.as_ref()
        .and_then(toml::Value::as_bool)
        .or_else(|| option(project, key)?.parse().ok())
}

/// A setting that is a list: an array, or a text with commas.
pub(crate) fn list(project: &Project, key: &str) -> Option<Vec<String>> {
    let listed = value_at(project, CONFIGS[0], &["flyway", key]);
    if let Some(toml::Value::Array(listed)) = listed {
        let texts = listed.iter().filter_map(toml::Value::as_str);
        return Some(texts.map(str::to_owned).collect());
    }
    let text = option(project, key)?;
    let parts = text.split(',').map(str::trim);
    Some(
        parts
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

/// The schema that migrations mean, if the configuration says which.
pub(crate) fn default_schema(project: &Project) -> Option<String> {
    let named = option(project, "defaultSchema").filter(|schema| !schema.is_empty());
    named.or_else(|| list(project, "schemas")?.into_iter().next())
}

/// The directory of the migrations: the first location.
pub(crate) fn directory(project: &Project) -> String {
    let first = list(project, "locations").and_then(|listed| listed.into_iter().next());
    let named = first.map(|location| match location.split_once(':') {
        Some(("filesystem", path)) => clean(path).to_owned(),
        Some(("classpath", path)) => join("src/main/resources", path.trim_start_matches('/')),
        _ => clean(&location).to_owned(),
    });
    named.unwrap_or_else(|| {
        DIRECTORIES
            .into_iter()
            .find(|directory| !sources(project, directory).is_empty())
            .unwrap_or(DIRECTORIES[0])
            .to_owned()
    })
}

//! Changelogs in YAML and JSON: changesets and what is included.
//!
//! Of YAML the block form is read in which every document of Liquibase writes
//! changelogs: `- changeSet:` with its keys below it.

use super::changelog::{BEYOND_PATHS, Changeset, Item, Property, Reference};

/// The items of a YAML text, in order.
pub(super) fn read(text: &str) -> Vec<Item> {
    let lines: Vec<(usize, &str)> = text
        .lines()
        .map(|line| line.split(" #").next().unwrap_or_default())
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .map(|line| (line.len() - line.trim_start().len(), line.trim()))
        .collect();
    let mut items = Vec::new();
    for (at, (indent, line)) in lines.iter().enumerate() {
        let Some(entry) = line.strip_prefix("- ").map(str::trim) else {
            continue;
        };
        if let Some(beyond) = ["logicalFilePath", "preConditions"]
            .into_iter()
            .find(|key| {
                entry
                    .strip_prefix(key)
                    .is_some_and(|rest| rest.starts_with(':'))
            })
        {
            items.push(Item::Beyond(beyond.to_owned()));
            continue;
        }
        let Some(kind) = entry.strip_suffix(':') else {
            continue;
        };
        let below: Vec<&(usize, &str)> = lines[at + 1..]
            .iter()
            .take_while(|(inner, _)| inner > indent)
            .collect();
        let depth = below.first().map_or(0, |(inner, _)| *inner);
        let value = |key: &str| {
            below
                .iter()
                .filter(|(inner, _)| *inner == depth)
                .find_map(|(_, line)| line.strip_prefix(key)?.strip_prefix(':'))
                .map(|value| value.trim().trim_matches(['"', '\'']).to_owned())
        };
        items.extend(item(kind, value));
    }
    items
}

/// The items of a JSON text, in order.
pub(super) fn read_json(text: &str) -> Result<Vec<Item>, serde_json::Error> {
    let document: serde_json::Value = serde_json::from_str(text)?;
    let list = document
        .get("databaseChangeLog")
        .and_then(serde_json::Value::as_array);
    Ok(list
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_object)
        .flatten()
        .filter_map(|(kind, body)| {
            item(kind, |key| match body.get(key)? {
                serde_json::Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            })
        })
        .collect())
}

fn item(kind: &str, value: impl Fn(&str) -> Option<String>) -> Option<Item> {
    let is_true = |key: &str| value(key).as_deref() == Some("true");
    let reference = |path: &str| {
        Some(Reference {
            path: value(path)?,
            relative: is_true("relativeToChangelogFile"),
            beyond: BEYOND_PATHS.into_iter().find(|key| value(key).is_some()),
        })
    };
    match kind {
        "changeSet" => Some(Item::changeset(Changeset {
            id: value("id")?,
            author: value("author")?,
            path: value("logicalFilePath"),
            run_on_change: is_true("runOnChange"),
            run_always: is_true("runAlways"),
            dbms: value("dbms").unwrap_or_default(),
            is_ignored: is_true("ignore"),
            ..Changeset::default()
        })),
        "include" => reference("file").map(Item::Include),
        "includeAll" => reference("path").map(Item::IncludeAll),
        "property" => match (value("name"), value("value")) {
            (Some(name), Some(value_of_name)) => Some(Item::Property(Property {
                name,
                value: value_of_name,
                dbms: value("dbms").unwrap_or_default(),
                is_global: value("global").as_deref() != Some("false"),
            })),
            _ => Some(Item::Beyond("property file".to_owned())),
        },
        "preConditions" | "modifyChangeSets" | "removeChangeSetProperty" | "logicalFilePath" => {
            Some(Item::Beyond(kind.to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Item, read, read_json};

    #[test]
    fn yaml_and_json_say_the_same() {
        let yaml = read(
            "databaseChangeLog:\n  - changeSet:\n      id: 1\n      author: ann\n      changes:\n        - createTable:\n            tableName: x\n  - include:\n      file: a.sql\n      relativeToChangelogFile: true\n",
        );
        let json = read_json(
            "{\"databaseChangeLog\": [{\"changeSet\": {\"id\": \"1\", \"author\": \"ann\"}}, {\"include\": {\"file\": \"a.sql\", \"relativeToChangelogFile\": true}}]}",
        )
        .unwrap();
        assert_eq!(yaml, json);
        assert!(matches!(&yaml[1], Item::Include(include) if include.relative));
    }
}

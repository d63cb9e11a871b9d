//! `${name}` in migrations, with the values of the configuration.

use std::collections::BTreeMap;

use super::super::directory::NativeError;
use crate::project::{Project, base_name};
use crate::text::toml::value_at;
use crate::tools::flyway::{CONFIGS, flag, option};

/// What stands for what.
#[derive(Debug)]
pub(super) struct Placeholders {
    prefix: String,
    suffix: String,
    /// By name in lower case.
    values: BTreeMap<String, String>,
}

impl Placeholders {
    /// Those of a project; nothing if it says that there are none.
    pub(super) fn of(project: &Project, table: &str) -> Option<Self> {
        if flag(project, "placeholderReplacement") == Some(false) {
            return None;
        }
        let named = |key, usual: &str| option(project, key).unwrap_or_else(|| usual.to_owned());
        let mut values = BTreeMap::new();
        for file in &CONFIGS[1..] {
            for line in project.text(file).unwrap_or_default().lines() {
                let told = line.trim().strip_prefix("flyway.placeholders.");
                if let Some((name, value)) = told.and_then(|told| told.split_once('=')) {
                    values
                        .entry(name.trim().to_lowercase())
                        .or_insert_with(|| value.trim().to_owned());
                }
            }
        }
        let told = value_at(project, CONFIGS[0], &["flyway", "placeholders"]);
        for (name, value) in told
            .as_ref()
            .and_then(toml::Value::as_table)
            .into_iter()
            .flatten()
        {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            values.insert(name.to_lowercase(), value);
        }
        values.insert("flyway:table".to_owned(), table.to_owned());
        Some(Self {
            prefix: named("placeholderPrefix", "${"),
            suffix: named("placeholderSuffix", "}"),
            values,
        })
    }

    /// Whether a text has any.
    pub(super) fn are_in(&self, text: &str) -> bool {
        !self.prefix.is_empty() && text.contains(&self.prefix)
    }

    /// A migration's text with the values in it.
    ///
    /// # Errors
    /// One has no value, or no end.
    pub(super) fn fill(&self, file: &str, text: &str) -> Result<String, NativeError> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once(&self.prefix) {
            filled.push_str(before);
            let fault = |why: String| {
                let line = text[..text.len() - behind.len()].matches('\n').count() + 1;
                NativeError::Setting(format!("{file}:{line}: {why}"))
            };
            let Some((name, after)) = behind.split_once(&self.suffix) else {
                return Err(fault(format!(
                    "a placeholder begins with {} and does not end with {}",
                    self.prefix, self.suffix
                )));
            };
            let own = (name == "flyway:filename").then(|| base_name(file));
            let Some(value) = own.or_else(|| self.value(name)) else {
                return Err(fault(self.unknown(name)));
            };
            filled.push_str(value);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.values.get(&name.to_lowercase()).map(String::as_str)
    }

    fn unknown(&self, name: &str) -> String {
        let written = format!("{}{name}{}", self.prefix, self.suffix);
        match name.starts_with("flyway:") {
            true => format!("{written} is known to flyway alone: `shipgate gate` runs it"),
            false => format!(
                "placeholder {written} has no value: give it one in flyway.conf \
                 (flyway.placeholders.{name}=...) or under [flyway.placeholders] in flyway.toml"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Placeholders;

    fn placeholders() -> Placeholders {
        let values = [("schema", "app"), ("a", "${schema}")];
        Placeholders {
            prefix: "${".to_owned(),
            suffix: "}".to_owned(),
            values: values
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        }
    }

    #[test]
    fn names_are_of_any_case_and_values_are_taken_as_they_are() {
        let filled = placeholders().fill("V1__a.sql", "${Schema}.t ${a} ${flyway:filename} $x");
        assert_eq!(filled.unwrap(), "app.t ${schema} V1__a.sql $x");
    }

    #[test]
    fn one_without_value_is_named_with_its_line() {
        for (text, expected) in [
            ("a\n${b}", "s/V1__a.sql:2: placeholder ${b} has no value"),
            (
                "${flyway:user}",
                "s/V1__a.sql:1: ${flyway:user} is known to flyway alone",
            ),
            (
                "${b",
                "s/V1__a.sql:1: a placeholder begins with ${ and does not end with }",
            ),
        ] {
            let error = placeholders()
                .fill("s/V1__a.sql", text)
                .unwrap_err()
                .to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}

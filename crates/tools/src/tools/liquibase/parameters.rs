//! `${name}` in changelogs, and the values that names have.

use shipgate_migrate::formats::is_for_database;
use shipgate_sql::Dialect;

use super::changelog::Property;

/// How deep values may name each other.
const DEPTH: usize = 16;

/// The values of parameters, as far as files tell them.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// The kind of database they are for, if that is known.
    dialect: Option<Dialect>,
    global: Vec<Property>,
    /// Of the changelog that is being read.
    local: Vec<Property>,
}

/// A text with the values of its parameters.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) text: String,
    /// The first parameter that has no value here.
    pub(super) unknown: Option<String>,
}

impl Parameters {
    /// Those for a kind of database.
    pub(super) fn of(dialect: Option<Dialect>) -> Self {
        Self {
            dialect,
            ..Self::default()
        }
    }

    /// The next changelog begins.
    pub(super) fn begin_file(&mut self) {
        self.local.clear();
    }

    /// The first value of a name counts.
    pub(super) fn add(&mut self, mut property: Property) {
        property.name = self.fill(&property.name).text;
        property.value = self.fill(&property.value).text;
        match property.is_global {
            true => self.global.push(property),
            false => self.local.insert(0, property),
        }
    }

    /// A text with the values in it; what has none stays as it is.
    pub(super) fn fill(&self, text: &str) -> Filled {
        let mut unknown = None;
        let (text, _, _) = self.part(text, Within::Text, DEPTH, &mut unknown);
        Filled { text, unknown }
    }

    /// The value that counts, if it is known which one does.
    fn property(&self, name: &str) -> Option<&Property> {
        let mut all = self.global.iter().chain(&self.local);
        let found = all.find(|property| {
            property.name.eq_ignore_ascii_case(name)
                && (self.dialect).is_none_or(|dialect| is_for_database(&property.dbms, dialect))
        })?;
        (self.dialect.is_some() || found.dbms.is_empty()).then_some(found)
    }

    /// A part up to its end, what follows, and whether an end was found.
    fn part<'t>(
        &self,
        text: &'t str,
        within: Within,
        depth: usize,
        unknown: &mut Option<String>,
    ) -> (String, &'t str, bool) {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        loop {
            let begin = rest.find("${");
            let end = match within {
                Within::Braces => rest.find('}'),
                Within::Text => None,
            };
            if let Some(end) = end.filter(|end| begin.is_none_or(|begin| *end < begin)) {
                filled.push_str(&rest[..end]);
                return (filled, &rest[end + 1..], true);
            }
            let Some(begin) = begin else {
                filled.push_str(rest);
                return (filled, "", false);
            };
            filled.push_str(&rest[..begin]);
            let inner = &rest[begin + 2..];
            let (name, after, is_closed) = self.part(inner, Within::Braces, depth, unknown);
            rest = after;
            match is_closed {
                true => filled.push_str(&self.value(&name, depth, unknown)),
                false => {
                    filled.push_str("${");
                    filled.push_str(&name);
                }
            }
        }
    }

    fn value(&self, name: &str, depth: usize, unknown: &mut Option<String>) -> String {
        match self.property(name.trim()) {
            Some(property) if depth > 0 => {
                let value = &property.value;
                self.part(value, Within::Text, depth - 1, unknown).0
            }
            _ => {
                unknown.get_or_insert_with(|| name.trim().to_owned());
                format!("${{{name}}}")
            }
        }
    }
}

/// Where a part ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Text,
    /// At `}`.
    Braces,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{Dialect, Filled, Parameters, Property};

    fn parameters(values: &[(&str, &str)]) -> Parameters {
        let mut parameters = Parameters::default();
        for (name, value) in values {
            parameters.add(Property {
                name: (*name).to_owned(),
                value: (*value).to_owned(),
                dbms: if *value == "h2" { "h2" } else { "" }.to_owned(),
                is_global: true,
            });
        }
        parameters
    }

    #[test]
    fn the_first_value_of_a_name_counts_in_letters_of_any_case() {
        let parameters = parameters(&[("table", "users"), ("table", "x"), ("both", "${table}_1")]);
        let filled = parameters.fill("${Table} ${ both } $ {x} $1 }");
        assert_eq!(filled.text, "users users_1 $ {x} $1 }");
        assert_eq!(filled.unknown, None);
    }

    #[test]
    fn what_has_no_value_stays_and_is_told() {
        let parameters = parameters(&[("type", "h2"), ("a", "b"), ("me", "${me}")]);
        for (text, unknown) in [("${x} ${y}", "x"), ("${type}", "type"), ("${x${a}}", "xb")] {
            let filled = parameters.fill(text);
            assert_eq!(filled.unknown.as_deref(), Some(unknown), "{text}");
        }
        assert_eq!(
            parameters.fill("'${' ${open"),
            Filled {
                text: "'${' ${open".to_owned(),
                unknown: None
            }
        );
        assert_eq!(parameters.fill("${me}").unknown.as_deref(), Some("me"));
    }

    #[test]
    fn values_are_those_for_the_kind_of_database() {
        let mut parameters = Parameters::of(Some(Dialect::Postgres));
        for (value, dbms) in [("a", "h2,mariadb"), ("b", "postgresql"), ("c", "")] {
            parameters.add(Property {
                name: "type".to_owned(),
                value: value.to_owned(),
                dbms: dbms.to_owned(),
                is_global: true,
            });
        }
        assert_eq!(parameters.fill("${type}").text, "b");
        parameters.dialect = Some(Dialect::Sqlite);
        assert_eq!(parameters.fill("${type}").text, "c");
        parameters.dialect = None;
        assert_eq!(parameters.fill("${type}").unknown.as_deref(), Some("type"));
    }

    proptest! {
        #[test]
        fn no_text_makes_filling_panic(text in "(\\$\\{|\\}|a|b| |é){0,30}") {
            let _ = parameters(&[("a", "${b}"), ("b", "}${a}")]).fill(&text);
        }
    }
}

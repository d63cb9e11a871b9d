//! Values that no message may show.

use std::collections::BTreeSet;

use crate::value::Value;

/// Texts that came from outside: variables of the environment, what was given
/// for variables of the file, and answers of data sources.
#[derive(Clone, Default)]
pub(crate) struct Secrets(BTreeSet<String>);

/// Shorter ones are found in too many words to be told from them.
const SHORTEST: usize = 4;

impl Secrets {
    pub(crate) fn add(&mut self, text: &str) {
        let text = text.trim();
        if text.len() >= SHORTEST {
            self.0.insert(text.to_owned());
        }
    }

    /// Adds every text of a value.
    pub(crate) fn add_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::List(elements) | Value::Set(elements) => {
                elements.iter().for_each(|element| self.add_value(element));
            }
            Value::Object(fields) => fields.values().for_each(|value| self.add_value(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The message with `...` in place of each.
    pub(crate) fn hide(&self, message: String) -> String {
        // The longest first, as one may be a part of another.
        let mut texts: Vec<_> = self.0.iter().collect();
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts.into_iter().fold(message, |message, secret| {
            if message.contains(secret.as_str()) {
                message.replace(secret.as_str(), "...")
            } else {
                message
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    #[test]
    fn the_longest_is_hidden_first_and_short_ones_are_words() {
        let mut secrets = Secrets::default();
        for text in ["hunter", "hunter2\n", "a"] {
            secrets.add(text);
        }
        assert_eq!(
            secrets.hide("cannot read hunter2 or hunter".to_owned()),
            "cannot read ... or ..."
        );
    }
}

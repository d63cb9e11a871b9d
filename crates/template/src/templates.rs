//! Templates that know each other by name.

use std::collections::BTreeMap;

use crate::execute::{ExecuteError, execute};
use crate::function::Functions;
use crate::node::Tree;
use crate::parser::{ParseError, parse};
use crate::value::Value;

/// A set of templates that may call each other, and the functions they use.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    pub(crate) functions: Functions,
    pub(crate) missing_key: MissingKey,
    pub(crate) trees: BTreeMap<String, Tree>,
}

/// What a key that a map does not have gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// [`Value::NoValue`].
    #[default]
    NoValue,
    /// An error.
    Error,
}

impl Templates {
    /// A set without templates yet.
    #[must_use]
    pub fn new(functions: Functions) -> Self {
        Self {
            functions,
            missing_key: MissingKey::default(),
            trees: BTreeMap::new(),
        }
    }

    /// The same with another answer to absent keys.
    #[must_use]
    pub fn missing_key(mut self, missing_key: MissingKey) -> Self {
        self.missing_key = missing_key;
        self
    }

    /// Adds a text under a name, and the templates it defines. Of two with the
    /// same name the later one counts, unless it is blank.
    ///
    /// # Errors
    /// [`ParseError`] with the first thing that is wrong; the set stays as it was.
    pub fn parse(&mut self, name: &str, text: &str) -> Result<(), ParseError> {
        for (name, tree) in parse(name, text, &self.functions)? {
            if !tree.is_empty() || !self.trees.contains_key(&name) {
                self.trees.insert(name, tree);
            }
        }
        Ok(())
    }

    /// The names of the templates.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.trees.keys().map(String::as_str)
    }

    /// What the template of this name prints for `data`.
    ///
    /// # Errors
    /// [`ExecuteError`], with the place in the template.
    pub fn execute(&self, name: &str, data: &Value) -> Result<String, ExecuteError> {
        execute(self, name, data)
    }
}

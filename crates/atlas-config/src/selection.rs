//! Which `env` blocks are meant, and what in them would be left out silently.

mod settings;

use std::collections::BTreeSet;
use std::ops::Range;

use hcl_edit::structure::Block;

use crate::environment::{Environment, Wanted};
use crate::error::{ConfigError, Evaluated, Fault, nearest};
use crate::evaluate::{Evaluator, Scope};
use crate::project::{EnvBlock, Project, Warning, key_span, span_of};
use crate::value::Value;
use settings::text_of;

/// Attributes of a `migration` block that are settings here.
const SETTINGS: [&str; 7] = [
    "dir",
    "format",
    "baseline",
    "exec_order",
    "lock_timeout",
    "revisions_schema",
    "tx_mode",
];

/// Blocks of an `env` that this or other commands know.
const BLOCKS: [&str; 7] = [
    "migration",
    "format",
    "log",
    "lint",
    "diff",
    "schema",
    "test",
];

/// One evaluation of the environments of a name.
pub(crate) struct Selection<'a, 'b> {
    pub(crate) evaluator: &'a Evaluator<'b>,
    pub(crate) wanted: Wanted,
    pub(crate) warnings: Vec<Warning>,
}

impl<'b> Selection<'_, 'b> {
    /// The environments that are meant, in the order of the file and of `for_each`.
    pub(crate) fn environments(&mut self) -> Evaluated<Vec<Environment>> {
        let name = self.evaluator.environment;
        let project: &Project = self.evaluator.project;
        let labelled: Vec<_> = project
            .envs
            .iter()
            .filter(|env| env.label.as_deref() == Some(name))
            .collect();
        let chosen = if labelled.is_empty() {
            self.named(name)?
        } else {
            labelled
        };
        if chosen.is_empty() {
            let known: BTreeSet<_> = project
                .envs
                .iter()
                .filter_map(|env| env.label.clone())
                .collect();
            return Err(ConfigError::UnknownEnv {
                name: name.to_owned(),
                file: project.name().to_owned(),
                known: known.into_iter().collect(),
            }
            .into());
        }
        let mut environments = Vec::new();
        for block in chosen {
            self.look_at(block)?;
            for (member, scope) in self.members(block)? {
                environments.push(self.environment(block, member, &scope)?);
            }
        }
        Ok(environments)
    }

    /// The blocks without label whose `name` is this one.
    fn named(&self, name: &str) -> Evaluated<Vec<&'b EnvBlock>> {
        let mut found = Vec::new();
        let project: &'b Project = self.evaluator.project;
        for block in project.envs.iter().filter(|env| env.label.is_none()) {
            let own = text_of(self.evaluator, &block.body, "name", &Scope::default())?;
            if own.as_deref() == Some(name) {
                found.push(block);
            }
        }
        Ok(found)
    }

    /// Refuses, or warns of, what would be left out silently.
    fn look_at(&mut self, env: &EnvBlock) -> Evaluated<()> {
        if let Some(second) = env.body.get_blocks("migration").nth(1) {
            let message = "a second `migration` block has no effect: the first counts";
            self.warn(&span_of(second), message.to_owned());
        }
        for block in env.body.blocks() {
            match block.ident.as_str() {
                "hook" => return Err(self.evaluator.project.hook(block)),
                "migration" => self.look_at_migration(block)?,
                name if BLOCKS.contains(&name) => {}
                name => {
                    let hint = nearest(name, &BLOCKS)
                        .map(|near| format!("; did you mean `{near}`?"))
                        .unwrap_or_default();
                    self.warn(
                        &span_of(block),
                        format!("the block `{name}` of an env has no effect{hint}"),
                    );
                }
            }
        }
        Ok(())
    }

    fn look_at_migration(&mut self, block: &Block) -> Evaluated<()> {
        for attribute in block.body.attributes() {
            match attribute.key.as_str() {
                "exclude" => self.warn(
                    &key_span(attribute),
                    "`migration.exclude` has no effect: whether a database is clean is asked of all its tables".to_owned(),
                ),
                name if SETTINGS.contains(&name) => {}
                name => {
                    let hint = match nearest(name, &SETTINGS) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("supported are {}", SETTINGS.join(", ")),
                    };
                    return Err(self.unsupported(&key_span(attribute), name, hint));
                }
            }
        }
        match block.body.blocks().find(|inner| !inner.has_ident("repo")) {
            None => Ok(()),
            Some(inner) => Err(self.unsupported(
                &span_of(inner),
                inner.ident.as_str(),
                "take the block out if it is not about applying migrations".to_owned(),
            )),
        }
    }

    fn unsupported(&self, span: &Range<usize>, name: &str, hint: String) -> crate::error::Stop {
        ConfigError::NotSupported {
            place: self.evaluator.project.source.place(span),
            what: format!("`migration.{name}`"),
            hint,
        }
        .into()
    }

    fn warn(&mut self, span: &Range<usize>, message: String) {
        self.warnings.push(Warning {
            place: self.evaluator.project.source.place(span),
            message,
        });
    }

    /// The members of a block's `for_each`, or the block itself.
    fn members(&self, block: &EnvBlock) -> Evaluated<Vec<(Option<String>, Scope<'static>)>> {
        let Some(attribute) = block.body.get_attribute("for_each") else {
            return Ok(vec![(None, Scope::default())]);
        };
        let collection = self
            .evaluator
            .evaluate(&attribute.value, &Scope::default())?;
        let members: Vec<_> = match collection {
            Value::List(elements) | Value::Set(elements) => elements
                .into_iter()
                .map(|element| (element.clone(), element))
                .collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| (Value::String(name), value))
                .collect(),
            other => {
                let message = format!("for_each is a set or map, not {}", other.kind());
                return Err(Fault::new(&span_of(&attribute.value), message).into());
            }
        };
        if members.is_empty() {
            return Err(ConfigError::EmptyEnv {
                name: self.evaluator.environment.to_owned(),
                place: self.evaluator.project.source.place(&key_span(attribute)),
            }
            .into());
        }
        Ok(members
            .into_iter()
            .map(|(key, value)| {
                let label = crate::types::to_string(&key).ok();
                let each =
                    Value::Object([("key".to_owned(), key), ("value".to_owned(), value)].into());
                (label, Scope::of(vec![("each", each)]))
            })
            .collect())
    }
}

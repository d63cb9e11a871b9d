//! What one `env` block sets, evaluated.

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Body};

use super::Selection;
use crate::environment::{Environment, Migration, Wanted};
use crate::error::{Evaluated, Fault};
use crate::evaluate::{Evaluator, Scope};
use crate::project::{EnvBlock, key_span, span_of};
use crate::value::Value;

const EXEC_ORDERS: [&str; 3] = ["linear", "linear-skip", "non-linear"];
const TX_MODES: [&str; 3] = ["file", "all", "none"];

impl Selection<'_, '_> {
    pub(super) fn environment(
        &self,
        block: &EnvBlock,
        member: Option<String>,
        scope: &Scope<'_>,
    ) -> Evaluated<Environment> {
        let (evaluator, body) = (self.evaluator, &block.body);
        let url = match self.wanted {
            Wanted::Database => text_of(evaluator, body, "url", scope)?,
            Wanted::Directory | Wanted::Development => None,
        };
        let dev = match self.wanted {
            Wanted::Development => text_of(evaluator, body, "dev", scope)?,
            Wanted::Directory | Wanted::Database => None,
        };
        let formats = match self.wanted {
            Wanted::Database => self.formats(body, scope)?,
            Wanted::Directory | Wanted::Development => (None, None),
        };
        let empty_url = url
            .as_ref()
            .filter(|url| url.is_empty())
            .and_then(|_| body.get_attribute("url"))
            .map(|attribute| self.why_empty(attribute));
        Ok(Environment {
            name: evaluator.environment.to_owned(),
            member,
            place: evaluator.project.source.place(&block.span),
            url: url.filter(|url| !url.is_empty()),
            empty_url,
            dev: dev.filter(|dev| !dev.is_empty()),
            migration: self.migration(body, scope)?,
            apply_format: formats.0,
            status_format: formats.1,
        })
    }

    fn why_empty(&self, attribute: &Attribute) -> String {
        let place = self.evaluator.project.source.place(&key_span(attribute));
        let unset = self.evaluator.unset.borrow();
        let names: Vec<_> = unset.iter().map(String::as_str).collect();
        match names.as_slice() {
            [] => format!("the url at {place} is empty"),
            [name] => {
                format!("the url at {place} is empty: the variable {name} of getenv is not set")
            }
            names => format!(
                "the url at {place} is empty: the variables {} of getenv are not set",
                names.join(", ")
            ),
        }
    }

    fn migration(&self, body: &Body, scope: &Scope<'_>) -> Evaluated<Migration> {
        let Some(block) = body.get_blocks("migration").next() else {
            return Ok(Migration::default());
        };
        let text = |name: &str, words: &[&'static str]| -> Evaluated<Option<String>> {
            let names = words
                .iter()
                .map(|word| (*word, Value::from(*word)))
                .collect();
            let inner = Scope::within(scope, names);
            Ok(text_of(self.evaluator, &block.body, name, &inner)?.filter(|text| !text.is_empty()))
        };
        let chosen = |name: &str, words: &[&'static str], allowed: &[&str]| -> Evaluated<_> {
            let Some(attribute) = block.body.get_attribute(name) else {
                return Ok(None);
            };
            let unknown = |shown: &str| {
                Fault::new(
                    &span_of(&attribute.value),
                    format!("there is no {name} {shown}"),
                )
                .hint(format!("it is one of {}", allowed.join(", ")))
            };
            if let Expression::Variable(word) = &attribute.value
                && !words.contains(&word.as_str())
            {
                return Err(unknown(&format!("named \"{}\"", word.as_str())).into());
            }
            match text(name, words)?.map(|text| text.to_lowercase().replace('_', "-")) {
                Some(text) if !allowed.contains(&text.as_str()) => {
                    Err(unknown("of this name").into())
                }
                chosen => Ok(chosen),
            }
        };
        Ok(Migration {
            dir: text("dir", &[])?,
            format: text(
                "format",
                &[
                    "atlas",
                    "golang-migrate",
                    "goose",
                    "flyway",
                    "liquibase",
                    "dbmate",
                ],
            )?,
            baseline: text("baseline", &[])?,
            exec_order: chosen(
                "exec_order",
                &["LINEAR", "LINEAR_SKIP", "NON_LINEAR"],
                &EXEC_ORDERS,
            )?,
            lock_timeout: text("lock_timeout", &[])?,
            revisions_schema: text("revisions_schema", &[])?,
            tx_mode: chosen(
                "tx_mode",
                &["file", "all", "none", "FILE", "ALL", "NONE"],
                &TX_MODES,
            )?,
        })
    }

    /// The templates for `apply` and `status` in `format { migrate { ... } }`,
    /// which was called `log` once.
    fn formats(
        &self,
        body: &Body,
        scope: &Scope<'_>,
    ) -> Evaluated<(Option<String>, Option<String>)> {
        let mut found = (None, None);
        for block in body.get_blocks("format").chain(body.get_blocks("log")) {
            for inner in block.body.get_blocks("migrate") {
                let template = |name| text_of(self.evaluator, &inner.body, name, scope);
                found = (
                    found.0.or(template("apply")?),
                    found.1.or(template("status")?),
                );
            }
        }
        Ok(found)
    }
}

/// An attribute's text; `null` is not set.
pub(super) fn text_of(
    evaluator: &Evaluator<'_>,
    body: &Body,
    name: &str,
    scope: &Scope<'_>,
) -> Evaluated<Option<String>> {
    let Some(attribute) = body.get_attribute(name) else {
        return Ok(None);
    };
    match evaluator.evaluate(&attribute.value, scope)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        other => {
            let message = format!("`{name}` is a string, not {}", other.kind());
            Err(Fault::new(&span_of(&attribute.value), message).into())
        }
    }
}

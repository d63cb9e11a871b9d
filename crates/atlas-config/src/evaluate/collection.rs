//! Objects, and collections made from others.

use std::collections::BTreeMap;
use std::ops::Range;

use hcl_edit::expr::{Expression, ForExpr, Object, ObjectKey};

use super::{Evaluator, Scope};
use crate::error::{Evaluated, Fault};
use crate::project::span_of;
use crate::types::{to_bool, to_string};
use crate::value::Value;

impl Evaluator<'_> {
    pub(super) fn object(&self, object: &Object, scope: &Scope<'_>) -> Evaluated<Value> {
        let mut fields = BTreeMap::new();
        for (key, value) in object {
            let name = match key {
                ObjectKey::Ident(name) => name.to_string(),
                ObjectKey::Expression(expression) => self.key(expression, scope)?,
            };
            fields.insert(name, self.evaluate(value.expr(), scope)?);
        }
        Ok(Value::Object(fields))
    }

    fn key(&self, expression: &Expression, scope: &Scope<'_>) -> Evaluated<String> {
        let value = self.evaluate(expression, scope)?;
        to_string(&value).map_err(|_| {
            let message = format!("a key is a string, not {}", value.kind());
            Fault::new(&span_of(expression), message).into()
        })
    }

    pub(super) fn for_expression(
        &self,
        expression: &ForExpr,
        scope: &Scope<'_>,
    ) -> Evaluated<Value> {
        let intro = &expression.intro;
        let collection = self.evaluate(&intro.collection_expr, scope)?;
        let mut list = Vec::new();
        let mut fields: BTreeMap<String, Value> = BTreeMap::new();
        for (key, value) in items(&collection, &span_of(&intro.collection_expr))? {
            let mut names = vec![(intro.value_var.as_str(), value)];
            if let Some(name) = &intro.key_var {
                names.push((name.as_str(), key));
            }
            let inner = Scope::within(scope, names);
            if let Some(condition) = &expression.cond {
                let kept = self.evaluate(&condition.expr, &inner)?;
                let kept =
                    to_bool(&kept).map_err(|wrong| Fault::new(&span_of(&condition.expr), wrong))?;
                if !kept {
                    continue;
                }
            }
            let value = self.evaluate(&expression.value_expr, &inner)?;
            let Some(key) = &expression.key_expr else {
                list.push(value);
                continue;
            };
            let name = self.key(key, &inner)?;
            if expression.grouping {
                match fields
                    .entry(name)
                    .or_insert_with(|| Value::List(Vec::new()))
                {
                    Value::List(group) => group.push(value),
                    _ => unreachable!("groups are lists"),
                }
            } else if fields.insert(name, value).is_some() {
                return Err(Fault::new(&span_of(key), "this key comes twice")
                    .hint("`...` after the value makes a list of the values of each key")
                    .into());
            }
        }
        Ok(if expression.key_expr.is_some() {
            Value::Object(fields)
        } else {
            Value::List(list)
        })
    }
}

/// The keys and values of what a loop goes over, in order.
pub(super) fn items(collection: &Value, span: &Range<usize>) -> Evaluated<Vec<(Value, Value)>> {
    match collection {
        Value::List(elements) => Ok((0..)
            .zip(elements)
            .map(|(index, element)| (Value::from(index), element.clone()))
            .collect()),
        Value::Set(elements) => Ok(elements
            .iter()
            .map(|element| (element.clone(), element.clone()))
            .collect()),
        Value::Object(fields) => Ok(fields
            .iter()
            .map(|(name, value)| (Value::text(name), value.clone()))
            .collect()),
        other => {
            let message = format!("`for` goes over a list, set or map, not {}", other.kind());
            Err(Fault::new(span, message).into())
        }
    }
}

//! Texts with `${}` and `%{}` in them.

use hcl_edit::expr::Expression;
use hcl_edit::template::{
    Directive, Element, ForDirective, IfDirective, StringTemplate, Strip, Template,
};

use super::collection::items;
use super::{Evaluator, Scope};
use crate::error::{Evaluated, Fault};
use crate::project::span_of;
use crate::types::{to_bool, to_string};
use crate::value::Value;

impl Evaluator<'_> {
    /// A text in quotes. One that is a single `${}` has the value in it, whatever its kind.
    pub(super) fn string_template(
        &self,
        template: &StringTemplate,
        scope: &Scope<'_>,
    ) -> Evaluated<Value> {
        let elements: Vec<_> = template.iter().collect();
        if let [Element::Interpolation(only)] = elements.as_slice() {
            return self.evaluate(&only.expr, scope);
        }
        self.elements(&elements, Trim::NONE, scope)
            .map(Value::String)
    }

    pub(super) fn template(&self, template: &Template, scope: &Scope<'_>) -> Evaluated<String> {
        self.trimmed(template, Trim::NONE, scope)
    }

    fn trimmed(&self, template: &Template, trim: Trim, scope: &Scope<'_>) -> Evaluated<String> {
        let elements: Vec<_> = template.iter().collect();
        self.elements(&elements, trim, scope)
    }

    fn elements(&self, elements: &[&Element], trim: Trim, scope: &Scope<'_>) -> Evaluated<String> {
        let mut text = String::new();
        for (index, element) in elements.iter().enumerate() {
            match element {
                Element::Literal(literal) => {
                    let before = index.checked_sub(1).and_then(|before| elements.get(before));
                    let after = elements.get(index + 1);
                    let mut literal = literal.as_str();
                    if before.map_or(trim.start, |element| strips(element).end) {
                        literal = literal.trim_start();
                    }
                    if after.map_or(trim.end, |element| strips(element).start) {
                        literal = literal.trim_end();
                    }
                    text.push_str(literal);
                }
                Element::Interpolation(interpolation) => {
                    text.push_str(&self.interpolated(&interpolation.expr, scope)?);
                }
                Element::Directive(directive) => text.push_str(&match &**directive {
                    Directive::If(directive) => self.if_directive(directive, scope)?,
                    Directive::For(directive) => self.for_directive(directive, scope)?,
                }),
            }
        }
        Ok(text)
    }

    fn interpolated(&self, expression: &Expression, scope: &Scope<'_>) -> Evaluated<String> {
        let value = self.evaluate(expression, scope)?;
        to_string(&value).map_err(|_| {
            let message = format!("{} cannot be put into a text", value.kind());
            Fault::new(&span_of(expression), message).into()
        })
    }

    fn if_directive(&self, directive: &IfDirective, scope: &Scope<'_>) -> Evaluated<String> {
        let when = &directive.if_expr;
        let end = Trim::of(directive.endif_expr.strip).start;
        let condition = to_bool(&self.evaluate(&when.cond_expr, scope)?)
            .map_err(|wrong| Fault::new(&span_of(&when.cond_expr), wrong))?;
        match (&directive.else_expr, condition) {
            (otherwise, true) => {
                let trim = Trim {
                    start: Trim::of(when.strip).end,
                    end: otherwise
                        .as_ref()
                        .map_or(end, |other| Trim::of(other.strip).start),
                };
                self.trimmed(&when.template, trim, scope)
            }
            (Some(otherwise), false) => {
                let trim = Trim {
                    start: Trim::of(otherwise.strip).end,
                    end,
                };
                self.trimmed(&otherwise.template, trim, scope)
            }
            (None, false) => Ok(String::new()),
        }
    }

    fn for_directive(&self, directive: &ForDirective, scope: &Scope<'_>) -> Evaluated<String> {
        let each = &directive.for_expr;
        let trim = Trim {
            start: Trim::of(each.strip).end,
            end: Trim::of(directive.endfor_expr.strip).start,
        };
        let collection = self.evaluate(&each.collection_expr, scope)?;
        let mut text = String::new();
        for (key, value) in items(&collection, &span_of(&each.collection_expr))? {
            let mut names = vec![(each.value_var.as_str(), value)];
            if let Some(name) = &each.key_var {
                names.push((name.as_str(), key));
            }
            let inner = Scope::within(scope, names);
            text.push_str(&self.trimmed(&each.template, trim, &inner)?);
        }
        Ok(text)
    }
}

/// On which sides `~` removes the blanks.
#[derive(Clone, Copy)]
struct Trim {
    start: bool,
    end: bool,
}

impl Trim {
    const NONE: Self = Self {
        start: false,
        end: false,
    };

    const fn of(strip: Strip) -> Self {
        Self {
            start: matches!(strip, Strip::Start | Strip::Both),
            end: matches!(strip, Strip::End | Strip::Both),
        }
    }
}

/// What an element removes before and after itself.
fn strips(element: &Element) -> Trim {
    match element {
        Element::Literal(_) => Trim::NONE,
        Element::Interpolation(interpolation) => Trim::of(interpolation.strip),
        Element::Directive(directive) => {
            let (first, last) = match &**directive {
                Directive::If(directive) => (directive.if_expr.strip, directive.endif_expr.strip),
                Directive::For(directive) => {
                    (directive.for_expr.strip, directive.endfor_expr.strip)
                }
            };
            Trim {
                start: Trim::of(first).start,
                end: Trim::of(last).end,
            }
        }
    }
}

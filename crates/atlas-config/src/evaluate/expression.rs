//! The kinds of expressions.

use hcl_edit::Span;
use hcl_edit::expr::{Conditional, Expression, FuncCall};

use super::{Evaluator, Scope};
use crate::error::{Evaluated, Fault, Stop};
use crate::functions;
use crate::number::Number;
use crate::project::span_of;
use crate::types::{to_bool, unify_with};
use crate::value::Value;

impl Evaluator<'_> {
    /// The value of an expression.
    pub(crate) fn evaluate(&self, expression: &Expression, scope: &Scope<'_>) -> Evaluated<Value> {
        match expression {
            Expression::Null(_) => Ok(Value::Null),
            Expression::Bool(truth) => Ok(Value::Bool(*truth.value())),
            Expression::Number(number) => Ok(Value::Number(literal(number.value()))),
            Expression::String(text) => Ok(Value::text(text.as_str())),
            Expression::Array(array) => array
                .iter()
                .map(|element| self.evaluate(element, scope))
                .collect::<Evaluated<_>>()
                .map(Value::List),
            Expression::Object(object) => self.object(object, scope),
            Expression::StringTemplate(template) => self.string_template(template, scope),
            Expression::HeredocTemplate(heredoc) => {
                self.template(&heredoc.template, scope).map(Value::String)
            }
            Expression::Parenthesis(inner) => self.evaluate(inner.inner(), scope),
            Expression::Variable(name) => self.name(name.as_str(), &span_of(expression), scope),
            Expression::Conditional(conditional) => self.conditional(conditional, scope),
            Expression::FuncCall(call) => self.call(call, scope),
            Expression::Traversal(traversal) => self.traversal(traversal, scope),
            Expression::UnaryOp(operation) => self.unary(operation, scope),
            Expression::BinaryOp(operation) => self.binary(operation, scope),
            Expression::ForExpr(for_expression) => self.for_expression(for_expression, scope),
        }
    }

    fn conditional(&self, conditional: &Conditional, scope: &Scope<'_>) -> Evaluated<Value> {
        let condition = self.evaluate(&conditional.cond_expr, scope)?;
        let condition = to_bool(&condition).map_err(|wrong| {
            Fault::new(
                &span_of(&conditional.cond_expr),
                format!("the condition: {wrong}"),
            )
        })?;
        let (chosen, other) = if condition {
            (&conditional.true_expr, &conditional.false_expr)
        } else {
            (&conditional.false_expr, &conditional.true_expr)
        };
        let chosen = self.evaluate(chosen, scope)?;
        // The other tells the type alone; what is wrong there, or would have
        // to be asked for, does not matter.
        Ok(match self.evaluate(other, scope) {
            Ok(other) => unify_with(chosen, &other),
            Err(_) => chosen,
        })
    }

    fn call(&self, call: &FuncCall, scope: &Scope<'_>) -> Evaluated<Value> {
        let span = call.name.name.span().unwrap_or_else(|| span_of(call));
        let name = call.name.name.as_str();
        match name {
            "try" => return self.try_each(call, scope),
            "can" => return self.can(call, scope),
            _ => {}
        }
        let Some(function) = functions::find(name).filter(|_| !call.name.is_namespaced()) else {
            let fault = Fault::new(&span, format!("there is no function `{name}`"));
            return Err(match functions::nearest_to(name) {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None => fault,
            }
            .into());
        };
        let mut values = Vec::with_capacity(call.args.len());
        for argument in &call.args {
            values.push(self.evaluate(argument, scope)?);
        }
        if call.args.expand_final() {
            match values.pop() {
                Some(Value::List(last) | Value::Set(last)) => values.extend(last),
                _ => {
                    let message = format!("{name}: only a list can be expanded by `...`");
                    return Err(Fault::new(&span, message).into());
                }
            }
        }
        function(self, values).map_err(|wrong| Fault::new(&span, format!("{name}: {wrong}")).into())
    }

    /// The first expression that has a value.
    fn try_each(&self, call: &FuncCall, scope: &Scope<'_>) -> Evaluated<Value> {
        let span = span_of(call);
        let mut last = Fault::new(&span, "try: an expression is required").into();
        for argument in &call.args {
            match self.evaluate(argument, scope) {
                Err(Stop::Fault(fault)) => last = Stop::Fault(fault),
                done => return done,
            }
        }
        Err(last)
    }

    fn can(&self, call: &FuncCall, scope: &Scope<'_>) -> Evaluated<Value> {
        let mut arguments = call.args.iter();
        let (Some(argument), None) = (arguments.next(), arguments.next()) else {
            return Err(Fault::new(&span_of(call), "can: one expression is required").into());
        };
        match self.evaluate(argument, scope) {
            Ok(_) => Ok(Value::Bool(true)),
            Err(Stop::Fault(_)) => Ok(Value::Bool(false)),
            Err(stop) => Err(stop),
        }
    }
}

fn literal(number: &hcl_edit::Number) -> Number {
    number.as_i64().map_or_else(
        || Number::from(number.as_f64().unwrap_or_default()),
        Number::Integer,
    )
}

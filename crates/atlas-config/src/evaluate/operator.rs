//! `!`, `-` and the operators between two expressions.

use hcl_edit::expr::{BinaryOp, BinaryOperator, Expression, UnaryOp, UnaryOperator};

use super::{Evaluator, Scope};
use crate::error::{Evaluated, Fault};
use crate::number::Number;
use crate::project::span_of;
use crate::types::{to_bool, to_number};
use crate::value::Value;

impl Evaluator<'_> {
    pub(super) fn unary(&self, operation: &UnaryOp, scope: &Scope<'_>) -> Evaluated<Value> {
        match operation.operator.value() {
            UnaryOperator::Not => Ok(Value::Bool(!self.truth(&operation.expr, scope)?)),
            UnaryOperator::Neg => Ok(Value::Number(
                match self.number(&operation.expr, scope)? {
                    Number::Integer(number) => number.checked_neg().map_or_else(
                        || Number::Float(-Number::Integer(number).as_f64()),
                        Number::Integer,
                    ),
                    Number::Float(number) => Number::from(-number),
                },
            )),
        }
    }

    pub(super) fn binary(&self, operation: &BinaryOp, scope: &Scope<'_>) -> Evaluated<Value> {
        let (left, right) = (&operation.lhs_expr, &operation.rhs_expr);
        let operator = *operation.operator.value();
        Ok(match operator {
            BinaryOperator::And => {
                Value::Bool(self.truth(left, scope)? && self.truth(right, scope)?)
            }
            BinaryOperator::Or => {
                Value::Bool(self.truth(left, scope)? || self.truth(right, scope)?)
            }
            BinaryOperator::Eq => {
                Value::Bool(self.evaluate(left, scope)? == self.evaluate(right, scope)?)
            }
            BinaryOperator::NotEq => {
                Value::Bool(self.evaluate(left, scope)? != self.evaluate(right, scope)?)
            }
            _ => {
                let numbers = (self.number(left, scope)?, self.number(right, scope)?);
                if matches!(operator, BinaryOperator::Div | BinaryOperator::Mod)
                    && numbers.1 == Number::Integer(0)
                {
                    return Err(Fault::new(&span_of(right), "division by zero").into());
                }
                of_numbers(operator, numbers.0, numbers.1)
            }
        })
    }

    fn truth(&self, expression: &Expression, scope: &Scope<'_>) -> Evaluated<bool> {
        to_bool(&self.evaluate(expression, scope)?)
            .map_err(|wrong| Fault::new(&span_of(expression), wrong).into())
    }

    fn number(&self, expression: &Expression, scope: &Scope<'_>) -> Evaluated<Number> {
        to_number(&self.evaluate(expression, scope)?)
            .map_err(|wrong| Fault::new(&span_of(expression), wrong).into())
    }
}

fn of_numbers(operator: BinaryOperator, left: Number, right: Number) -> Value {
    match operator {
        BinaryOperator::Less => Value::Bool(left < right),
        BinaryOperator::LessEq => Value::Bool(left <= right),
        BinaryOperator::Greater => Value::Bool(left > right),
        BinaryOperator::GreaterEq => Value::Bool(left >= right),
        operator => Value::Number(arithmetic(operator, left, right)),
    }
}

fn arithmetic(operator: BinaryOperator, left: Number, right: Number) -> Number {
    if let (Some(left), Some(right)) = (left.as_integer(), right.as_integer()) {
        let exact = match operator {
            BinaryOperator::Plus => left.checked_add(right),
            BinaryOperator::Minus => left.checked_sub(right),
            BinaryOperator::Mul => left.checked_mul(right),
            BinaryOperator::Mod => left.checked_rem(right),
            _ if left % right == 0 => left.checked_div(right),
            _ => None,
        };
        if let Some(exact) = exact {
            return Number::Integer(exact);
        }
    }
    let (left, right) = (left.as_f64(), right.as_f64());
    Number::from(match operator {
        BinaryOperator::Plus => left + right,
        BinaryOperator::Minus => left - right,
        BinaryOperator::Mul => left * right,
        BinaryOperator::Mod => left % right,
        _ => left / right,
    })
}

//! The functions every template has.

mod compare;
mod escape;
mod index;

use std::cmp::Ordering::{Equal, Less};

use crate::function::{Function, Parameter};
use crate::print::{self, print};
use crate::value::Value;

/// A function of the language. Those whose arguments are not simply evaluated
/// and handed over are told apart.
pub(crate) enum Builtin {
    And,
    Or,
    Call,
    Function(Function),
}

/// The function of this name.
pub(crate) fn find(name: &str) -> Option<Builtin> {
    use Parameter::{Any, String};
    let one =
        |body: fn(&[Value]) -> Result<Value, std::string::String>| Function::new(&[Any], body);
    let any = |body: fn(&[Value]) -> Result<Value, std::string::String>| {
        Function::new(&[], body).variadic(Any)
    };
    let function = match name {
        "and" => return Some(Builtin::And),
        "or" => return Some(Builtin::Or),
        "call" => return Some(Builtin::Call),
        "html" => any(escape::html),
        "index" => one(index::index).variadic(Any),
        "slice" => one(index::slice).variadic(Any),
        "js" => any(escape::js),
        "len" => one(index::len),
        "not" => one(|arguments| Ok(Value::Bool(!arguments[0].is_true()))),
        "print" => any(|arguments| Ok(Value::from(print(arguments)))),
        "println" => any(|arguments| Ok(Value::from(print::println(arguments)))),
        "printf" => Function::new(&[String], |arguments| {
            let format = arguments[0].as_str().unwrap_or_default();
            Ok(Value::from(print::printf(format, &arguments[1..])))
        })
        .variadic(Any),
        "urlquery" => any(escape::urlquery),
        "eq" => one(compare::eq).variadic(Any),
        "ne" => Function::new(&[Any, Any], compare::ne),
        "lt" => order(|found| found == Some(Less)),
        "le" => order(|found| matches!(found, Some(Less | Equal))),
        // The opposite of the above, also for what is no number.
        "gt" => order(|found| !matches!(found, Some(Less | Equal))),
        "ge" => order(|found| found != Some(Less)),
        _ => return None,
    };
    Some(Builtin::Function(function))
}

fn order(holds: fn(Option<std::cmp::Ordering>) -> bool) -> Function {
    Function::new(&[Parameter::Any, Parameter::Any], compare::ordered(holds))
}

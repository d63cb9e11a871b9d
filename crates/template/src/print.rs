//! Go's `fmt`: `print`, `println` and `printf`.

mod directive;
mod float;
mod pad;
mod verb;

use crate::value::Value;
use pad::Flags;
use verb::Printer;

pub(crate) use verb::unicode_notation;

/// Go's `Sprint`: blanks between operands of which neither is a string.
pub fn print(values: &[Value]) -> String {
    let mut printer = Printer::default();
    let mut after_string = true;
    for value in values {
        let is_string = matches!(value, Value::String(_));
        if !is_string && !after_string {
            printer.output.push(' ');
        }
        printer.argument(value, 'v');
        after_string = is_string;
    }
    printer.output
}

/// As an action prints its value: an object without the mark of a pointer.
pub(crate) fn display(value: &Value) -> String {
    let mut printer = Printer::default();
    printer.value(value, 'v', 1);
    printer.output
}

/// `Sprintln`: blanks between all operands, and a newline.
pub(crate) fn println(values: &[Value]) -> String {
    let mut printer = Printer::default();
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            printer.output.push(' ');
        }
        printer.argument(value, 'v');
    }
    printer.output.push('\n');
    printer.output
}

/// Go's `Sprintf`. What is wrong with a format is told in the text: `%!d(string=hi)`.
pub fn printf(format: &str, values: &[Value]) -> String {
    let mut printer = Printer::default();
    let mut rest = format;
    let mut next = 0;
    let mut reordered = false;
    while let Some(at) = rest.find('%') {
        printer.output.push_str(&rest[..at]);
        let found = directive::parse(&rest[at + 1..], next, values);
        rest = found.rest;
        next = found.next;
        reordered |= found.reordered;
        for error in found.errors {
            printer.output.push_str(error);
        }
        printer.flags = found.flags;
        match found.verb {
            None => {
                printer.output.push_str("%!(NOVERB)");
                break;
            }
            Some('%') => printer.output.push('%'),
            Some(verb) if found.bad_index => {
                printer.output.push_str(&format!("%!{verb}(BADINDEX)"));
            }
            Some(verb) => match values.get(next) {
                None => printer.output.push_str(&format!("%!{verb}(MISSING)")),
                Some(value) => {
                    if verb == 'v' {
                        printer.flags.for_values();
                    }
                    printer.argument(value, verb);
                    next += 1;
                }
            },
        }
    }
    printer.output.push_str(rest);
    if !reordered && next < values.len() {
        extra(&mut printer, &values[next..]);
    }
    printer.output
}

/// Arguments that no verb took.
fn extra(printer: &mut Printer, values: &[Value]) {
    printer.flags = Flags::default();
    printer.output.push_str("%!(EXTRA ");
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            printer.output.push_str(", ");
        }
        if !matches!(value, Value::Nil | Value::NoValue) {
            printer.output.push_str(&value.type_name());
            printer.output.push('=');
        }
        printer.argument(value, 'v');
    }
    printer.output.push(')');
}

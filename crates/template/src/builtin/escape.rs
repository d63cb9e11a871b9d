//! `html`, `js` and `urlquery`.

use crate::print::print;
use crate::quote::is_printable;
use crate::value::Value;

/// The arguments as text.
fn text(arguments: &[Value]) -> String {
    match arguments {
        [Value::NoValue | Value::Nil] => "<no value>".to_owned(),
        arguments => print(arguments),
    }
}

pub(super) fn html(arguments: &[Value]) -> Result<Value, String> {
    let mut escaped = String::new();
    for letter in text(arguments).chars() {
        match letter {
            '\0' => escaped.push('\u{fffd}'),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            letter => escaped.push(letter),
        }
    }
    Ok(Value::from(escaped))
}

pub(super) fn js(arguments: &[Value]) -> Result<Value, String> {
    let mut escaped = String::new();
    for letter in text(arguments).chars() {
        match letter {
            '\\' | '\'' | '"' => escaped.extend(['\\', letter]),
            '<' | '>' | '&' | '=' | '\0'..' ' => {
                escaped.push_str(&format!("\\u{:04X}", u32::from(letter)));
            }
            letter if is_printable(letter) || letter.is_ascii() => escaped.push(letter),
            letter => escaped.push_str(&format!("\\u{:04X}", u32::from(letter))),
        }
    }
    Ok(Value::from(escaped))
}

pub(super) fn urlquery(arguments: &[Value]) -> Result<Value, String> {
    let mut escaped = String::new();
    for byte in text(arguments).bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte));
            }
            b' ' => escaped.push('+'),
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(Value::from(escaped))
}

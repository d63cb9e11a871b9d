//! `encoding/json`: like any other JSON, but `<`, `>`, `&` and the two Unicode
//! line separators are escaped.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

struct GoFormatter;

impl Formatter for GoFormatter {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut plain = 0;
        for (index, character) in fragment.char_indices() {
            if matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') {
                CompactFormatter.write_string_fragment(writer, &fragment[plain..index])?;
                write!(writer, "\\u{:04x}", u32::from(character))?;
                plain = index + character.len_utf8();
            }
        }
        CompactFormatter.write_string_fragment(writer, &fragment[plain..])
    }
}

/// The value as one line of JSON, without a newline at its end.
///
/// # Errors
/// Only if a value cannot be written as JSON, which the reports of this crate always can.
pub fn to_json<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, GoFormatter))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// JSON in lines, as `MarshalIndent` writes it: every line but the first
/// begins with `prefix` and `indent` as often as it is deep.
pub(crate) fn indented(json: &str, prefix: &str, indent: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let mut depth = 0;
    let mut letters = json.chars().peekable();
    let newline = |text: &mut String, depth: usize| {
        text.push('\n');
        text.push_str(prefix);
        text.push_str(&indent.repeat(depth));
    };
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                text.push(letter);
                while let Some(letter) = letters.next() {
                    text.push(letter);
                    match letter {
                        '"' => break,
                        '\\' => text.extend(letters.next()),
                        _ => {}
                    }
                }
            }
            '{' | '[' => {
                text.push(letter);
                if let Some(end) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    text.push(end);
                } else {
                    depth += 1;
                    newline(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                newline(&mut text, depth);
                text.push(letter);
            }
            ',' => {
                text.push(letter);
                newline(&mut text, depth);
            }
            ':' => text.push_str(": "),
            letter => text.push(letter),
        }
    }
    text
}

/// Whether a number is the zero that `omitempty` leaves out.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde's skip_serializing_if asks for"
)]
pub(crate) fn is_empty(number: &i64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::{indented, to_json};

    #[test]
    fn lines_are_indented_as_deep_as_they_are() {
        assert_eq!(
            indented(r#"{"a":[1,{"b":"x,\"{y"}],"c":[],"d":{}}"#, ">", "  "),
            "{\n>  \"a\": [\n>    1,\n>    {\n>      \"b\": \"x,\\\"{y\"\n>    }\n>  ],\n\
             >  \"c\": [],\n>  \"d\": {}\n>}"
        );
    }

    #[test]
    fn angle_brackets_and_ampersands_are_escaped() {
        assert_eq!(
            to_json(&"a<b>&\"c\"\n\u{2028}\u{e9}").unwrap(),
            r#""a\u003cb\u003e\u0026\"c\"\n\u2028é""#
        );
    }
}

//! `strconv.Quote`, as `%q` and every error write a text.

use std::fmt;

/// Text that displays as Go's `%q`.
pub struct Quoted<'a>(pub &'a str);

/// A list that displays as Go's `%q` of a slice: `["none" "file"]`.
pub struct QuotedList<'a>(pub &'a [String]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\x07' => f.write_str("\\a")?,
                '\x08' => f.write_str("\\b")?,
                '\x0c' => f.write_str("\\f")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\x0b' => f.write_str("\\v")?,
                _ if is_printable(character) => write!(f, "{character}")?,
                _ => match u32::from(character) {
                    code @ 0..0x80 => write!(f, "\\x{code:02x}")?,
                    code @ 0x80..0x1_0000 => write!(f, "\\u{code:04x}")?,
                    code => write!(f, "\\U{code:08x}")?,
                },
            }
        }
        f.write_str("\"")
    }
}

impl fmt::Display for QuotedList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (index, item) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{}", Quoted(item))?;
        }
        f.write_str("]")
    }
}

/// Letters, marks, numbers, punctuation, symbols, and of the spaces the ASCII one only.
pub(crate) fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return (' '..='~').contains(&character);
    }
    // The standard library's own table, asked behind a base letter so that
    // combining marks count as what they are: printable.
    let probe: String = ['a', character].iter().collect();
    !character.is_whitespace() && probe.escape_debug().count() == 2
}

#[cfg(test)]
mod tests {
    use super::{Quoted, QuotedList};

    #[test]
    fn quoting_escapes_what_go_escapes() {
        for (text, quoted) in [
            ("BAD;", r#""BAD;""#),
            ("SELECT \"a\\b\"", r#""SELECT \"a\\b\"""#),
            ("a\n\tb\r", r#""a\n\tb\r""#),
            ("'\u{e9}\u{301} \u{4e16}'", "\"'\u{e9}\u{301} \u{4e16}'\""),
            ("\u{0}\u{7f}", r#""\x00\x7f""#),
            ("\u{feff}x\u{a0}", "\"\\ufeffx\\u00a0\""),
            ("\u{e0001}", r#""\U000e0001""#),
        ] {
            assert_eq!(Quoted(text).to_string(), quoted);
        }
    }

    #[test]
    fn a_list_has_brackets_and_no_commas() {
        let list = ["none".to_owned(), "file".to_owned()];
        assert_eq!(QuotedList(&list).to_string(), r#"["none" "file"]"#);
    }
}

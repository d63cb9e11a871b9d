//! Byte offsets as lines and columns.

/// A place in a text as an editor shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1. `\n`, `\r\n` and a lone `\r` end a line.
    pub line: usize,
    /// Column in characters, from 1. A byte order mark at the start of the
    /// text has no column.
    pub column: usize,
}

/// The place of the byte at `offset`; past the end it is the place after the
/// last character, inside a character the place of that character.
pub fn position(text: &str, offset: usize) -> Position {
    let mut cursor = Cursor::new(text);
    cursor.advance(offset);
    cursor.position()
}

/// Follows ascending offsets through a text, so that a whole script is
/// counted once.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    column: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: if text.starts_with('\u{feff}') { 3 } else { 0 },
            line: 1,
            column: 1,
        }
    }

    /// Moves on to `offset`; a smaller one than before does nothing.
    pub(crate) fn advance(&mut self, offset: usize) -> Position {
        let bytes = self.text.as_bytes();
        let end = offset.min(bytes.len());
        while self.at < end {
            let byte = bytes[self.at];
            let next = self.at + 1;
            if byte == b'\n' || (byte == b'\r' && bytes.get(next) != Some(&b'\n')) {
                self.line += 1;
                self.column = 1;
            } else if is_char_end(bytes, next) {
                if next > end {
                    break;
                }
                self.column += 1;
            }
            self.at = next;
        }
        self.position()
    }

    pub(crate) fn position(&self) -> Position {
        Position {
            line: self.line,
            column: self.column,
        }
    }
}

/// Whether a character ends just before `next`.
fn is_char_end(bytes: &[u8], next: usize) -> bool {
    bytes.get(next).is_none_or(|byte| byte & 0xC0 != 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, offset: usize) -> (usize, usize) {
        let Position { line, column } = position(text, offset);
        (line, column)
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        assert_eq!(at("é✓x", 5), (1, 3));
    }

    #[test]
    fn all_three_line_ends_count_once() {
        assert_eq!(at("a\nb\r\nc\rd", 7), (4, 1));
        assert_eq!(at("a\r\nb", 2), (1, 3), "between CR and LF");
    }

    #[test]
    fn a_byte_order_mark_has_no_column() {
        assert_eq!(at("\u{feff}select", 3), (1, 1));
    }

    #[test]
    fn past_the_end_is_after_the_last_character() {
        assert_eq!(at("ab", 99), (1, 3));
        assert_eq!(at("", 0), (1, 1));
    }

    #[test]
    fn an_offset_inside_a_character_is_that_character() {
        assert_eq!(at("✓x", 1), (1, 1));
        assert_eq!(at("✓x", 3), (1, 2));
    }
}

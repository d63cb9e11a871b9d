//! Byte offsets as lines and columns.

use crate::seek;

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
    Cursor::new().advance(text, offset)
}

/// Follows ascending offsets through a text, so that a whole script is
/// counted once.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    at: usize,
    position: Position,
    /// Whether a byte order mark may come.
    at_start: bool,
}

impl Cursor {
    pub(crate) fn new() -> Self {
        Self {
            at: 0,
            position: Position { line: 1, column: 1 },
            at_start: true,
        }
    }

    /// The text's first `bytes` bytes, which were passed, are gone.
    pub(crate) fn shift(&mut self, bytes: usize) {
        self.at -= bytes;
    }

    /// Moves on to `offset`; a smaller one than before does nothing.
    pub(crate) fn advance(&mut self, text: &str, offset: usize) -> Position {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        if self.at_start && end > 0 {
            self.at_start = false;
            if text.starts_with('\u{feff}') {
                self.at = 3;
            }
        }
        if end > self.at {
            self.pass(text.as_bytes(), end);
        }
        self.position
    }

    fn pass(&mut self, bytes: &[u8], end: usize) {
        let passed = &bytes[self.at..end];
        let feeds = seek::count(passed, |byte| byte == b'\n');
        let returns = if seek::byte(passed, b'\r').is_some() {
            let next = bytes[self.at + 1..].iter().chain([&0]);
            let pairs = passed.iter().zip(next);
            pairs
                .filter(|(byte, next)| **byte == b'\r' && **next != b'\n')
                .count()
        } else {
            0
        };
        self.position.line += feeds + returns;
        let mut line = 0;
        if feeds + returns > 0 {
            self.position.column = 1;
            let is_end = |(at, byte): (usize, &u8)| {
                *byte == b'\n' || (*byte == b'\r' && bytes.get(self.at + at + 1) != Some(&b'\n'))
            };
            line = passed
                .iter()
                .enumerate()
                .rfind(|pair| is_end(*pair))
                .map_or(0, |(at, _)| at + 1);
        }
        self.position.column += seek::count(&passed[line..], |byte| byte & 0xC0 != 0x80);
        self.at = end;
    }
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

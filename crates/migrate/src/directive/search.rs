//! Finding the lines with a word in a text that comes in pieces.

use memchr::{memchr, memchr_iter, memmem, memrchr};

use super::line::{valid_start, without_mark};

/// Bytes of a line up to which it is looked at.
const LONGEST: usize = 64 << 10;

/// Finds lines. No more than one line is held, and of a very long one only
/// the beginning.
#[derive(Debug)]
pub(crate) struct LineSearch {
    words: Vec<memmem::Finder<'static>>,
    /// The number, from 1, of the line that comes next or is begun.
    number: usize,
    in_opening_block: bool,
    /// The beginning of a line whose end is still to come.
    begun: Vec<u8>,
    /// Whether more of that line was left out.
    cut: bool,
}

/// A line with one of the words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FoundLine<'a> {
    /// From 1.
    pub(crate) number: usize,
    /// Without its line feed, up to the first byte that is not UTF-8.
    pub(crate) text: &'a str,
    /// Whether it and all lines before it begin as comments.
    pub(crate) in_opening_block: bool,
}

impl LineSearch {
    /// A search for lines with any of these words.
    pub(crate) fn new(words: &[&'static str]) -> Self {
        Self {
            words: words
                .iter()
                .map(|&word| memmem::Finder::new(word))
                .collect(),
            number: 1,
            in_opening_block: true,
            begun: Vec::new(),
            cut: false,
        }
    }

    /// Looks at the next piece. A line with several of the words may be told
    /// more than once.
    pub(crate) fn feed(&mut self, piece: &[u8], see: &mut dyn FnMut(&FoundLine<'_>)) {
        let Some(last) = memrchr(b'\n', piece) else {
            return self.begin(piece);
        };
        let (whole, rest) = piece.split_at(last + 1);
        let mut whole = whole;
        while self.in_opening_block || !self.begun.is_empty() || self.cut {
            let Some(end) = memchr(b'\n', whole) else {
                break;
            };
            self.begin(&whole[..end]);
            self.end_line(see);
            whole = &whole[end + 1..];
        }
        self.look_at_lines(whole, see);
        self.begin(rest);
    }

    /// The text has no more pieces.
    pub(crate) fn finish(&mut self, see: &mut dyn FnMut(&FoundLine<'_>)) {
        self.end_line(see);
    }

    fn begin(&mut self, bytes: &[u8]) {
        let room = LONGEST - self.begun.len().min(LONGEST);
        self.cut |= bytes.len() > room;
        self.begun
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end_line(&mut self, see: &mut dyn FnMut(&FoundLine<'_>)) {
        let line = std::mem::take(&mut self.begun);
        self.cut = false;
        let bytes = if self.number == 1 {
            without_mark(&line)
        } else {
            &line
        };
        self.in_opening_block &= bytes.starts_with(b"--") || bytes.starts_with(b"#");
        if self.words.iter().any(|word| word.find(bytes).is_some()) {
            see(&FoundLine {
                number: self.number,
                text: valid_start(bytes),
                in_opening_block: self.in_opening_block,
            });
        }
        self.number += 1;
        self.begun = line;
        self.begun.clear();
    }

    /// Whole lines behind the opening block.
    fn look_at_lines(&mut self, lines: &[u8], see: &mut dyn FnMut(&FoundLine<'_>)) {
        for word in &self.words {
            let (mut number, mut counted, mut told) = (self.number, 0, 0);
            for at in word.find_iter(lines) {
                if at < told {
                    continue;
                }
                let start = memrchr(b'\n', &lines[..at]).map_or(0, |end| end + 1);
                let end = memchr(b'\n', &lines[at..]).map_or(lines.len(), |end| at + end);
                number += memchr_iter(b'\n', &lines[counted..start]).count();
                counted = start;
                see(&FoundLine {
                    number,
                    text: valid_start(&lines[start..end]),
                    in_opening_block: false,
                });
                told = end;
            }
        }
        self.number += memchr_iter(b'\n', lines).count();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::LineSearch;

    fn found(content: &[u8], cuts: &[usize]) -> Vec<(usize, String, bool)> {
        let mut found = Vec::new();
        let mut search = LineSearch::new(&["ab"]);
        let mut rest = content;
        for &cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            search.feed(piece, &mut |line| {
                found.push((line.number, line.text.to_owned(), line.in_opening_block));
            });
            rest = after;
        }
        search.feed(rest, &mut |line| {
            found.push((line.number, line.text.to_owned(), line.in_opening_block));
        });
        search.finish(&mut |line| {
            found.push((line.number, line.text.to_owned(), line.in_opening_block));
        });
        found.dedup();
        found
    }

    #[test]
    fn lines_are_found_with_their_number() {
        assert_eq!(
            found(b"-- ab\n-- x\nab cab\n\nx\nab", &[]),
            [
                (1, "-- ab".to_owned(), true),
                (3, "ab cab".to_owned(), false),
                (6, "ab".to_owned(), false)
            ]
        );
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_pieces_end(
            content in "(-- )?[ab\n]{0,40}",
            cuts in proptest::collection::vec(0_usize..9, 0..9),
        ) {
            prop_assert_eq!(found(content.as_bytes(), &cuts), found(content.as_bytes(), &[]));
        }
    }
}

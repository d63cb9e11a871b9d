//! `BEGIN ... END` blocks as Atlas finds them: after the word `BEGIN` the text
//! is cut into statements until one is exactly `END`; without one the word
//! means nothing.
//!
//! Blocks are looked up from the end of the script to its start, so that every
//! later block is known when an earlier one needs it. Statement starts that
//! were followed once are remembered. What is left to adversarial scripts is
//! cut off by a budget of bytes read, proportional to the script.

use std::collections::HashMap;

use super::cut::{self, Fault, Script, is_blank};
use crate::delimiter::Delimiter;
use crate::{SplitErrorKind, effort};

/// Bytes that may be read per byte of script.
const READS_PER_BYTE: usize = 64;

/// The blocks of a script.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    /// Where the sequence of statements from here reaches its `END`.
    ends: HashMap<usize, Option<usize>>,
}

impl Blocks {
    /// The blocks of the script from byte `from` on.
    pub(super) fn find(script: Script<'_>, from: usize) -> Result<Self, Fault> {
        let mut blocks = Self::default();
        let words = Words::find(script, from);
        let mut budget = READS_PER_BYTE * script.text.len();
        for (at, body) in words.begins.into_iter().rev() {
            if Some(at) < words.last_end {
                blocks
                    .follow(script, body, &mut budget)
                    .map_err(|()| Fault {
                        kind: SplitErrorKind::TooEntangled,
                        span: at..at + 5,
                    })?;
            }
        }
        Ok(blocks)
    }

    /// Where the block whose body begins at `body` ends.
    pub(super) fn end(&self, body: usize) -> Option<usize> {
        self.ends.get(&body).copied().flatten()
    }

    fn follow(&mut self, script: Script<'_>, body: usize, budget: &mut usize) -> Result<(), ()> {
        let semicolon = Delimiter::semicolon();
        let mut seen = Vec::new();
        let mut at = body;
        let end = loop {
            if let Some(known) = self.ends.get(&at) {
                break *known;
            }
            seen.push(at);
            let outcome = cut::next(script, at, &semicolon, Some(self));
            let read = outcome.read_to.saturating_sub(at) + 1;
            effort::spend(read);
            *budget = budget.checked_sub(read).ok_or(())?;
            match outcome.result {
                Ok(Some(cut)) if is_end(&script.text[cut.text.clone()]) => break Some(cut.end),
                Ok(Some(cut)) => at = cut.end,
                Ok(None) | Err(_) => break None,
            }
        };
        self.ends.extend(seen.into_iter().map(|start| (start, end)));
        Ok(())
    }
}

/// The words of blocks that stand outside quotes and comments. No scan that
/// begins outside of them ever meets another.
struct Words {
    /// Where a `BEGIN` and where the body after it begins.
    begins: Vec<(usize, usize)>,
    last_end: Option<usize>,
}

impl Words {
    fn find(script: Script<'_>, from: usize) -> Self {
        let bytes = script.text.as_bytes();
        let mut words = Self {
            begins: Vec::new(),
            last_end: None,
        };
        let mut at = from;
        while let Some(byte) = bytes.get(at) {
            let mut next = at + 1;
            match byte {
                b'\'' | b'"' | b'`' => {
                    let Some(length) = bytes[next..].iter().position(|other| other == byte) else {
                        break;
                    };
                    next += length + 1;
                }
                b'-' | b'/' => next = script.comment_end(at).unwrap_or(next),
                b'b' | b'B' => {
                    words
                        .begins
                        .extend(begin_body(bytes, at).map(|body| (at, body)));
                }
                b'e' | b'E'
                    if bytes[at..].len() > 2 && bytes[at..at + 3].eq_ignore_ascii_case(b"END") =>
                {
                    words.last_end = Some(at);
                }
                _ => {}
            }
            effort::spend(next - at);
            at = next;
        }
        words
    }
}

/// Where the body of a block begins if the word `BEGIN` and a blank stand at `at`.
pub(super) fn begin_body(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..at + 5)?;
    if !word.eq_ignore_ascii_case(b"BEGIN") {
        return None;
    }
    let after = &bytes[at + 5..];
    let blanks = after.iter().take_while(|byte| is_blank(**byte)).count();
    (blanks > 0).then_some(at + 5 + blanks)
}

/// `END`, with or without `;`.
fn is_end(statement: &str) -> bool {
    let Some((word, rest)) = statement.split_at_checked(3) else {
        return false;
    };
    let rest = rest.trim_start_matches(|letter: char| u8::try_from(letter).is_ok_and(is_blank));
    word.eq_ignore_ascii_case("END") && (rest.is_empty() || rest == ";")
}

//! `BEGIN ... END` blocks as Atlas finds them: after the word `BEGIN` the text
//! is cut into statements until one is exactly `END`, after `BEGIN ATOMIC`
//! until one starts with `END`; without one the words mean nothing.
//!
//! Blocks are looked up from the end of the script to its start, so that every
//! later block is known when an earlier one needs it. Statement starts that
//! were followed once are remembered. What is left to adversarial scripts is
//! cut off by a budget of bytes read, proportional to the script.

use std::collections::HashMap;

use super::cut::{self, Fault, is_blank};
use super::script::Script;
use crate::delimiter::Delimiter;
use crate::{SplitErrorKind, effort};

/// Bytes that may be read per byte of script.
const READS_PER_BYTE: usize = 64;

/// Which statement ends a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    /// One that is `END`.
    IsEnd,
    /// One that starts with `END`.
    StartsWithEnd,
}

/// What follows a `BEGIN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Body {
    pub(super) start: usize,
    pub(super) rule: Rule,
}

/// The blocks of a script.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    /// Where the sequence of statements from here reaches its `END`.
    ends: HashMap<Body, Option<usize>>,
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

    /// Where the block with this body ends.
    pub(super) fn end(&self, body: Body) -> Option<usize> {
        self.ends.get(&body).copied().flatten()
    }

    fn follow(&mut self, script: Script<'_>, body: Body, budget: &mut usize) -> Result<(), ()> {
        let semicolon = Delimiter::semicolon();
        let mut seen = Vec::new();
        let Body {
            start: mut at,
            rule,
        } = body;
        let end = loop {
            if let Some(known) = self.ends.get(&Body { start: at, rule }) {
                break *known;
            }
            seen.push(Body { start: at, rule });
            let outcome = cut::next(script, at, &semicolon, Some(self));
            let read = outcome.read_to.saturating_sub(at) + 1;
            effort::spend(read);
            *budget = budget.checked_sub(read).ok_or(())?;
            match outcome.result {
                Ok(Some(cut)) if rule.ends(&script.text[cut.text.clone()]) => break Some(cut.end),
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
    begins: Vec<(usize, Body)>,
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
                b'\'' | b'"' | b'`' => match script.quote_end(at) {
                    Some(end) => next = end,
                    None => break,
                },
                b'$' => next = script.dollar_end(at).unwrap_or(next),
                b'-' | b'/' | b'#' => next = script.comment_end(at).unwrap_or(next),
                b'b' | b'B' => words.begins.extend(script.body(at).map(|body| (at, body))),
                b'e' | b'E' if starts_with_word(&bytes[at..], b"END") => words.last_end = Some(at),
                _ => {}
            }
            effort::spend(next - at);
            at = next;
        }
        words
    }
}

impl Rule {
    /// Whether this statement ends the block.
    fn ends(self, statement: &str) -> bool {
        if !starts_with_word(statement.as_bytes(), b"END") {
            return false;
        }
        let rest = statement[3..]
            .trim_start_matches(|letter: char| u8::try_from(letter).is_ok_and(is_blank));
        self == Self::StartsWithEnd || rest.is_empty() || rest == ";"
    }
}

/// Whether the bytes start with these letters, in any case.
pub(super) fn starts_with_word(bytes: &[u8], word: &[u8]) -> bool {
    bytes
        .get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
}

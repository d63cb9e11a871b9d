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
use crate::SplitErrorKind;
use crate::delimiter::Delimiter;

/// Bytes that may be read per byte of script.
const READS_PER_BYTE: usize = 64;

/// The blocks of a script.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    /// Where the sequence of statements from here reaches its `END`.
    ends: HashMap<usize, Option<usize>>,
}

impl Blocks {
    pub(super) fn find(script: Script<'_>) -> Result<Self, Fault> {
        let bytes = script.text.as_bytes();
        let mut blocks = Self::default();
        let Some(last_end) = bytes
            .windows(3)
            .rposition(|window| window.eq_ignore_ascii_case(b"END"))
        else {
            return Ok(blocks);
        };
        let mut budget = READS_PER_BYTE * bytes.len();
        for at in (0..last_end).rev() {
            if let Some(body) = begin_body(bytes, at) {
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

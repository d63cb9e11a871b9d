//! The chunked transfer coding (RFC 9112 section 7.1), read strictly and in any pieces.
//!
//! Chunks are passed on as they came, so everything that another reader could take for something else is refused: a
//! line that ends without CR LF, white space around a size, control characters in an extension, a trailer field that
//! would change framing or routing.

use crate::field::{Name, is_token_byte};

/// Longest chunk line or trailer section, in bytes.
const MAX_LINE: u16 = 4096;

/// Hexadecimal digits of the largest size, leading zeros included.
const MAX_DIGITS: u8 = 15;

/// Trailer names longer than this are none of those that matter.
const NAME_BYTES: usize = 17;

/// The body breaks the rules of the coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the chunked body is malformed")]
pub(crate) struct BadChunk;

/// What the next bytes of a chunked body are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Sizes, line ends and trailers.
    Framing(usize),
    /// Content.
    Data(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size { digits: u8 },
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerStart,
    TrailerName { length: u8 },
    TrailerValue,
    TrailerLf,
    EndLf,
    Done,
}

/// Reads a chunked body.
#[derive(Debug, Clone)]
pub(crate) struct Chunked {
    state: State,
    left: u64,
    line: u16,
    name: [u8; NAME_BYTES],
}

impl Chunked {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Size { digits: 0 },
            left: 0,
            line: 0,
            name: [0; NAME_BYTES],
        }
    }

    /// The body has ended; what follows is not of it.
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// How many of `bytes`, which follow those given before, are of this body.
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> Result<usize, BadChunk> {
        let mut count = 0;
        while count < bytes.len() && !self.is_done() {
            count += match self.next(&bytes[count..])? {
                Piece::Framing(length) | Piece::Data(length) => length,
            };
        }
        Ok(count)
    }

    /// What the first bytes of `bytes` are, which must not be empty; the body must not have ended.
    pub(crate) fn next(&mut self, bytes: &[u8]) -> Result<Piece, BadChunk> {
        if self.state == State::Data {
            let count =
                usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
            self.left -= count as u64;
            if self.left == 0 {
                self.state = State::DataCr;
            }
            return Ok(Piece::Data(count));
        }
        let mut count = 0;
        for byte in bytes {
            if matches!(self.state, State::Data | State::Done) {
                break;
            }
            self.state = self.step(*byte)?;
            count += 1;
        }
        Ok(Piece::Framing(count))
    }

    fn step(&mut self, byte: u8) -> Result<State, BadChunk> {
        match (self.state, byte) {
            (State::Size { digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                if digits == MAX_DIGITS {
                    return Err(BadChunk);
                }
                let digit = char::from(byte).to_digit(16).ok_or(BadChunk)?;
                self.left = self.left << 4 | u64::from(digit);
                Ok(State::Size { digits: digits + 1 })
            }
            (State::Size { digits: 1.. }, b';') => {
                self.line = 0;
                Ok(State::Extension)
            }
            (State::Size { digits: 1.. }, b'\r') => Ok(State::SizeLf),
            (State::Extension, b'\r') => Ok(State::SizeLf),
            (State::Extension, byte) => self.in_line(byte, State::Extension),
            (State::SizeLf, b'\n') if self.left == 0 => {
                self.line = 0;
                Ok(State::TrailerStart)
            }
            (State::SizeLf, b'\n') => Ok(State::Data),
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => Ok(State::Size { digits: 0 }),
            (State::TrailerStart, b'\r') => Ok(State::EndLf),
            (State::TrailerStart, _) => self.in_name(byte, 0),
            (State::TrailerName { length: 1.. }, b':') => self.end_name(),
            (State::TrailerName { length }, _) => self.in_name(byte, length),
            (State::TrailerValue, b'\r') => Ok(State::TrailerLf),
            (State::TrailerValue, byte) => self.in_line(byte, State::TrailerValue),
            (State::TrailerLf, b'\n') => Ok(State::TrailerStart),
            (State::EndLf, b'\n') => Ok(State::Done),
            _ => Err(BadChunk),
        }
    }

    fn in_line(&mut self, byte: u8, state: State) -> Result<State, BadChunk> {
        self.line += 1;
        let control = (byte < 0x20 && byte != b'\t') || byte == 0x7f;
        if control || self.line > MAX_LINE {
            return Err(BadChunk);
        }
        Ok(state)
    }

    fn in_name(&mut self, byte: u8, length: u8) -> Result<State, BadChunk> {
        if !is_token_byte(byte) {
            return Err(BadChunk);
        }
        if let Some(slot) = self.name.get_mut(usize::from(length)) {
            *slot = byte;
        }
        let state = State::TrailerName {
            length: length.saturating_add(1),
        };
        self.in_line(byte, state)
    }

    fn end_name(&mut self) -> Result<State, BadChunk> {
        let State::TrailerName { length } = self.state else {
            return Err(BadChunk);
        };
        let name = self
            .name
            .get(..usize::from(length))
            .map_or(Name::Other, Name::of);
        match name {
            Name::Other | Name::RequestId => Ok(State::TrailerValue),
            _ => Err(BadChunk),
        }
    }
}

#[cfg(test)]
mod tests;

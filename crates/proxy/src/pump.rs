//! Moves one message from one connection to the other: the rewritten head first, then the body as it arrives.
//!
//! Nothing is read before what was read last is written, so a slow reader slows its writer down. Body bytes are
//! written from the buffer they were read into; only a body that fits beside its head is copied next to it, to go out
//! in one packet.

use std::io::Write;
use std::task::{Context, Poll, ready};

use tokio::net::TcpStream;

use crate::body::Body;
use crate::buffer::Buffer;
use crate::chunk::{BadChunk, Piece};
use crate::response::Recode;
use crate::send::{Then, poll_send, push};

/// Head and body up to this size go out as one piece.
const TOGETHER: usize = 4 * 1024;

/// After so many full reads a body is taken to be a large one, and gets a larger buffer.
const MANY_FULL_READS: u32 = 8;
/// How large it gets, doubling from read to read.
const STREAM_BYTES: usize = 64 * 1024;

/// Why a pump stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PumpEnd {
    /// The whole message was written.
    Done,
    /// The message ended before its body was whole.
    SourceClosed,
    /// Reading failed.
    SourceFailed,
    /// Writing failed.
    SinkFailed,
    /// The body is malformed.
    Malformed,
}

/// What a pump that is not done waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    Source,
    Sink,
}

#[derive(Debug)]
pub(crate) struct Pump {
    body: Body,
    recode: Recode,
    /// Bytes of the head (and of what was put beside it) that are written.
    written: usize,
    /// Bytes at the front of the buffer that belong to the body and are to be written.
    ready: usize,
    /// Body bytes were written that are nowhere kept.
    streamed: bool,
    /// The source has ended, and with it the body.
    closed: bool,
    /// Bytes have moved since this was last asked.
    moved: bool,
    then: Then,
    /// Reads one after the other that took all there was room for.
    full_reads: u32,
    pub(crate) waiting: Waiting,
}

impl Pump {
    pub(crate) fn new(body: Body, recode: Recode) -> Self {
        Self {
            body,
            recode,
            written: 0,
            ready: 0,
            streamed: false,
            closed: false,
            moved: false,
            then: Then::Send,
            full_reads: 0,
            waiting: Waiting::Source,
        }
    }

    /// Nothing was written yet.
    pub(crate) fn is_unsent(&self) -> bool {
        self.written == 0 && !self.streamed
    }

    /// All that was written is still there and can be written again.
    pub(crate) fn is_replayable(&self) -> bool {
        !self.streamed
    }

    /// Starts again from the first byte, into another connection. Only for a pump that is replayable.
    pub(crate) fn rewind(&mut self) {
        debug_assert!(self.is_replayable(), "bytes are gone that would be missing");
        self.written = 0;
    }

    pub(crate) fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// Goes on until the message is written or something has to be waited for. `head` holds the rewritten head.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut TcpStream,
        buffer: &mut Buffer,
        head: &mut Vec<u8>,
        sink: &mut TcpStream,
    ) -> Poll<PumpEnd> {
        loop {
            if self.ready == 0
                && !buffer.is_empty()
                && !self.has_ended()
                && self.take(buffer, head).is_err()
            {
                return Poll::Ready(PumpEnd::Malformed);
            }
            if self.written < head.len() || self.ready > 0 {
                self.waiting = Waiting::Sink;
                let (first, second) = (&head[self.written..], &buffer.filled()[..self.ready]);
                match ready!(poll_send(cx, sink, first, second, self.then)) {
                    Ok(0) | Err(_) => return Poll::Ready(PumpEnd::SinkFailed),
                    Ok(count) => self.count_written(count, buffer, head),
                }
                continue;
            }
            if self.has_ended() {
                return Poll::Ready(PumpEnd::Done);
            }
            self.waiting = Waiting::Source;
            if self.full_reads >= MANY_FULL_READS {
                buffer.grow(STREAM_BYTES);
            }
            let filled = buffer.poll_fill(cx, source);
            if filled.is_pending()
                && std::mem::replace(&mut self.then, Then::Send) == Then::More
                && push(sink).is_err()
            {
                return Poll::Ready(PumpEnd::SinkFailed);
            }
            match ready!(filled) {
                Ok(0) if matches!(self.body, Body::UntilClose) => {
                    self.closed = true;
                    if self.recode == Recode::PutChunksOn {
                        head.extend_from_slice(b"0\r\n\r\n");
                    }
                }
                Ok(0) => return Poll::Ready(PumpEnd::SourceClosed),
                Ok(_) => self.moved = true,
                Err(_) => return Poll::Ready(PumpEnd::SourceFailed),
            }
        }
    }

    fn has_ended(&self) -> bool {
        self.closed || self.body.is_done()
    }

    /// Looks at what is in the buffer and decides how it is written.
    fn take(&mut self, buffer: &mut Buffer, head: &mut Vec<u8>) -> Result<(), BadChunk> {
        match self.recode {
            Recode::Keep => {
                self.ready = self.body.advance(buffer.filled())?;
                // A read that took all there was room for has left something behind.
                self.then = if buffer.is_filled_up() && !self.body.is_done() {
                    self.full_reads += 1;
                    Then::More
                } else {
                    self.full_reads = 0;
                    Then::Send
                };
                if self.written == 0 && !head.is_empty() && head.len() + self.ready <= TOGETHER {
                    head.extend_from_slice(&buffer.filled()[..self.ready]);
                    buffer.consume(self.ready);
                    self.ready = 0;
                }
            }
            Recode::TakeChunksOff => {
                let Body::Chunked(chunked) = &mut self.body else {
                    return Err(BadChunk);
                };
                while !buffer.is_empty() && !chunked.is_done() {
                    let count = match chunked.next(buffer.filled())? {
                        Piece::Framing(count) => count,
                        Piece::Data(count) => {
                            head.extend_from_slice(&buffer.filled()[..count]);
                            count
                        }
                    };
                    buffer.consume(count);
                }
            }
            Recode::PutChunksOn => {
                write!(head, "{:x}\r\n", buffer.len()).map_err(|_| BadChunk)?;
                head.extend_from_slice(buffer.filled());
                head.extend_from_slice(b"\r\n");
                buffer.consume(buffer.len());
            }
        }
        Ok(())
    }

    fn count_written(&mut self, count: usize, buffer: &mut Buffer, head: &mut Vec<u8>) {
        self.moved = true;
        let of_head = count.min(head.len() - self.written);
        self.written += of_head;
        let of_body = count - of_head;
        if of_body > 0 {
            self.streamed = true;
            self.ready -= of_body;
            buffer.consume(of_body);
        }
        if self.recode != Recode::Keep && self.written == head.len() {
            head.clear();
            self.written = 0;
        }
    }
}

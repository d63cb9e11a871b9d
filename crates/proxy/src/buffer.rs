//! Byte buffers that are filled by reads and emptied from the front, and the scratch space of a connection.
//!
//! A connection holds scratch space only while bytes are moving; the rest of the time it lies in a small pool of its
//! thread, so that ten thousand idle keep-alive connections cost ten thousand sockets and hardly any memory.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

use crate::head::Field;

/// Size of a buffer as it comes from the pool.
pub(crate) const BUFFER_BYTES: usize = 16 * 1024;

/// Scratch spaces kept per thread for the next connection that needs one.
const SPARE_SCRATCHES: usize = 64;

/// Room for the head that is being written; larger ones are given back to the allocator.
const HEAD_BYTES: usize = 2 * 1024;

/// Bytes in order of arrival: filled at the back, consumed from the front.
#[derive(Debug)]
pub(crate) struct Buffer {
    data: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    fn new() -> Self {
        Self {
            data: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
        }
    }

    /// The bytes that are there.
    pub(crate) fn filled(&self) -> &[u8] {
        &self.data[self.start..self.end]
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// No more can be read without growing.
    pub(crate) fn is_full(&self) -> bool {
        self.len() == self.data.len()
    }

    /// Forgets the first `count` bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        debug_assert!(count <= self.len(), "only what is there can be consumed");
        self.start += count;
        if self.start >= self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    /// Doubles the room, up to `limit` bytes.
    pub(crate) fn grow(&mut self, limit: usize) {
        let size = (self.data.len() * 2).min(limit.max(self.data.len()));
        self.data.resize(size, 0);
    }

    /// Reads once from `stream` into the free room; `Ok(0)` is the end of the stream. The buffer must not be full.
    pub(crate) fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut TcpStream,
    ) -> Poll<io::Result<usize>> {
        if self.end == self.data.len() {
            self.data.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let mut room = ReadBuf::new(&mut self.data[self.end..]);
        ready!(Pin::new(stream).poll_read(cx, &mut room))?;
        let count = room.filled().len();
        self.end += count;
        Poll::Ready(Ok(count))
    }

    #[cfg(test)]
    pub(crate) fn with(bytes: &[u8]) -> Self {
        let mut buffer = Self::new();
        buffer.data.resize(bytes.len().max(BUFFER_BYTES), 0);
        buffer.data[..bytes.len()].copy_from_slice(bytes);
        buffer.end = bytes.len();
        buffer
    }

    fn reset(&mut self) {
        self.clear();
        if self.data.len() > BUFFER_BYTES {
            self.data.truncate(BUFFER_BYTES);
            self.data.shrink_to_fit();
        }
    }
}

/// Everything one request needs room for.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// What was read from the client.
    pub(crate) from_client: Buffer,
    /// What was read from the machine.
    pub(crate) from_machine: Buffer,
    /// The rewritten request head, on its way to the machine.
    pub(crate) to_machine: Vec<u8>,
    /// The rewritten response head, on its way to the client.
    pub(crate) to_client: Vec<u8>,
    /// Fields of the head that is being rewritten.
    pub(crate) fields: Vec<Field>,
}

thread_local! {
    #[expect(clippy::vec_box, reason = "moving a box in and out of the pool must not copy the scratch")]
    static SPARE: RefCell<Vec<Box<Scratch>>> = const { RefCell::new(Vec::new()) };
}

impl Scratch {
    /// Scratch space from this thread's pool, or new.
    pub(crate) fn take() -> Box<Self> {
        SPARE.with_borrow_mut(Vec::pop).unwrap_or_else(|| {
            Box::new(Self {
                from_client: Buffer::new(),
                from_machine: Buffer::new(),
                to_machine: Vec::with_capacity(HEAD_BYTES),
                to_client: Vec::with_capacity(HEAD_BYTES),
                fields: Vec::with_capacity(32),
            })
        })
    }

    /// Gives the space back to this thread's pool, emptied.
    pub(crate) fn give_back(mut self: Box<Self>) {
        self.from_client.reset();
        self.from_machine.reset();
        self.to_machine.clear();
        self.to_machine.shrink_to(HEAD_BYTES);
        self.to_client.clear();
        self.to_client.shrink_to(HEAD_BYTES);
        self.fields.clear();
        SPARE.with_borrow_mut(|spare| {
            if spare.len() < SPARE_SCRATCHES {
                spare.push(self);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consuming_everything_makes_the_whole_room_free_again() {
        let mut buffer = Buffer::with(b"abc");
        buffer.consume(1);
        assert_eq!(buffer.filled(), b"bc");
        buffer.consume(2);
        assert!(buffer.is_empty());
        assert_eq!(buffer.start, 0);
    }

    #[test]
    fn growing_keeps_what_is_there_and_stops_at_the_limit() {
        let mut buffer = Buffer::with(&[7; BUFFER_BYTES]);
        assert!(buffer.is_full());
        buffer.grow(BUFFER_BYTES + 10);
        assert!(!buffer.is_full());
        assert_eq!(buffer.filled(), &[7; BUFFER_BYTES]);
        assert_eq!(buffer.data.len(), BUFFER_BYTES + 10);
    }

    #[test]
    fn scratch_comes_back_from_the_pool_empty_and_of_the_usual_size() {
        let mut scratch = Scratch::take();
        scratch.from_client.grow(1 << 20);
        scratch.to_client.resize(1 << 16, 1);
        scratch.give_back();
        let scratch = Scratch::take();
        assert!(scratch.from_client.is_empty() && scratch.to_client.is_empty());
        assert_eq!(scratch.from_client.data.len(), BUFFER_BYTES);
        assert_eq!(scratch.to_client.capacity(), HEAD_BYTES);
    }
}

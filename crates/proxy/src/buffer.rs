//! Byte buffers that are filled by reads and emptied from the front, and the scratch space of a request.
//!
//! A buffer has room only while there are bytes in it: it takes the room when its connection has become readable, and
//! gives it back to a small pool of its thread when the last byte was consumed. So ten thousand connections on which
//! nothing moves, whether they are idle or wait for a slow response, cost hardly any memory.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

use crate::field::Field;

/// Room of a buffer that has not grown.
pub(crate) const BUFFER_BYTES: usize = 16 * 1024;

/// Rooms and scratch spaces kept per thread for whoever is next.
const SPARE: usize = 64;

/// Room for a head that is being written; a larger one is given back to the allocator.
const HEAD_BYTES: usize = 2 * 1024;

thread_local! {
    static ROOMS: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
    #[expect(clippy::vec_box, reason = "moving a box in and out of the pool must not copy the scratch")]
    static SCRATCHES: RefCell<Vec<Box<Scratch>>> = const { RefCell::new(Vec::new()) };
}

/// Bytes in order of arrival: filled at the back, consumed from the front.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// Empty, or all zeros and former bytes outside of `start..end`.
    room: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// The bytes that are there.
    pub(crate) fn filled(&self) -> &[u8] {
        &self.room[self.start..self.end]
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// No more can be read without growing.
    pub(crate) fn is_full(&self) -> bool {
        !self.room.is_empty() && self.len() == self.room.len()
    }

    /// The last read took all there was room for.
    pub(crate) fn is_filled_up(&self) -> bool {
        !self.room.is_empty() && self.end == self.room.len()
    }

    /// Forgets the first `count` bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        debug_assert!(count <= self.len(), "only what is there can be consumed");
        self.start += count;
        if self.start >= self.end {
            self.start = 0;
            self.end = 0;
            // One that has grown is in the middle of something large.
            if self.room.len() == BUFFER_BYTES {
                self.give_room_back();
            }
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
        self.give_room_back();
    }

    /// Doubles the room, up to `limit` bytes.
    pub(crate) fn grow(&mut self, limit: usize) {
        let size = (self.room.len().max(BUFFER_BYTES) * 2).min(limit.max(self.room.len()));
        self.room.resize(size, 0);
    }

    /// Reads once from `stream` into the free room; `Ok(0)` is the end of the stream. The buffer must not be full.
    pub(crate) fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut TcpStream,
    ) -> Poll<io::Result<usize>> {
        if self.room.is_empty() {
            ready!(stream.poll_read_ready(cx))?;
            self.take_room();
        } else if self.end == self.room.len() {
            self.room.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let mut room = ReadBuf::new(&mut self.room[self.end..]);
        let read = Pin::new(stream).poll_read(cx, &mut room);
        let count = room.filled().len();
        self.end += count;
        if self.is_empty() {
            self.consume(0);
        }
        ready!(read)?;
        Poll::Ready(Ok(count))
    }

    fn take_room(&mut self) {
        self.room = ROOMS
            .with_borrow_mut(Vec::pop)
            .unwrap_or_else(|| vec![0; BUFFER_BYTES]);
    }

    fn give_room_back(&mut self) {
        let room = std::mem::take(&mut self.room);
        if room.len() == BUFFER_BYTES {
            ROOMS.with_borrow_mut(|rooms| {
                if rooms.len() < SPARE {
                    rooms.push(room);
                }
            });
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

impl Scratch {
    /// Scratch space from this thread's pool, or new.
    pub(crate) fn take() -> Box<Self> {
        SCRATCHES.with_borrow_mut(Vec::pop).unwrap_or_else(|| {
            Box::new(Self {
                from_client: Buffer::default(),
                from_machine: Buffer::default(),
                to_machine: Vec::with_capacity(HEAD_BYTES),
                to_client: Vec::with_capacity(HEAD_BYTES),
                fields: Vec::with_capacity(32),
            })
        })
    }

    /// Gives the space back to this thread's pool, emptied.
    pub(crate) fn give_back(mut self: Box<Self>) {
        self.from_client.clear();
        self.from_machine.clear();
        self.to_machine.clear();
        self.to_machine.shrink_to(HEAD_BYTES);
        self.to_client.clear();
        self.to_client.shrink_to(HEAD_BYTES);
        self.fields.clear();
        SCRATCHES.with_borrow_mut(|scratches| {
            if scratches.len() < SPARE {
                scratches.push(self);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(bytes: &[u8]) -> Buffer {
        let mut buffer = Buffer::default();
        buffer.take_room();
        buffer.room[..bytes.len()].copy_from_slice(bytes);
        buffer.end = bytes.len();
        buffer
    }

    #[test]
    fn a_buffer_without_bytes_has_no_room() {
        let mut buffer = holding(b"abc");
        buffer.consume(1);
        assert_eq!(buffer.filled(), b"bc");
        buffer.consume(2);
        assert!(buffer.is_empty() && !buffer.is_full());
        assert_eq!(buffer.room.capacity(), 0);
    }

    #[test]
    fn growing_keeps_what_is_there_and_stops_at_the_limit() {
        let mut buffer = holding(&[7; BUFFER_BYTES]);
        assert!(buffer.is_full());
        buffer.grow(BUFFER_BYTES + 10);
        assert!(!buffer.is_full());
        assert_eq!(buffer.filled(), &[7; BUFFER_BYTES]);
        assert_eq!(buffer.room.len(), BUFFER_BYTES + 10);
    }

    #[test]
    fn a_buffer_that_has_grown_keeps_its_room_until_it_is_cleared() {
        let mut buffer = holding(&[7; BUFFER_BYTES]);
        buffer.grow(1 << 20);
        buffer.consume(BUFFER_BYTES);
        assert_eq!(buffer.room.len(), 2 * BUFFER_BYTES);
        buffer.clear();
        assert_eq!(buffer.room.capacity(), 0);
    }

    #[test]
    fn scratch_comes_back_from_the_pool_empty_and_small() {
        let mut scratch = Scratch::take();
        scratch.from_client = holding(b"abc");
        scratch.to_client.resize(1 << 16, 1);
        scratch.give_back();
        let scratch = Scratch::take();
        assert!(scratch.from_client.is_empty() && scratch.to_client.is_empty());
        assert_eq!(scratch.to_client.capacity(), HEAD_BYTES);
    }
}

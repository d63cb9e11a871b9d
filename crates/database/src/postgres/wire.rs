//! The connection: bytes out, messages in.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a connection runs over: a socket, or TLS on one.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// A message of the server.
pub(super) struct Frame {
    pub(super) tag: u8,
    pub(super) body: Bytes,
}

/// One connection. Dropping a future of it loses neither bytes nor messages.
pub(super) struct Wire {
    stream: Box<dyn Stream>,
    input: BytesMut,
    output: BytesMut,
}

/// Longest message that is believed: PostgreSQL's own limit for one value, and some.
const LONGEST: usize = 0x4000_0000 + 0x1_0000;
const READ: usize = 16 * 1024;

impl Wire {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            input: BytesMut::new(),
            output: BytesMut::new(),
        }
    }

    /// Where messages to the server are put; they are sent while the next
    /// answer is waited for.
    pub(super) fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// The server's next message, while what is in the output is sent: neither
    /// end can wait for the other to read.
    pub(super) async fn next(&mut self) -> io::Result<Frame> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// Sends until at most `left` bytes are unsent; a message that arrives
    /// meanwhile ends it and is returned.
    pub(super) async fn send(&mut self, left: usize) -> io::Result<Option<Frame>> {
        poll_fn(|context| {
            if let Poll::Ready(frame) = self.poll_next(context)? {
                return Poll::Ready(Ok(Some(frame)));
            }
            if self.output.len() <= left {
                return Poll::Ready(Ok(None));
            }
            Poll::Pending
        })
        .await
    }

    /// Sends everything, and takes no answer.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|context| self.poll_write(context)).await
    }

    /// Waits until the server has closed the connection.
    pub(super) async fn closed(&mut self) {
        while self.next().await.is_ok() {}
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Frame>> {
        let sent = self.poll_write(context);
        loop {
            if let Some(frame) = self.parse()? {
                return Poll::Ready(Ok(frame));
            }
            // What the server said before it closed explains more than a
            // failed write does: read first.
            match self.poll_read(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    if let Poll::Ready(Err(error)) = sent {
                        return Poll::Ready(Err(error));
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.output.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.output))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let _ = self.output.split_to(written);
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut space = [0; READ];
        let mut buffer = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
        if buffer.filled().is_empty() {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the server closed the connection",
            )));
        }
        self.input.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(()))
    }

    fn parse(&mut self) -> io::Result<Option<Frame>> {
        let [tag, a, b, c, d, ..] = *self.input else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if !(4..=LONGEST).contains(&length) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the answer is not PostgreSQL's protocol",
            ));
        }
        if self.input.len() <= length {
            self.input.reserve(length + 1 - self.input.len());
            return Ok(None);
        }
        let mut body = self.input.split_to(length + 1).freeze();
        let _ = body.split_to(5);
        Ok(Some(Frame { tag, body }))
    }
}

//! Writing to a connection, and telling the kernel when more follows at once.
//!
//! Told so (`MSG_MORE`), the kernel fills whole packets from several writes instead of sending each by itself, which
//! halves what a large body costs. The other side of it: when nothing follows after all, [`push`] has to be called.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

/// What comes after a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing that is known of: send it now.
    Send,
    /// More, which is there already.
    More,
}

/// Writes once, `first` and then `second`; either may be empty. Returns how many bytes were taken of both.
pub(crate) fn poll_send(
    cx: &mut Context<'_>,
    stream: &mut TcpStream,
    first: &[u8],
    second: &[u8],
    then: Then,
) -> Poll<io::Result<usize>> {
    let slices = &[IoSlice::new(first), IoSlice::new(second)];
    let slices = match (first.is_empty(), second.is_empty()) {
        (false, false) => &slices[..],
        (false, true) => &slices[..1],
        (true, _) => &slices[1..],
    };
    match (then, slices) {
        (Then::More, slices) => poll_send_more(cx, stream, slices),
        (Then::Send, [slice]) => Pin::new(stream).poll_write(cx, slice),
        (Then::Send, slices) => Pin::new(stream).poll_write_vectored(cx, slices),
    }
}

/// Sends what the kernel still holds because more was to follow.
pub(crate) fn push(stream: &TcpStream) -> io::Result<()> {
    // Setting it, though it is set, sends what is held back (tcp(7), TCP_NODELAY).
    stream.set_nodelay(true)
}

#[cfg(target_os = "linux")]
fn poll_send_more(
    cx: &mut Context<'_>,
    stream: &TcpStream,
    slices: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
    use tokio::io::Interest;

    loop {
        ready!(stream.poll_write_ready(cx))?;
        let sent = stream.try_io(Interest::WRITABLE, || {
            let mut ancillary = SendAncillaryBuffer::default();
            let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
            Ok(sendmsg(stream, slices, &mut ancillary, flags)?)
        });
        match sent {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            sent => return Poll::Ready(sent),
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn poll_send_more(
    cx: &mut Context<'_>,
    stream: &mut TcpStream,
    slices: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    Pin::new(stream).poll_write_vectored(cx, slices)
}

//! Connections that have become another protocol's, WebSocket for example: bytes are passed both ways until both ends
//! have closed, or the machine's drain deadline comes.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use crate::buffer::{Buffer, Scratch};
use crate::connection::Context;
use crate::lease::Lease;

/// Silence after which the kernel asks whether the other end still exists.
const KEEPALIVE: Duration = Duration::from_secs(60);

pub(crate) struct Tunnel<'a> {
    context: &'a Context,
    client: &'a mut TcpStream,
    machine: TcpStream,
    lease: Lease,
    up: Way,
    down: Way,
}

/// How far one direction is.
#[derive(Debug, Default)]
struct Way {
    /// The sender has closed its half.
    ended: bool,
    /// The receiver was told so.
    done: bool,
    moved: bool,
}

/// One of both connections has failed.
struct Broken;

impl<'a> Tunnel<'a> {
    pub(crate) fn new(
        context: &'a Context,
        client: &'a mut TcpStream,
        machine: TcpStream,
        mut lease: Lease,
    ) -> Self {
        lease.upgrade();
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
        // Without it a vanished peer is noticed later; nothing else depends on it.
        let _ = SockRef::from(&*client).set_tcp_keepalive(&keepalive);
        let _ = SockRef::from(&machine).set_tcp_keepalive(&keepalive);
        Self {
            context,
            client,
            machine,
            lease,
            up: Way::default(),
            down: Way::default(),
        }
    }

    /// Passes bytes both ways until the end. `first` holds what was read with the heads; as long as nothing moves, the
    /// tunnel holds no buffers.
    pub(crate) async fn run(mut self, first: &mut Scratch) {
        self.context.place.registration.wait_forever();
        let mut scratch = Scratch::take();
        std::mem::swap(&mut *scratch, first);
        let mut scratch = Some(scratch);
        poll_fn(|cx| self.poll(cx, &mut scratch)).await;
        if let Some(scratch) = scratch {
            scratch.give_back();
        }
    }

    fn poll(&mut self, cx: &mut TaskContext<'_>, held: &mut Option<Box<Scratch>>) -> Poll<()> {
        let cut = self.lease.upstream.is_cut() || self.context.place.door.is_cutting();
        if cut || self.context.place.registration.is_expired() {
            return Poll::Ready(());
        }
        if held.is_none() && !self.is_readable(cx) {
            return Poll::Pending;
        }
        let mut scratch = held.take().unwrap_or_else(Scratch::take);
        let up = self
            .up
            .poll(cx, self.client, &mut scratch.from_client, &mut self.machine);
        let down = self.down.poll(
            cx,
            &mut self.machine,
            &mut scratch.from_machine,
            self.client,
        );
        if scratch.from_client.is_empty() && scratch.from_machine.is_empty() {
            scratch.give_back();
        } else {
            *held = Some(scratch);
        }
        match (up, down) {
            (Poll::Ready(Ok(())), Poll::Ready(Ok(())))
            | (Poll::Ready(Err(Broken)), _)
            | (_, Poll::Ready(Err(Broken))) => Poll::Ready(()),
            _ => {
                self.set_deadline();
                Poll::Pending
            }
        }
    }

    /// One of both sides has something to say, or to end.
    fn is_readable(&self, cx: &mut TaskContext<'_>) -> bool {
        let client = !self.up.ended && self.client.poll_read_ready(cx).is_ready();
        let machine = !self.down.ended && self.machine.poll_read_ready(cx).is_ready();
        client || machine
    }

    /// Open ends may be silent for ever; once one half is closed, the other has to move.
    fn set_deadline(&mut self) {
        let moved = std::mem::take(&mut self.up.moved) | std::mem::take(&mut self.down.moved);
        if moved && (self.up.ended || self.down.ended) {
            let stall = self.context.place.door.settings.stall_timeout;
            self.context.place.registration.wait_at_most(stall);
        }
    }
}

impl Way {
    fn poll(
        &mut self,
        cx: &mut TaskContext<'_>,
        source: &mut TcpStream,
        buffer: &mut Buffer,
        sink: &mut TcpStream,
    ) -> Poll<Result<(), Broken>> {
        loop {
            if self.done {
                return Poll::Ready(Ok(()));
            }
            if !buffer.is_empty() {
                match ready!(Pin::new(&mut *sink).poll_write(cx, buffer.filled())) {
                    Ok(0) | Err(_) => return Poll::Ready(Err(Broken)),
                    Ok(count) => buffer.consume(count),
                }
                self.moved = true;
            } else if self.ended {
                if ready!(Pin::new(&mut *sink).poll_shutdown(cx)).is_err() {
                    return Poll::Ready(Err(Broken));
                }
                self.done = true;
            } else {
                match ready!(buffer.poll_fill(cx, source)) {
                    Ok(0) => self.ended = true,
                    Ok(_) => {}
                    Err(_) => return Poll::Ready(Err(Broken)),
                }
                self.moved = true;
            }
        }
    }
}

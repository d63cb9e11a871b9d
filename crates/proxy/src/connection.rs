//! A client's connection: one request after the other, each sent to whichever machine is to take it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::body::Body;
use crate::buffer::Scratch;
use crate::event::Event;
use crate::head::HeadScan;
use crate::lease::Lease;
use crate::listener::Place;
use crate::page::Page;
use crate::pump::Pump;
use crate::reach::{Refused, Reuse};
use crate::relay::{Relay, RelayEnd};
use crate::request::{Edge, Method, Request, RequestBody, RequestHead};
use crate::response::{Persistence, Recode};
use crate::service::Service;
use crate::settings::RequestId;
use crate::upgrade::Tunnel;
use crate::upstream::IdleConnection;

/// Requests that must not be sent twice use only connections that were in use this recently: machines close idle ones
/// after seconds, and a request that meets the closing is lost without anybody knowing whether it was carried out.
const FRESH: Duration = Duration::from_secs(1);

/// How long a client may go on sending what nobody wants before its connection is closed on it.
const LINGER: Duration = Duration::from_secs(2);

/// How long an idle connection is still open when the front door closes: a request may be on its way.
const LAST_CALL: Duration = Duration::from_millis(100);

/// What a connection needs besides its stream.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) place: Place,
    pub(crate) service: Arc<Service>,
    edge: Edge,
}

impl Context {
    pub(crate) fn new(place: Place, service: Arc<Service>, edge: Edge) -> Self {
        Self {
            place,
            service,
            edge,
        }
    }

    pub(crate) fn worker(&self) -> &crate::worker::Worker {
        &self.place.registration.worker
    }

    pub(crate) fn wait_at_most(&self, duration: Duration) {
        self.place.registration.wait_at_most(duration);
    }

    pub(crate) fn is_expired(&self) -> bool {
        self.place.registration.is_expired()
    }
}

pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    /// The client has closed its sending half.
    pub(crate) closed: bool,
    /// Holds what was read beyond the last request.
    scratch: Option<Box<Scratch>>,
    pub(crate) context: Context,
}

/// What becomes of a connection after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Serve,
    /// Closed; everything that was sent on it was read.
    Close,
    /// Closed, but the client may still be sending: closing at once would reset the connection, and with it the
    /// response that is still on its way.
    Linger,
    /// Reset, so that a response that was broken off is not taken for a whole one.
    Reset,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, context: Context) -> Self {
        Self {
            stream,
            closed: false,
            scratch: None,
            context,
        }
    }

    /// Serves the client until one of both ends it.
    pub(crate) async fn serve(mut self) {
        poll_fn(|cx| {
            self.context.place.registration.set_waker(cx.waker());
            Poll::Ready(())
        })
        .await;
        let settings = self.context.place.door.settings.clone();
        let mut patience = settings.head_timeout;
        while self.wait_for_bytes(patience).await {
            let mut scratch = self.scratch.take().unwrap_or_else(Scratch::take);
            let next = self.serve_request(&mut scratch).await;
            if next == Next::Serve && !scratch.from_client.is_empty() {
                self.scratch = Some(scratch);
            } else {
                if next == Next::Linger {
                    self.linger(&mut scratch).await;
                }
                scratch.give_back();
            }
            match next {
                Next::Serve => patience = settings.idle_timeout,
                Next::Close | Next::Linger => return,
                Next::Reset => {
                    let _ = self.stream.set_zero_linger();
                    return;
                }
            }
        }
    }

    /// Waits for the next request without holding any buffer; false when there will be none.
    async fn wait_for_bytes(&mut self, patience: Duration) -> bool {
        if self.scratch.is_some() {
            return true;
        }
        if self.closed {
            return false;
        }
        self.context.wait_at_most(patience);
        let mut last = false;
        poll_fn(|cx| {
            if let Poll::Ready(ready) = self.stream.poll_read_ready(cx) {
                return Poll::Ready(ready.is_ok());
            }
            let door = &self.context.place.door;
            if door.is_closing() && !std::mem::replace(&mut last, true) {
                self.context.wait_at_most(patience.min(LAST_CALL));
            }
            if door.is_cutting() || self.context.is_expired() {
                return Poll::Ready(false);
            }
            Poll::Pending
        })
        .await
    }

    async fn serve_request(&mut self, scratch: &mut Scratch) -> Next {
        let request = match self.read_head(scratch).await {
            Ok(request) => request,
            Err(Refused::Gone) => return Next::Close,
            Err(Refused::Page(page)) => {
                return self
                    .answer(scratch, page, Method::Other, Next::Linger)
                    .await;
            }
        };
        match self.exchange(scratch, &request).await {
            Ok(next) => next,
            Err(Refused::Gone) => Next::Close,
            Err(Refused::Page(page)) => {
                // Where the request ends is known only if it has no body, or the body was read.
                let next = if request.keep_alive
                    && request.body == RequestBody::None
                    && !self.closed
                    && !self.context.place.door.is_closing()
                {
                    Next::Serve
                } else {
                    Next::Linger
                };
                self.answer(scratch, page, request.method, next).await
            }
        }
    }

    /// Reads a request head and rewrites it into `scratch.to_machine`.
    async fn read_head(&mut self, scratch: &mut Scratch) -> Result<Request, Refused> {
        let door = &self.context.place.door;
        self.context.wait_at_most(door.settings.head_timeout);
        let mut scan = HeadScan::default();
        let mut started = false;
        let length = loop {
            let buffer = &mut scratch.from_client;
            // Some clients send an empty line after a body (RFC 9112 section 2.2).
            while !started && buffer.filled().starts_with(b"\r\n") {
                buffer.consume(2);
            }
            started |= !buffer.is_empty() && buffer.filled() != b"\r";
            if started {
                match scan.advance(buffer.filled(), door.head_limits()) {
                    Ok(Some(length)) => break length,
                    Ok(None) => {}
                    Err(fault) => return Err(Refused::Page(Page::refusing(fault))),
                }
            }
            if buffer.is_full() {
                buffer.grow(door.settings.max_head_bytes);
            }
            let count = poll_fn(|cx| {
                if let Poll::Ready(count) = buffer.poll_fill(cx, &mut self.stream) {
                    return Poll::Ready(count.map_err(|_| Refused::Gone));
                }
                if self.context.is_expired() {
                    return Poll::Ready(Err(if started {
                        Refused::Page(Page::HEAD_TIMEOUT)
                    } else {
                        Refused::Gone
                    }));
                }
                if door.is_cutting() {
                    return Poll::Ready(Err(Refused::Gone));
                }
                Poll::Pending
            })
            .await?;
            if count == 0 {
                return Err(Refused::Gone);
            }
        };
        let Scratch {
            from_client,
            to_machine,
            fields,
            ..
        } = scratch;
        let head = &from_client.filled()[..length];
        let parsed = RequestHead::parse(head, fields)
            .map_err(|fault| Refused::Page(Page::refusing(fault)))?;
        to_machine.clear();
        let worker = self.context.worker();
        let request_id =
            || (door.settings.request_id == RequestId::Add).then(|| worker.request_id());
        parsed.rewrite(head, fields, &self.context.edge, request_id, to_machine);
        from_client.consume(length);
        Ok(parsed.request)
    }

    /// Sends the request whose rewritten head is in `scratch.to_machine` to a machine, and its response back.
    async fn exchange(
        &mut self,
        scratch: &mut Scratch,
        request: &Request,
    ) -> Result<Next, Refused> {
        let mut lease = self.admit(scratch).await?;
        let mut reuse = Reuse::Unused(if request.method.is_idempotent() {
            Duration::MAX
        } else {
            FRESH
        });
        let mut up = Pump::new(Body::from(request.body), Recode::Keep);
        loop {
            let (held, machine, reused) = self.reach(scratch, lease, reuse).await?;
            lease = held;
            let mut relay = Relay::new(
                &self.context,
                &mut self.stream,
                &mut self.closed,
                scratch,
                request,
                &lease,
                &mut up,
                machine,
                reused,
            );
            let end = poll_fn(|cx| relay.poll(cx)).await;
            let request_done = relay.is_request_done();
            match end {
                RelayEnd::Complete => {
                    let reusable = relay.is_machine_reusable();
                    let answer = relay.answer.ok_or(Refused::Gone)?;
                    let worker = self.context.worker();
                    let idle = reusable.then_some(IdleConnection {
                        stream: relay.machine,
                        worker: worker.index,
                        since: worker.now(),
                    });
                    let max_idle = self.context.place.door.settings.max_idle_upstream;
                    lease.finish(answer.status, idle, max_idle);
                    scratch.from_machine.clear();
                    return Ok(match answer.persistence {
                        Persistence::KeepAlive => Next::Serve,
                        Persistence::Close if request_done && scratch.from_client.is_empty() => {
                            Next::Close
                        }
                        Persistence::Close => Next::Linger,
                    });
                }
                RelayEnd::Upgraded => {
                    let machine = relay.machine;
                    Tunnel::new(&self.context, &mut self.stream, machine, lease)
                        .run(scratch)
                        .await;
                    return Ok(Next::Close);
                }
                RelayEnd::Stale => {
                    up.rewind();
                    reuse = Reuse::New;
                }
                failure => {
                    let unanswered = relay.is_unanswered();
                    let reset = relay
                        .answer
                        .is_some_and(|answer| answer.ends_with_connection);
                    drop(relay);
                    scratch.from_machine.clear();
                    self.report(failure, &lease);
                    return match (unanswered, failure_page(failure)) {
                        (true, Some(page)) => {
                            let next = if request_done && request.keep_alive && !self.closed {
                                Next::Serve
                            } else {
                                Next::Linger
                            };
                            drop(lease);
                            Ok(self.answer(scratch, page, request.method, next).await)
                        }
                        _ if reset => Ok(Next::Reset),
                        _ => Ok(Next::Close),
                    };
                }
            }
        }
    }

    fn report(&self, failure: RelayEnd, lease: &Lease) {
        let reason = match failure {
            RelayEnd::MachineGone => "it closed a connection before its response was whole",
            RelayEnd::BadResponse => "its response is not valid HTTP/1.1",
            RelayEnd::MachineStalled => "it said nothing for too long",
            RelayEnd::Cut => return lease.failed(),
            _ => return,
        };
        lease.failed();
        self.context.place.door.emit(Event::Failed {
            service: self.context.service.name.clone(),
            machine: lease.upstream.machine.clone(),
            reason,
        });
    }

    /// Sends an answer of the front door's own.
    async fn answer(
        &mut self,
        scratch: &mut Scratch,
        page: Page,
        method: Method,
        next: Next,
    ) -> Next {
        self.context.service.count_page();
        let persistence = if next == Next::Serve {
            Persistence::KeepAlive
        } else {
            Persistence::Close
        };
        scratch.to_client.clear();
        page.write(method, persistence, &mut scratch.to_client);
        self.context
            .wait_at_most(self.context.place.door.settings.stall_timeout);
        let Self {
            stream, context, ..
        } = self;
        let mut write = pin!(stream.write_all(&scratch.to_client));
        let sent = poll_fn(|cx| match write.as_mut().poll(cx) {
            Poll::Ready(sent) => Poll::Ready(sent.is_ok()),
            Poll::Pending if context.is_expired() || context.place.door.is_cutting() => {
                Poll::Ready(false)
            }
            Poll::Pending => Poll::Pending,
        })
        .await;
        if sent { next } else { Next::Close }
    }

    /// Closes the sending half and reads on for a while, so that the client can read its response in peace.
    async fn linger(&mut self, scratch: &mut Scratch) {
        if self.stream.shutdown().await.is_err() {
            return;
        }
        self.context.wait_at_most(LINGER);
        let Self {
            stream, context, ..
        } = self;
        poll_fn(|cx| {
            loop {
                if context.is_expired() || context.place.door.is_cutting() {
                    return Poll::Ready(());
                }
                scratch.from_client.clear();
                match scratch.from_client.poll_fill(cx, stream) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(()),
                    Poll::Ready(Ok(_)) => {}
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
    }
}

/// What a client is told that has not seen anything of a response yet.
fn failure_page(failure: RelayEnd) -> Option<Page> {
    match failure {
        RelayEnd::MachineGone => Some(Page::BROKEN_OFF),
        RelayEnd::BadResponse => Some(Page::BAD_RESPONSE),
        RelayEnd::BadBody => Some(Page::BAD_BODY),
        RelayEnd::ClientStalled => Some(Page::BODY_TIMEOUT),
        RelayEnd::MachineStalled => Some(Page::NO_RESPONSE),
        RelayEnd::Cut => Some(Page::CUT),
        RelayEnd::Complete | RelayEnd::Upgraded | RelayEnd::Stale | RelayEnd::ClientGone => None,
    }
}

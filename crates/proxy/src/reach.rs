//! From a request to a connection: waiting for a machine that may be asked, and connecting to it or to another one.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::buffer::Scratch;
use crate::connection::Connection;
use crate::event::Event;
use crate::lease::{Lease, Unused};
use crate::page::Page;
use crate::relay::{Gone, watch};
use crate::service::{Admission, Patience, WaitReason};
use crate::upstream::{connect, is_quiet};

/// Why a request does not get its response.
#[derive(Debug)]
pub(crate) enum Refused {
    Page(Page),
    Gone,
}

impl From<Gone> for Refused {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// How soon machines that took no connection are asked again.
const AGAIN: Duration = Duration::from_millis(20);

/// Which connections to a machine a request may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    Unused(Duration),
    New,
}

impl Connection {
    /// Waits until a machine may be asked.
    pub(crate) async fn admit(&mut self, scratch: &mut Scratch) -> Result<Lease, Refused> {
        match self.context.service.admit() {
            Admission::Granted(lease) => Ok(lease),
            Admission::Refused(patience) => Err(Refused::Page(patience.page())),
            Admission::Queued(queued, patience) => {
                self.wait_in_queue(scratch, queued, patience).await
            }
        }
    }

    async fn wait_in_queue(
        &mut self,
        scratch: &mut Scratch,
        mut queued: oneshot::Receiver<Lease>,
        patience: Duration,
    ) -> Result<Lease, Refused> {
        let Self {
            stream,
            closed,
            context,
            ..
        } = self;
        let registration = &context.place.registration;
        let arrival = context.worker().now();
        registration.wait_at_most(patience);
        let mut queued = pin!(&mut queued);
        poll_fn(|cx| {
            if let Poll::Ready(lease) = queued.as_mut().poll(cx) {
                return Poll::Ready(lease.map_err(|_| Refused::Gone));
            }
            if context.place.door.is_cutting() {
                return Poll::Ready(Err(Refused::Gone));
            }
            let open = !*closed;
            watch(cx, stream, scratch, closed)?;
            if open && *closed {
                registration.wait_at_most(context.place.door.settings.half_close_grace);
            }
            if registration.is_expired() {
                // What is waited for may have changed meanwhile, and with it for how long.
                let patience = context.service.patience();
                let millis = u64::try_from(patience.total.as_millis()).unwrap_or(u64::MAX);
                let until = arrival.saturating_add(millis);
                if *closed {
                    return Poll::Ready(Err(Refused::Gone));
                }
                if until <= context.worker().now() {
                    return Poll::Ready(Err(Refused::Page(patience.page())));
                }
                registration.wait_until(until);
            }
            Poll::Pending
        })
        .await
    }

    /// Gets a connection to the machine of `lease`, or, if it accepts none, to another one.
    ///
    /// When none accepts one, they are asked again for as long as a request waits for a first machine: an only machine
    /// that has ended is usually started again at once, and nothing of the request was sent.
    pub(crate) async fn reach(
        &mut self,
        scratch: &mut Scratch,
        mut lease: Lease,
        reuse: Reuse,
    ) -> Result<(Lease, TcpStream, bool), Refused> {
        if let Reuse::Unused(max_age) = reuse {
            let (worker, now) = (self.context.worker().index, self.context.worker().now());
            loop {
                match lease.take_idle(worker, now, max_age) {
                    Unused::Use(stream) if is_quiet(&stream) => return Ok((lease, stream, true)),
                    Unused::Use(dead) => drop(dead),
                    Unused::Close(old) => {
                        drop(old);
                        break;
                    }
                }
            }
        }
        let began = self.context.worker().now();
        let mut tried = Vec::new();
        let mut told = false;
        loop {
            let failure = match self.connect(scratch, &lease).await? {
                Ok(stream) => {
                    lease.reached();
                    return Ok((lease, stream, false));
                }
                Err(failure) => failure,
            };
            lease.unreachable();
            if !told {
                self.context.place.door.emit(Event::Unreachable {
                    service: self.context.service.name.clone(),
                    machine: lease.upstream.machine.clone(),
                    reason: failure,
                });
            }
            tried.push(lease.serial());
            lease = match self.context.service.reassign(lease, &tried) {
                Some(another) => another,
                None => {
                    let grace = self.context.service.empty_grace().as_millis();
                    let waited = self.context.worker().now().saturating_sub(began);
                    if u128::from(waited) >= grace {
                        return Err(Refused::Page(Page::UNREACHABLE));
                    }
                    told = true;
                    tried.clear();
                    self.wait_a_moment(scratch).await?;
                    self.admit(scratch).await?
                }
            };
        }
    }

    /// Waits before machines are asked again, with an eye on the client.
    async fn wait_a_moment(&mut self, scratch: &mut Scratch) -> Result<(), Refused> {
        let Self {
            stream,
            closed,
            context,
            ..
        } = self;
        let mut moment = pin!(tokio::time::sleep(AGAIN));
        poll_fn(|cx| {
            if context.place.door.is_cutting() {
                return Poll::Ready(Err(Refused::Gone));
            }
            if moment.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            watch(cx, stream, scratch, closed)?;
            Poll::Pending
        })
        .await
    }

    /// Opens a connection to the machine of `lease`; the inner error says why it has none.
    async fn connect(
        &mut self,
        scratch: &mut Scratch,
        lease: &Lease,
    ) -> Result<Result<TcpStream, String>, Refused> {
        let Self {
            stream,
            closed,
            context,
            ..
        } = self;
        context.wait_at_most(context.place.door.settings.connect_timeout);
        let mut connecting = pin!(connect(lease.upstream.machine.addr));
        poll_fn(|cx| {
            if let Poll::Ready(machine) = connecting.as_mut().poll(cx) {
                return Poll::Ready(Ok(machine.map_err(|error| error.to_string())));
            }
            if lease.upstream.is_cut() || context.place.door.is_cutting() {
                return Poll::Ready(Err(Refused::Page(Page::CUT)));
            }
            if context.is_expired() {
                return Poll::Ready(Ok(Err("no answer in time".to_owned())));
            }
            watch(cx, stream, scratch, closed)?;
            Poll::Pending
        })
        .await
    }
}

impl Patience {
    /// What a client is told that has waited in vain.
    fn page(self) -> Page {
        let reason = match self.reason {
            WaitReason::Paused => "the service is paused; try again in a moment",
            WaitReason::Full => "all machines are at their limit",
            WaitReason::Empty => "no machine serves at the moment",
        };
        Page::unavailable(reason, self.retry_after)
    }
}

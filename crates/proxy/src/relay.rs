//! One request and its response between a client and a machine, both ways at once.

use std::task::{Context as TaskContext, Poll, ready};

use tokio::net::TcpStream;

use crate::body::Body;
use crate::buffer::Scratch;
use crate::connection::Context;
use crate::head::{HeadScan, Version};
use crate::lease::Lease;
use crate::pump::{Pump, PumpEnd, Waiting};
use crate::request::Request;
use crate::response::{Persistence, Recode, ResponseHead};

/// How a relay ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RelayEnd {
    /// The response was passed on whole.
    Complete,
    /// The machine agreed to speak another protocol.
    Upgraded,
    /// A connection from the pool turned out to be dead; the request can be sent again.
    Stale,
    /// The machine closed the connection, or it broke.
    MachineGone,
    /// What the machine sent is not a response.
    BadResponse,
    /// The client closed the connection, or it broke.
    ClientGone,
    /// The client's chunked body is malformed.
    BadBody,
    /// The client sent nothing more of its body, or took nothing more of its response.
    ClientStalled,
    /// The machine said nothing for too long.
    MachineStalled,
    /// The machine was retired and its time is over, or the front door's is.
    Cut,
}

/// What has to be known of a response once its head is rewritten.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) persistence: Persistence,
    /// The machine keeps the connection.
    machine_stays: bool,
    /// The client knows the end of the body only by the end of the connection.
    pub(crate) ends_with_connection: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sending {
    Going,
    Sent,
    /// The machine takes nothing more; it may have answered before.
    Broken,
}

#[derive(Debug)]
enum Stage {
    Head(HeadScan),
    Interim,
    Body,
}

/// Whom a relay waits for; each has a time limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    Client,
    Machine,
    /// The machine, for a client that may have gone.
    HalfClosed,
}

pub(crate) struct Relay<'a> {
    context: &'a Context,
    client: &'a mut TcpStream,
    /// The client has closed its sending half.
    client_closed: &'a mut bool,
    scratch: &'a mut Scratch,
    request: &'a Request,
    lease: &'a Lease,
    pub(crate) machine: TcpStream,
    /// The machine's connection has carried requests before.
    reused: bool,
    sending: Sending,
    up: &'a mut Pump,
    stage: Stage,
    down: Pump,
    pub(crate) answer: Option<Answer>,
    /// The machine has sent something.
    heard: bool,
    moved: bool,
    wait: Option<Wait>,
}

impl<'a> Relay<'a> {
    #[expect(
        clippy::too_many_arguments,
        reason = "a relay is where all of them meet, once"
    )]
    pub(crate) fn new(
        context: &'a Context,
        client: &'a mut TcpStream,
        client_closed: &'a mut bool,
        scratch: &'a mut Scratch,
        request: &'a Request,
        lease: &'a Lease,
        up: &'a mut Pump,
        machine: TcpStream,
        reused: bool,
    ) -> Self {
        scratch.to_client.clear();
        context.place.registration.wait_forever();
        Self {
            context,
            client,
            client_closed,
            scratch,
            request,
            lease,
            machine,
            reused,
            sending: Sending::Going,
            up,
            stage: Stage::Head(HeadScan::default()),
            down: Pump::new(Body::NONE, Recode::Keep),
            answer: None,
            heard: false,
            moved: false,
            wait: None,
        }
    }

    /// The client's request was read and passed on to its end.
    pub(crate) fn is_request_done(&self) -> bool {
        self.sending == Sending::Sent
    }

    /// A page can still be sent in place of a response.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.answer.is_none() && matches!(self.stage, Stage::Head(_))
    }

    /// The machine's connection is in step and stays open.
    pub(crate) fn is_machine_reusable(&self) -> bool {
        self.is_request_done()
            && self.scratch.from_machine.is_empty()
            && self.answer.is_some_and(|answer| answer.machine_stays)
    }

    pub(crate) fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<RelayEnd> {
        if self.lease.upstream.is_cut() || self.context.place.door.is_cutting() {
            return Poll::Ready(RelayEnd::Cut);
        }
        if self.context.place.registration.is_expired() {
            return Poll::Ready(match self.wait {
                Some(Wait::Machine) => RelayEnd::MachineStalled,
                Some(Wait::HalfClosed) => RelayEnd::ClientGone,
                Some(Wait::Client) | None => RelayEnd::ClientStalled,
            });
        }
        if self.sending == Sending::Going {
            let scratch = &mut *self.scratch;
            match self.up.poll(
                cx,
                self.client,
                &mut scratch.from_client,
                &mut scratch.to_machine,
                &mut self.machine,
            ) {
                Poll::Pending => {}
                Poll::Ready(PumpEnd::Done) => self.sending = Sending::Sent,
                Poll::Ready(PumpEnd::SinkFailed) => self.sending = Sending::Broken,
                Poll::Ready(PumpEnd::Malformed) => return Poll::Ready(RelayEnd::BadBody),
                Poll::Ready(PumpEnd::SourceClosed | PumpEnd::SourceFailed) => {
                    return Poll::Ready(RelayEnd::ClientGone);
                }
            }
        }
        if self.sending != Sending::Going
            && watch(cx, self.client, self.scratch, self.client_closed).is_err()
        {
            return Poll::Ready(RelayEnd::ClientGone);
        }
        let end = self.poll_response(cx);
        if end.is_pending() {
            self.set_deadline();
        }
        end
    }

    fn poll_response(&mut self, cx: &mut TaskContext<'_>) -> Poll<RelayEnd> {
        loop {
            if let Stage::Head(scan) = &mut self.stage {
                let filled = self.scratch.from_machine.filled();
                match scan.advance(filled, self.context.place.door.head_limits()) {
                    Err(_) => return Poll::Ready(RelayEnd::BadResponse),
                    Ok(Some(length)) => {
                        if let Err(end) = self.read_head(length) {
                            return Poll::Ready(end);
                        }
                    }
                    Ok(None) => {
                        if let Err(end) = ready!(self.poll_head(cx)) {
                            return Poll::Ready(end);
                        }
                        continue;
                    }
                }
            }
            let scratch = &mut *self.scratch;
            let end = ready!(self.down.poll(
                cx,
                &mut self.machine,
                &mut scratch.from_machine,
                &mut scratch.to_client,
                self.client,
            ));
            match end {
                PumpEnd::Done if matches!(self.stage, Stage::Interim) => {
                    self.scratch.to_client.clear();
                    self.stage = Stage::Head(HeadScan::default());
                }
                PumpEnd::Done if self.answer.is_some_and(|answer| answer.status == 101) => {
                    return Poll::Ready(RelayEnd::Upgraded);
                }
                PumpEnd::Done => return Poll::Ready(RelayEnd::Complete),
                PumpEnd::SinkFailed => return Poll::Ready(RelayEnd::ClientGone),
                PumpEnd::Malformed => return Poll::Ready(RelayEnd::BadResponse),
                PumpEnd::SourceClosed | PumpEnd::SourceFailed => {
                    return Poll::Ready(RelayEnd::MachineGone);
                }
            }
        }
    }

    /// Reads more of the response head.
    fn poll_head(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), RelayEnd>> {
        let limit = self.context.place.door.settings.max_head_bytes;
        let buffer = &mut self.scratch.from_machine;
        if buffer.is_full() {
            buffer.grow(limit);
        }
        let count = ready!(buffer.poll_fill(cx, &mut self.machine)).unwrap_or(0);
        if count > 0 {
            self.heard = true;
            self.moved = true;
            return Poll::Ready(Ok(()));
        }
        let again = self.reused
            && !self.heard
            && (self.up.is_unsent()
                || (self.request.method.is_idempotent() && self.up.is_replayable()));
        Poll::Ready(Err(if again {
            RelayEnd::Stale
        } else {
            RelayEnd::MachineGone
        }))
    }

    /// Takes the response head apart and rewrites it for the client.
    fn read_head(&mut self, length: usize) -> Result<(), RelayEnd> {
        let Scratch {
            from_client,
            from_machine,
            to_client,
            fields,
            ..
        } = &mut *self.scratch;
        let head = &from_machine.filled()[..length];
        let response =
            ResponseHead::parse(head, self.request, fields).map_err(|_| RelayEnd::BadResponse)?;
        if response.is_interim() {
            if self.request.version == Version::Http11 {
                response.rewrite(
                    head,
                    fields,
                    self.request,
                    Persistence::KeepAlive,
                    to_client,
                );
            }
            self.down = Pump::new(Body::NONE, Recode::Keep);
            self.stage = Stage::Interim;
        } else {
            if response.status == 101 && !(self.request.upgrade && self.sending == Sending::Sent) {
                return Err(RelayEnd::BadResponse);
            }
            let delimited = response.is_delimited_for(self.request.version);
            let client_stays = self.request.keep_alive
                && self.sending == Sending::Sent
                && delimited
                && (!*self.client_closed || !from_client.is_empty())
                && !self.context.place.door.is_closing();
            let persistence = if client_stays {
                Persistence::KeepAlive
            } else {
                Persistence::Close
            };
            response.rewrite(head, fields, self.request, persistence, to_client);
            self.down = Pump::new(
                Body::from(response.body),
                response.recode(self.request.version),
            );
            self.stage = Stage::Body;
            self.answer = Some(Answer {
                status: response.status,
                persistence,
                machine_stays: response.keep_alive,
                ends_with_connection: !delimited,
            });
        }
        from_machine.consume(length);
        Ok(())
    }

    /// Writes down how long to wait for what is waited for now, when that is news or something has moved.
    fn set_deadline(&mut self) {
        let moved = self.up.take_moved() | self.down.take_moved() | std::mem::take(&mut self.moved);
        let client = self.sending == Sending::Going
            || (!matches!(self.stage, Stage::Head(_)) && self.down.waiting == Waiting::Sink);
        let wait = if client {
            Wait::Client
        } else if *self.client_closed {
            Wait::HalfClosed
        } else {
            Wait::Machine
        };
        if !moved && self.wait == Some(wait) {
            return;
        }
        self.wait = Some(wait);
        let settings = &self.context.place.door.settings;
        let registration = &self.context.place.registration;
        match wait {
            Wait::Client => registration.wait_at_most(settings.stall_timeout),
            Wait::HalfClosed => registration.wait_at_most(settings.half_close_grace),
            Wait::Machine => match settings.response_timeout {
                Some(timeout) => registration.wait_at_most(timeout),
                None => registration.wait_forever(),
            },
        }
    }
}

/// The client's connection has failed.
#[derive(Debug)]
pub(crate) struct Gone;

/// Looks whether the client is still there while it has nothing to send: reads what it sends ahead, as far as there is
/// room, and notes when it closes its sending half.
pub(crate) fn watch(
    cx: &mut TaskContext<'_>,
    client: &mut TcpStream,
    scratch: &mut Scratch,
    closed: &mut bool,
) -> Result<(), Gone> {
    while !*closed && !scratch.from_client.is_full() {
        match scratch.from_client.poll_fill(cx, client) {
            Poll::Pending => break,
            Poll::Ready(Ok(0)) => *closed = true,
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(_)) => return Err(Gone),
        }
    }
    Ok(())
}

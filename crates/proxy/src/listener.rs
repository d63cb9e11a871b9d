//! Listening sockets, and the loop that accepts connections and gives them to the workers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::connection::{Connection, Context};
use crate::door::Door;
use crate::error::ListenError;
use crate::event::Event;
use crate::request::Edge;
use crate::service::Service;
use crate::worker::{Registration, Worker};

/// Connections the kernel keeps for a front door that is busy or full; capped by `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

/// Pauses between attempts when the system refuses to accept.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The worker that runs all listeners.
pub(crate) const ACCEPTING_WORKER: usize = 0;

/// Opens a listening socket. An IPv6 wildcard takes IPv4 clients too.
pub(crate) fn bind(addr: SocketAddr) -> Result<std::net::TcpListener, ListenError> {
    let open = || -> io::Result<std::net::TcpListener> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        if addr.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.bind(&addr.into())?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    open().map_err(|source| ListenError::from_bind(addr, source))
}

/// A listening socket and where its connections go. Today everything goes to one service; a choice by host name would
/// be made where [`Context::service`] is asked for.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    to: Destination,
    stopped: watch::Receiver<bool>,
}

/// Where the connections of a listener go.
#[derive(Debug)]
struct Destination {
    local: SocketAddr,
    service: Arc<Service>,
    door: Arc<Door>,
}

impl Listener {
    /// Must be called within the runtime that will run [`Listener::run`].
    pub(crate) fn new(
        socket: std::net::TcpListener,
        service: Arc<Service>,
        door: Arc<Door>,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        let socket = TcpListener::from_std(socket)?;
        let stopped = door.listener_opened(local);
        let to = Destination {
            local,
            service,
            door,
        };
        Ok(Self {
            socket,
            to,
            stopped,
        })
    }

    /// Accepts connections until the listener is stopped; those that have arrived by then are still served.
    pub(crate) async fn run(mut self) {
        let stopped = &mut self.stopped;
        let mut pause = FIRST_PAUSE;
        while self.to.has_room(stopped).await {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                _ = stopped.wait_for(|stopped| *stopped) => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    pause = FIRST_PAUSE;
                    self.to.dispatch(stream, peer);
                }
                Err(error) if is_transient(&error) => {}
                Err(error) => {
                    self.to.report(&error);
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        _ = stopped.wait_for(|stopped| *stopped) => {}
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        self.close();
    }

    /// Takes what lies in the kernel's queue, whether or not the event loop has heard of it, and stops listening.
    fn close(self) {
        let Self {
            socket,
            to,
            stopped,
        } = self;
        if let Ok(socket) = socket.into_std() {
            while let Ok((stream, peer)) = socket.accept() {
                if stream.set_nonblocking(true).is_ok()
                    && let Ok(stream) = TcpStream::from_std(stream)
                {
                    to.dispatch(stream, peer);
                }
            }
        }
        to.door.listener_closed(stopped);
    }
}

impl Destination {
    /// Waits until one more connection may be open; false when the listener is stopped.
    async fn has_room(&self, stopped: &mut watch::Receiver<bool>) -> bool {
        loop {
            if *stopped.borrow() {
                return false;
            }
            let departure = self.door.departure.notified();
            if self.door.connections.load(Ordering::Acquire) < self.door.settings.max_connections {
                return true;
            }
            tokio::select! {
                () = departure => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        }
    }

    fn report(&self, error: &io::Error) {
        self.door.accept_errors.fetch_add(1, Ordering::Relaxed);
        self.door.emit(Event::AcceptFailed {
            reason: error.to_string(),
        });
    }

    /// Gives a connection to the worker that has the fewest.
    fn dispatch(&self, stream: TcpStream, peer: SocketAddr) {
        self.door.accepted.fetch_add(1, Ordering::Relaxed);
        let Some(worker) = self.door.workers.iter().min_by_key(|worker| worker.open()) else {
            return;
        };
        let place = Place::new(self.door.clone(), worker);
        let edge = Edge::new(peer, self.local, self.door.settings.forwarded);
        let service = self.service.clone();
        let connection = async move |stream| {
            let context = Context::new(place, service, edge);
            Connection::new(stream, context).serve().await;
        };
        // Both fail only when the client is gone already.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        if worker.index == ACCEPTING_WORKER {
            worker.runtime.spawn(connection(stream));
        } else if let Ok(stream) = stream.into_std() {
            worker.runtime.spawn(async move {
                if let Ok(stream) = TcpStream::from_std(stream) {
                    connection(stream).await;
                }
            });
        }
    }
}

/// The failure belongs to the one connection that was about to be accepted. All others mean that the system is short
/// of something, and trying again at once would only burn time.
fn is_transient(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted
    )
}

/// One of the connections that may be open; the place is free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) door: Arc<Door>,
    pub(crate) registration: Registration,
}

impl Place {
    fn new(door: Arc<Door>, worker: &Arc<Worker>) -> Self {
        door.connections.fetch_add(1, Ordering::AcqRel);
        Self {
            door,
            registration: worker.register(),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let before = self.door.connections.fetch_sub(1, Ordering::AcqRel);
        if before >= self.door.settings.max_connections || (before == 1 && self.door.is_closing()) {
            self.door.departure.notify_waiters();
        }
    }
}

//! Connections to machines: opening them, and keeping unused ones for the next request.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

/// A connection to a machine that no request uses.
#[derive(Debug)]
pub(crate) struct IdleConnection {
    pub(crate) stream: TcpStream,
    /// The worker whose event loop the connection belongs to.
    pub(crate) worker: usize,
    /// When it was last used, in milliseconds of the workers' clock.
    pub(crate) since: u64,
}

impl IdleConnection {
    pub(crate) fn age(&self, now: u64) -> Duration {
        Duration::from_millis(now.saturating_sub(self.since))
    }
}

/// Nothing came in on a connection that is not in use: it is neither closed nor out of step.
pub(crate) fn is_quiet(stream: &TcpStream) -> bool {
    matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// Unused connections to one machine, the last used ones first, for each worker its own.
#[derive(Debug)]
pub(crate) struct IdlePool {
    workers: Vec<Vec<IdleConnection>>,
}

impl IdlePool {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            workers: std::iter::repeat_with(Vec::new).take(workers).collect(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.workers.iter().map(Vec::len).sum()
    }

    pub(crate) fn take(&mut self, worker: usize) -> Option<IdleConnection> {
        self.workers[worker].pop()
    }

    /// One of any worker, to be closed.
    pub(crate) fn take_any(&mut self) -> Option<IdleConnection> {
        self.workers.iter_mut().find_map(Vec::pop)
    }

    /// Keeps a connection; gives it back when there are `max` already.
    pub(crate) fn put(&mut self, idle: IdleConnection, max: usize) -> Option<IdleConnection> {
        let pool = &mut self.workers[idle.worker];
        if pool.len() >= max {
            return Some(idle);
        }
        pool.push(idle);
        None
    }

    pub(crate) fn take_all(&mut self, into: &mut Vec<IdleConnection>) {
        for pool in &mut self.workers {
            into.append(pool);
        }
    }

    pub(crate) fn take_stale(
        &mut self,
        now: u64,
        older_than: Duration,
        into: &mut Vec<IdleConnection>,
    ) {
        for pool in &mut self.workers {
            into.extend(pool.extract_if(.., |idle| {
                idle.age(now) > older_than || !is_quiet(&idle.stream)
            }));
        }
    }
}

/// Opens a connection to a machine.
pub(crate) async fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

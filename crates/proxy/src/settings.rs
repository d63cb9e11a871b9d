//! What can be set about a front door and about each of its services.

use std::time::Duration;

/// Settings of a whole front door; fixed when it starts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Threads that move bytes; 0 means one per core this process may use.
    pub workers: usize,
    /// Client connections served at once. Further ones wait in the kernel's backlog, they are not refused.
    pub max_connections: usize,
    /// Longest accepted head (start line and fields) of a request or response, in bytes.
    pub max_head_bytes: usize,
    /// Longest accepted request line, in bytes; a longer one is answered with 414.
    pub max_request_line_bytes: usize,
    /// Time a client has to send a whole request head once its first byte is there (or the connection is new).
    pub head_timeout: Duration,
    /// Time a client's keep-alive connection may be idle.
    pub idle_timeout: Duration,
    /// Time in which a client that is sending a body, or reading a response, must move at least one byte.
    pub stall_timeout: Duration,
    /// Time a machine has to accept a connection.
    pub connect_timeout: Duration,
    /// Longest silence of a machine before and within its response; `None` waits as long as the client does.
    pub response_timeout: Option<Duration>,
    /// How long a request is still served after its client closed the sending half of its connection and no byte moves.
    /// TCP cannot tell such a client from one that went away.
    pub half_close_grace: Duration,
    /// Time an unused connection to a machine is kept.
    pub upstream_idle_timeout: Duration,
    /// Unused connections kept per machine and worker.
    pub max_idle_upstream: usize,
    /// What becomes of `X-Forwarded-Proto` and `X-Forwarded-Host` a client sends.
    pub forwarded: Forwarded,
    /// Whether requests without an `X-Request-Id` are given one.
    pub request_id: RequestId,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 0,
            max_connections: 8192,
            max_head_bytes: 32 * 1024,
            max_request_line_bytes: 8 * 1024,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            stall_timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(5),
            response_timeout: None,
            half_close_grace: Duration::from_secs(5),
            upstream_idle_timeout: Duration::from_secs(15),
            max_idle_upstream: 128,
            forwarded: Forwarded::Keep,
            request_id: RequestId::Add,
        }
    }
}

/// What becomes of `X-Forwarded-Proto` and `X-Forwarded-Host` that are already in a request.
///
/// `X-Forwarded-For` is always appended to: its last element is the address the front door saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forwarded {
    /// Kept, and added only when absent: for a front door behind something that ends TLS.
    Keep,
    /// Replaced by what the front door sees: for one that clients reach directly.
    Replace,
}

/// Whether requests without an `X-Request-Id` are given one (32 hexadecimal digits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestId {
    /// Add one where there is none; one that is there is kept.
    Add,
    /// Leave requests as they are.
    Leave,
}

/// Settings of one service; can be changed at any time.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    /// Limits per machine.
    pub concurrency: Concurrency,
    /// How long a request waits for a machine below its hard limit before it is answered with 503.
    pub queue_timeout: Duration,
    /// How long a request waits for a machine to be admitted when there is none, or when none takes a connection.
    pub empty_grace: Duration,
    /// What `Retry-After` says in 503 answers; whole seconds, at least one.
    pub retry_after: Duration,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            concurrency: Concurrency::default(),
            queue_timeout: Duration::from_secs(10),
            empty_grace: Duration::ZERO,
            retry_after: Duration::from_secs(1),
        }
    }
}

/// Limits per machine, as in the `concurrency` table of a `fly.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Concurrency {
    /// What is counted.
    pub unit: ConcurrencyUnit,
    /// A machine at or above this is chosen only when all others are too.
    pub soft_limit: Option<u32>,
    /// A machine at this gets nothing more; requests wait for [`ServiceSettings::queue_timeout`].
    pub hard_limit: Option<u32>,
}

/// What a concurrency limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConcurrencyUnit {
    /// Connections open to the machine, unused ones included.
    #[default]
    Connections,
    /// Requests a machine has not answered yet.
    Requests,
}

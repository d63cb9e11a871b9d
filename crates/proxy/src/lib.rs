//! The front door: it listens, sends requests to machines, and lets machines come and go without a request noticing.
//!
//! An HTTP/1.1 reverse proxy with a control handle, [`FrontDoor`]. It knows services, machines and addresses, and
//! nothing of what runs behind an address or why: whoever holds the handle decides. It must not print, log, read
//! configuration or environment, start processes or touch files. What it has to say are [`Stats`] and [`Event`]s.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use shipgate_proxy::{FrontDoor, Machine, ServiceSettings, Settings};
//!
//! let door = FrontDoor::start(Settings::default())?;
//! door.configure("web", ServiceSettings::default());
//! door.listen("web", "127.0.0.1:8080".parse()?)?;
//! door.admit("web", Machine::new("a", "127.0.0.1:9001".parse()?))?;
//! // A new version is up: switch to it, and stop the old one when its last request has ended.
//! let new = vec![Machine::new("b", "127.0.0.1:9002".parse()?)];
//! let drained = door.switch("web", new, Duration::from_secs(30))?.await;
//! # Ok(()) }
//! ```
//!
//! How it works: a few workers ([`Settings::workers`]) have an event loop each. A client's connection stays on one of
//! them and takes a machine anew for every request, so retiring a machine never closes a client's connection.
//! Connections to machines are kept per worker. Heads are parsed once, strictly, and rewritten from the buffer they
//! were read into straight into the one that is sent; bodies are passed on in the buffer they came in.

mod body;
mod buffer;
mod chunk;
mod connection;
mod door;
mod drain;
mod error;
mod event;
mod field;
mod handle;
mod head;
mod lease;
mod listener;
mod name;
mod page;
mod pause;
mod pump;
mod reach;
mod relay;
mod request;
mod response;
mod roster;
mod send;
mod service;
mod settings;
mod stats;
mod target;
mod upgrade;
mod upstream;
mod worker;

pub use drain::{Drain, Drained};
pub use error::{ControlError, ListenError, StartError};
pub use event::Event;
pub use handle::FrontDoor;
pub use name::{Machine, MachineId, ServiceName};
pub use pause::Quiet;
pub use settings::{Concurrency, ConcurrencyUnit, Forwarded, RequestId, ServiceSettings, Settings};
pub use stats::{Counts, MachineStats, ServiceStats, Stats};

//! PostgreSQL, spoken to directly: messages of the protocol in version 3
//! (<https://www.postgresql.org/docs/current/protocol.html>) over a socket,
//! TCP or TLS, without a task of its own between caller and server.
//!
//! That way a session knows what its transaction's state is, which notice
//! belongs to which statement, and stays of use after a refused `COPY` and
//! after a call that was dropped.

mod answer;
mod catalog;
mod connect;
mod copy;
mod database;
mod error;
mod host;
mod kept;
mod lock;
mod made;
mod message;
mod named;
mod query;
mod refusal;
mod session;
mod settings;
mod startup;
mod status;
mod target;
mod together;
mod transport;
mod values;
mod wire;

pub use database::PostgresDatabase;
pub use lock::EXPIRY as LEASE_EXPIRY;
pub(crate) use settings::Settings;

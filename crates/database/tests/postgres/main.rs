//! PostgreSQL: sessions, connections, catalogs and locks, against real servers.

mod calls;
mod connection;
mod session;
mod sources;
mod support;
mod tls;

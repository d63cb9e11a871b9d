//! PostgreSQL: sessions, connections, catalogs and locks, against real servers.

mod calls;
mod catalogs;
mod connection;
mod locks;
mod session;
mod sources;
mod support;
mod tls;
mod together;

//! PostgreSQL: sessions, connections, catalogs and locks, against real servers.

mod session;
mod support;

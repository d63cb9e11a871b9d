//! MySQL and MariaDB: a real MariaDB server; of MySQL what differs on the
//! wire, against a scripted server.

mod batch;
mod connect;
mod copy;
mod fake;
mod limits;
mod lock;
mod session;
mod support;
mod together;

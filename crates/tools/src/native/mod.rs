//! Applying a tool's SQL migrations without the tool: its files as a
//! [`Directory`](shipgate_migrate::directory::Directory), its table as a
//! [`History`](shipgate_migrate::history::History).
//!
//! A tool says how by [`Native`](crate::Native), in one file here, and by one
//! line in its `Tool`. What is the same for all of them is in [`history`](self::history).

mod advisory;
mod beginning;
pub(crate) mod db_migrate;
pub(crate) mod dbmate;
pub(crate) mod diesel;
mod directory;
pub(crate) mod drizzle;
mod emptiness;
pub(crate) mod flyway;
pub(crate) mod golang_migrate;
pub(crate) mod goose;
mod history;
mod ledger;
pub(crate) mod liquibase;
pub(crate) mod node_pg_migrate;
pub(crate) mod prisma;
pub(crate) mod refinery;
pub(crate) mod sqlx;
mod versions;

pub use directory::{Native, NativeDirectory, NativeError, open};
pub use ledger::{Ledger, Line, Lines};

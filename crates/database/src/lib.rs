//! URLs, sessions, locks, catalogs and backups of the databases Shipgate
//! migrates: one module per database behind the traits here.
//!
//! [`open`] turns a [`DatabaseUrl`] into a [`Database`]; from there on nobody
//! needs to know which one it is. This crate neither prints nor reads the
//! environment; [`ClientSettings`] and the clock are handed in. It knows nothing about migrations.

pub mod backup;
mod catalog;
mod client;
mod database;
mod durability;
mod lock;
pub mod mysql;
pub mod postgres;
mod session;
pub mod sqlite;
mod tls;
mod unreached;
mod url;

pub use catalog::{Catalog, Difference, SchemaObject};
pub use client::{ClientSettings, Password};
pub use database::{Access, ConnectOptions, Create, Database, OpenError, Wait, WaitHook, open};
pub use durability::crash_risk;
pub use lock::{
    BadLockName, Clock, LEASE_TABLE, LeasePlace, LeftSession, LockError, LockEvent, LockHook,
    LockName, LockOwner, LockRequest, MigrationLock, Question,
};
pub use session::{
    Answer, Answers, Batch, Call, Canceller, CopyRows, ErrorKind, Executed, Limits, Session,
    StatementError, Value,
};
/// What a database speaks.
pub use shipgate_sql::Dialect;
pub use url::{DatabaseUrl, Mode, UrlError};

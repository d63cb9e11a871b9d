//! SQLite.
//!
//! Rule for everything here: a database file that some connection of this
//! process may have open is never opened with `std::fs`. Closing any
//! descriptor of a file drops the POSIX locks that the process holds on it,
//! SQLite's included (<https://www.sqlite.org/howtocorrupt.html>, 2.2).

mod atlas_lock;
mod backup;
mod catalog;
mod checksum;
mod codes;
mod connection;
mod copy;
mod database;
mod error;
mod journal;
mod limits;
mod lock;
mod lost_writes;
mod names;
mod restore;
mod session;
mod worker;

pub use backup::SqliteBackups;
pub use database::SqliteDatabase;
pub use session::SqliteSession;

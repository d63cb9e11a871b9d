//! SQLite.
//!
//! Rule for everything here: a database file that some connection of this
//! process may have open is never opened with `std::fs`. Closing any
//! descriptor of a file drops the POSIX locks that the process holds on it,
//! SQLite's included (<https://www.sqlite.org/howtocorrupt.html>, 2.2).

mod catalog;
mod codes;
mod connection;
mod database;
mod error;
mod session;
mod worker;

pub use database::SqliteDatabase;
pub use session::SqliteSession;

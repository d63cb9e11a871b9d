//! The example app of Shipgate's tour: notes in a SQLite file, with a page, a
//! JSON API, a WebSocket, a health check that asks the database, and a stop
//! that finishes what was begun.
//!
//! It is an app like any other: it knows nothing of Shipgate, takes `PORT`,
//! `DATABASE_URL` and `GREETING` from its environment, and never touches its
//! schema.

pub mod live;
pub mod page;
pub mod serve;
pub mod settings;
pub mod store;
pub mod web;

/// The app's own version, shown on its page and by `/version`.
pub const VERSION: &str = "1";

//! `shipgate gate`, `wait` and `manifest`, through the program, with real
//! commands on real databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod causes;
mod commands;
mod input;
mod killed;
mod manifest;
mod place;
mod servers;
mod together;
mod verify;
mod wait;

//! Files as users write them, and what becomes of them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod anything;
mod data_sources;
mod environments;
mod errors;
mod functions;
mod language;
mod variables;
mod world;

//! The release: flow, journal, state machine and its executor.
//!
//! This crate knows no database, no process and no socket. What it needs from
//! the world it asks of its port traits; what it did it appends to the
//! journal; what comes next is a pure function of that journal.

pub mod machine;

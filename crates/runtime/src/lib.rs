//! Machines: one module per runtime; local processes first.
//!
//! A machine is one running instance of an app, or a one-off run of a command.
//! This crate starts, watches and stops machines, keeps every line they write
//! and asks them for their health. It knows the words of a machine from
//! `shipgate-release` and nothing else of a release: it decides neither what
//! runs nor when, routes no request and touches no database.

pub mod health;
pub mod log;
pub mod ports;
pub mod process;

//! The daemon as a user meets it: through the program, with real machines,
//! killed in every way it can be.
//!
//! `cargo build -p shipgate -p shipgate-testkit` makes the programs it runs.

mod addresses;
mod adoption;
mod lifecycle;
#[path = "../../../shipgate/tests/no_failed_request/load/mod.rs"]
#[expect(dead_code, reason = "another test needs what this one does not")]
mod load;
mod machines;
mod pause;
mod ports;
mod support;

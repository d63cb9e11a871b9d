//! A release's own immutable build: the command that makes it, the files it
//! keeps, and the fingerprint by which the same build is known again.

mod command;
mod files;
mod keep;

pub(crate) use command::run as run_command;
pub(crate) use files::{KeptFile, chosen};
pub(crate) use keep::{Build, Keeper};

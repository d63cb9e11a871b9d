//! What holds on every server: each test binary runs these against its own.

mod crash;
mod history;
pub(crate) mod mortal;
pub(crate) mod place;
mod replay;
mod settle;
mod waiting;

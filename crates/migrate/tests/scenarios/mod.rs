//! What holds on every server: each test binary runs these against its own.

mod history;
pub(crate) mod place;

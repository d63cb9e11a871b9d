//! Everything a machine writes, line by line, with stream and time.

mod file;
mod follow;
mod line;
mod writer;

pub use file::{Log, Position};
pub use follow::Follow;
pub use line::{LogLine, Stream};
pub(crate) use writer::Writer;

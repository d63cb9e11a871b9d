//! On-disk layouts of migration directories: one file per migration tool.

mod atlas;
mod format;

pub use format::{Format, NewFile, UnknownFormat, default, named};

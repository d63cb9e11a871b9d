//! Small tolerant readers of files that are programs: they find what is
//! written down literally and never run anything.

pub mod javascript;
pub(crate) mod json;
pub mod python;
pub(crate) mod toml;

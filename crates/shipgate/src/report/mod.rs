//! Readers of a release's stream of entries.

pub(crate) mod console;
mod duration;
pub(crate) mod json;
mod migrations;
mod number;
mod size;
mod snippet;
mod table;

pub(crate) use duration::{in_seconds, short};
pub(crate) use migrations::{migrations, unfinished};
pub(crate) use number::number_of_migrations;
pub(crate) use size::bytes;
pub(crate) use snippet::snippet;
pub(crate) use table::table;

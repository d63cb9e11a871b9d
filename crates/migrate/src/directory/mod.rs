//! The migration directory: where it is, which files it has, what they are called.

mod content;
mod error;
mod file;
mod load;
mod location;
mod reading;
mod sorted;
mod write;

pub(crate) use content::Pieces;
pub use error::DirectoryError;
pub use file::File;
pub use load::Directory;
pub use location::{Bookkeeping, Location};
pub(crate) use sorted::Sorted;
pub(crate) use write::{create_new, replace};

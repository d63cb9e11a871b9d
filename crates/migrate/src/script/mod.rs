//! A file as the list of its statements.

mod cursor;
mod error;
mod held;
mod of_file;
mod reading;
mod syntax;
mod unit;

pub(crate) use cursor::{Cursor, Window};
pub use error::ScriptError;
pub(crate) use error::parts_error;
pub(crate) use held::{part_statements, statements_of};
pub use of_file::Script;
pub use syntax::Syntax;
pub use unit::Unit;

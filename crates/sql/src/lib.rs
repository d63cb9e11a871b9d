//! Text to statements, per dialect: scan, split, classify.
//!
//! [`split`] cuts a script into the statements a database would see, each with
//! its place; [`classify`] names what a statement does by its leading
//! keywords. Everything borrows from the text it was given.
//!
//! Pure: no I/O, no dependencies, and no opinion about migrations. A dialect
//! whose rules are not here yet is an error, never a guess.

mod classify;
mod compatible;
mod delimiter;
mod dialect;
mod effort;
mod error;
mod normalize;
mod place;
mod split;
mod sqlite;
mod statement;

pub use classify::{Object, StatementKind, classify};
pub use dialect::Dialect;
pub use error::{Construct, SplitError, SplitErrorKind};
pub use normalize::normalize;
pub use place::{Position, position};
pub use split::{SplitMode, Statements, decode, split, statements};
pub use statement::{Comment, Statement};

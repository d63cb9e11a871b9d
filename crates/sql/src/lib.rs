//! Text to statements, per dialect: scan, split, classify.
//!
//! [`split`] cuts a script into the statements a database would see, each with
//! its place; [`classify`] names what a statement does by its leading
//! keywords. Everything borrows from the text it was given. A [`Splitter`]
//! does the same for a script that comes in chunks and is larger than memory.
//!
//! Pure: no I/O, no dependencies, and no opinion about migrations. What is
//! opened and never closed is an error with its place, never a guess.

mod boundary;
mod classify;
mod compatible;
mod delimiter;
mod dialect;
mod effort;
mod error;
mod lexer;
mod mysql;
mod names;
mod normalize;
mod options;
mod place;
mod postgres;
mod reader;
mod scanner;
mod seek;
mod split;
mod sqlite;
mod statement;
mod stream;
mod token;
mod window;
mod words;

pub use classify::{Object, StatementKind, classify};
pub use dialect::Dialect;
pub use error::{Construct, SplitError, SplitErrorKind};
pub use names::quoted_name;
pub use normalize::normalize;
pub use options::SplitOptions;
pub use place::{Position, position};
pub use split::{
    SplitMode, Statements, decode, split, statements, statements_with, statements_within,
};
pub use statement::{Comment, CopyData, Statement};
pub use stream::{Event, Splitter};
pub use words::words;

//! SQLite: its tokens as far as splitting needs them, and its rule for where
//! a statement ends.
//!
//! Sources: <https://www.sqlite.org/lang.html> for the tokens,
//! <https://www.sqlite.org/c3ref/complete.html> for the rule that a
//! `CREATE TRIGGER` goes on until `; END ;`.

pub(crate) mod boundary;
pub(crate) mod classify;
pub(crate) mod token;

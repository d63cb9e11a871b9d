//! PostgreSQL: its tokens as far as splitting needs them, and its rule for
//! where a statement ends.
//!
//! Sources: <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>
//! for the tokens; psql's manual for the rule that a `;` in parentheses or in
//! a `BEGIN ATOMIC` body ends nothing.
//!
//! Where psql reads a script otherwise than the server would, the server is
//! followed: a string that continues an `E'...'` on the next line keeps its
//! escapes, and a function, a parameter or a column named `begin` opens no
//! body.

pub(crate) mod boundary;
pub(crate) mod classify;
pub(crate) mod setting;
pub(crate) mod token;

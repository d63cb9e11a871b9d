//! PostgreSQL: its tokens as far as splitting needs them, and its rule for
//! where a statement ends.
//!
//! Sources: <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>
//! for the tokens; psql's manual for the rule that a `;` in parentheses or in
//! a `BEGIN ATOMIC` body ends nothing.

pub(crate) mod boundary;
pub(crate) mod classify;
pub(crate) mod setting;
pub(crate) mod token;

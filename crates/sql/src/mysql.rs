//! MySQL and MariaDB: their tokens as far as splitting needs them, and where
//! a statement with blocks ends.
//!
//! Sources: the chapters "Language Structure" and "Compound Statement Syntax"
//! of MySQL's manual, "Comment Syntax" and "Programmatic & Compound
//! Statements" of MariaDB's.

pub(crate) mod boundary;
pub(crate) mod classify;
pub(crate) mod routine;
pub(crate) mod setting;
pub(crate) mod token;

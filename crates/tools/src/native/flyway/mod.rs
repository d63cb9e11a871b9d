//! Flyway, applied without it: migrations in SQL.
//!
//! On a database without history the newest baseline's file stands for all
//! versions up to its own; on any other it is passed over.
//!
//! Source: <https://documentation.red-gate.com/flyway>.

mod directory;
mod format;
mod ledger;
mod placeholders;

pub(crate) use directory::NativeFlyway;

//! Liquibase, applied without it: changelogs in formatted SQL.
//!
//! Each changeset is a file of its own here: it has a row of its own, and a
//! transaction of its own.
//!
//! Source: <https://docs.liquibase.com/concepts/tracking-tables/home.html>.

mod directory;
mod format;
mod ledger;
mod lock;
mod tables;

pub(crate) use directory::NativeLiquibase;

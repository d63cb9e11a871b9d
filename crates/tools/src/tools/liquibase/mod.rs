//! Liquibase: changesets of a root changelog and of those it includes.
//!
//! Formatted SQL is read wholly, with checksums; of changelogs in XML, YAML
//! and JSON the changesets and what they include.
//!
//! Source: <https://docs.liquibase.com/concepts/changelogs/home.html>, and for
//! paths, parameters and checksums the behaviour of Liquibase 4.28.

mod changelog;
mod formatted_sql;
mod parameters;
pub(crate) mod properties;
mod reader;
mod tool;
mod xml;
mod yaml;

pub(crate) use changelog::comparable;
pub(crate) use reader::{Changelog, Held};
pub(crate) use tool::{Liquibase, TITLE, lock_table, record, table, wanted_lock};

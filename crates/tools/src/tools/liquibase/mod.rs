//! Liquibase: changesets of a root changelog and of those it includes.
//!
//! Formatted SQL is read wholly, with checksums; of changelogs in XML, YAML
//! and JSON the changesets and what they include.
//!
//! Source: <https://docs.liquibase.com/concepts/changelogs/home.html>.

mod changelog;
mod formatted_sql;
mod tool;
mod xml;
mod yaml;

pub(crate) use tool::Liquibase;

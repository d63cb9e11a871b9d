//! Flyway: `V<version>__<description>.sql`, repeatable `R__<description>.sql`,
//! baselines `B<version>__…`; the history holds CRC-32 of each.
//!
//! Source: <https://documentation.red-gate.com/flyway>.

mod compare;
mod config;
mod history;
mod source;
mod tool;
mod version;

pub(crate) use config::{CONFIGS, default_schema, directory, flag, list, option, table};
pub(crate) use history::{Ran, wanted};
pub(crate) use source::{Kind, sources};
pub(crate) use tool::{Flyway, TITLE};
pub(crate) use version::{compare_versions, id};

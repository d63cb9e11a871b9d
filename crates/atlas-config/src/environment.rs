//! What an `env` sets for `migrate`.

use std::fmt;

use crate::source::Place;

/// What one `env` sets for `migrate`. An empty string counts as not set.
#[derive(Clone, PartialEq, Eq)]
pub struct Environment {
    /// The name that was asked for.
    pub name: String,
    /// Which member of a `for_each` it is: its key, if that is a text or number.
    pub member: Option<String>,
    /// Where its block is.
    pub place: Place,
    /// The database's URL; a secret.
    pub url: Option<String>,
    /// Why there is no URL although the block has one.
    pub empty_url: Option<String>,
    /// The development database's URL; a secret.
    pub dev: Option<String>,
    /// What its `migration` block sets.
    pub migration: Migration,
    /// The template of `apply`'s report.
    pub apply_format: Option<String>,
    /// The template of `status`'s report.
    pub status_format: Option<String>,
}

/// What a `migration` block sets, in the words of the flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migration {
    /// `--dir`.
    pub dir: Option<String>,
    /// `--dir-format`.
    pub format: Option<String>,
    /// `--baseline`.
    pub baseline: Option<String>,
    /// `--exec-order`.
    pub exec_order: Option<String>,
    /// `--lock-timeout`.
    pub lock_timeout: Option<String>,
    /// `--revisions-schema`.
    pub revisions_schema: Option<String>,
    /// `--tx-mode`.
    pub tx_mode: Option<String>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |url: &Option<String>| url.as_ref().map(|_| "...");
        f.debug_struct("Environment")
            .field("name", &self.name)
            .field("member", &self.member)
            .field("url", &hidden(&self.url))
            .field("dev", &hidden(&self.dev))
            .field("migration", &self.migration)
            .finish_non_exhaustive()
    }
}

/// What a command needs of an environment; the rest is not evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The migration directory.
    Directory,
    /// That and the database.
    Database,
    /// The directory and the development database.
    Development,
}

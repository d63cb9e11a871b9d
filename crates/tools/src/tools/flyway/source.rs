//! Files that are migrations, by their names.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::version::compare_versions;
use crate::project::{Project, base_name, join};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Baseline,
    #[default]
    Versioned,
    Repeatable,
}

/// A migration's file, by its name.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) kind: Kind,
    /// Empty for a repeatable one.
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) file: String,
    pub(super) in_code: bool,
}

/// The migrations in a directory and below it, in the order of names.
pub(crate) fn sources(project: &Project, directory: &str) -> Vec<Source> {
    project
        .files_below(directory)
        .into_iter()
        .filter_map(|path| {
            let (stem, ending) = base_name(&path).rsplit_once('.')?;
            let in_code = match ending {
                "sql" => false,
                "java" | "kt" => true,
                _ => return None,
            };
            let (kind, rest) = match stem.split_at_checked(1)? {
                ("V", rest) => (Kind::Versioned, rest),
                ("B", rest) => (Kind::Baseline, rest),
                ("R", rest) => (Kind::Repeatable, rest),
                _ => return None,
            };
            let (version, description) = rest.split_once("__").unwrap_or((rest, ""));
            let is_version = version.starts_with(|first: char| first.is_ascii_digit())
                && version
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'));
            (is_version != (kind == Kind::Repeatable)).then(|| Source {
                kind,
                version: version.replace('_', "."),
                description: description.replace('_', " "),
                file: join(directory, &path),
                in_code,
            })
        })
        .filter(|source| source.kind != Kind::Repeatable || !source.description.is_empty())
        .collect()
}

/// The order of execution; a baseline comes before the version of its number.
pub(super) fn order(a: &Source, b: &Source) -> Ordering {
    let repeatable = |source: &Source| source.kind == Kind::Repeatable;
    repeatable(a)
        .cmp(&repeatable(b))
        .then_with(|| compare_versions(&a.version, &b.version))
        .then_with(|| a.kind.cmp(&b.kind))
        .then_with(|| a.description.cmp(&b.description))
}

//! TOML files whose keys are asked one at a time.

use crate::project::Project;

/// The text under a path of keys, in a file that may be missing or broken.
pub(crate) fn text_at(project: &Project, file: &str, path: &[&str]) -> Option<String> {
    value_at(project, file, path)?.as_str().map(str::to_owned)
}

/// The value under a path of keys.
pub(crate) fn value_at(project: &Project, file: &str, path: &[&str]) -> Option<toml::Value> {
    let table = project.text(file)?.parse::<toml::Table>().ok()?;
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(table.get(*first)?, |value, key| value.get(key))
        .cloned()
}

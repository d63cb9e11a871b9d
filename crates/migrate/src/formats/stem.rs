//! File names of the form `<version>_<description>.sql`, which most tools use.

/// The suffix of all migrations.
pub(super) const SQL: &str = ".sql";

/// The version ends at the first `_`; without one all is version.
pub(super) fn version_and_description(name: &str, suffix: &str) -> (String, String) {
    let stem = name.strip_suffix(suffix).unwrap_or(name);
    let (version, description) = stem.split_once('_').unwrap_or((stem, ""));
    (version.to_owned(), description.to_owned())
}

/// `<version>[_<name>]<suffix>`.
pub(super) fn file_name(version: &str, name: Option<&str>, suffix: &str) -> String {
    match name {
        Some(name) => format!("{version}_{name}{suffix}"),
        None => format!("{version}{suffix}"),
    }
}

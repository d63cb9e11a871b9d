//! Names as SQL writes them.

/// A name in backticks, whatever the session's `sql_mode`.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

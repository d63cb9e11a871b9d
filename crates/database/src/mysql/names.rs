//! Names as SQL writes them.

use shipgate_sql::{Dialect, quoted_name};

/// A name in backticks, whatever the session's `sql_mode`.
pub(super) fn quoted(name: &str) -> String {
    quoted_name(Dialect::MySql, name)
}

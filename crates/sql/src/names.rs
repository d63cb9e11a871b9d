//! Names as SQL writes them.

use crate::Dialect;

/// A name as an identifier of the dialect, whatever is in it. On MySQL and
/// MariaDB it stands in backticks, which every `sql_mode` reads as a name.
///
/// # Examples
/// ```
/// # use shipgate_sql::{Dialect, quoted_name};
/// assert_eq!(quoted_name(Dialect::Postgres, "a\"b"), "\"a\"\"b\"");
/// assert_eq!(quoted_name(Dialect::MariaDb, "a`b"), "`a``b`");
/// ```
pub fn quoted_name(dialect: Dialect, name: &str) -> String {
    let mark = match dialect {
        Dialect::MySql | Dialect::MariaDb => "`",
        Dialect::Postgres | Dialect::Sqlite => "\"",
    };
    format!("{mark}{}{mark}", name.replace(mark, &mark.repeat(2)))
}

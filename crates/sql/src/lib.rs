//! Text to statements, per dialect: scan, split, classify.
//!
//! Pure: no I/O and no dependencies.

/// The dialects Shipgate reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL.
    MySql,
    /// MariaDB.
    MariaDb,
}

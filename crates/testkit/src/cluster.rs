//! Throw-away database servers from the system's packages: one per test
//! binary, one database per test. They end with the process that started them,
//! however it ends.

mod certificates;
mod mariadb;
mod pgbouncer;
mod postgres;
mod program;
mod watcher;

pub use mariadb::{MariadbCluster, MariadbDatabase, mariadb};
pub use pgbouncer::{PgBouncer, PoolMode, pgbouncer};
pub use postgres::{PostgresCluster, PostgresDatabase, postgres};

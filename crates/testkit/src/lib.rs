//! Dev only: temporary projects and database clusters, a fake app, the CLI test environment.

mod cluster;
mod http;
mod manifest;
mod ports;
mod project;
mod run;
mod running;
mod wait;

pub use cluster::{
    MariadbCluster, MariadbDatabase, PgBouncer, PoolMode, PostgresCluster, PostgresDatabase,
    mariadb, pgbouncer, postgres,
};
pub use http::{Answer, get};
pub use manifest::Manifest;
pub use ports::free_port;
pub use project::{TestProject, binary};
pub use run::Ran;
pub use running::Running;
pub use wait::{eventually, until};

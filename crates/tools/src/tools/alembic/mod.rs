//! Alembic, and the two extensions of Flask that run it.
//!
//! Revisions form a graph in the variables of their files; the history holds
//! the revisions nothing newer of which is applied.
//!
//! Source: <https://alembic.sqlalchemy.org/en/latest/branches.html>.

mod compare;
mod flask_alembic;
mod flask_migrate;
mod graph;
mod migrations;
mod plain;
mod revision;

pub(crate) use flask_alembic::FlaskAlembic;
pub(crate) use flask_migrate::FlaskMigrate;
pub(crate) use plain::Alembic;

//! The tools: one file each, and one line in [`ALL`].

mod alembic;
mod atlas;
pub(crate) mod by_row;
mod cargo;
pub(crate) mod db_migrate;
pub(crate) mod dbmate;
pub(crate) mod diesel;
mod django;
pub(crate) mod drizzle;
mod ecto;
mod efcore;
pub(crate) mod flyway;
pub(crate) mod golang_migrate;
pub(crate) mod goose;
pub(crate) mod javascript_form;
mod knex;
mod laravel;
pub(crate) mod liquibase;
mod list;
pub(crate) mod node_pg_migrate;
pub(crate) mod numbered;
pub(crate) mod prisma;
mod rails;
pub(crate) mod refinery;
mod seaorm;
mod sequelize;
pub(crate) mod sqlx;
mod typeorm;

pub use list::ALL;

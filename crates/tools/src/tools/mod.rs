//! The tools: one file each, and one line in [`ALL`].

mod alembic;
mod atlas;
pub(crate) mod by_row;
mod cargo;
mod db_migrate;
mod dbmate;
pub(crate) mod diesel;
mod django;
mod drizzle;
mod ecto;
mod efcore;
mod flyway;
mod golang_migrate;
mod goose;
mod javascript_form;
mod knex;
mod laravel;
mod liquibase;
mod list;
mod node_pg_migrate;
mod numbered;
pub(crate) mod prisma;
mod rails;
pub(crate) mod refinery;
mod seaorm;
mod sequelize;
pub(crate) mod sqlx;
mod typeorm;

pub use list::ALL;

//! The tools: one file each, and one line in [`ALL`].

mod alembic;
mod atlas;
mod by_row;
mod cargo;
mod db_migrate;
mod diesel;
mod django;
mod drizzle;
mod javascript_form;
mod knex;
mod laravel;
mod list;
mod prisma;
mod rails;
mod refinery;
mod sequelize;
mod sqlx;

pub use list::ALL;

//! Every tool there is.

use super::alembic::{Alembic, FlaskAlembic, FlaskMigrate};
use super::atlas::Atlas;
use super::db_migrate::DbMigrate;
use super::diesel::Diesel;
use super::django::Django;
use super::drizzle::Drizzle;
use super::knex::Knex;
use super::laravel::Laravel;
use super::prisma::Prisma;
use super::rails::Rails;
use super::refinery::Refinery;
use super::sequelize::Sequelize;
use super::sqlx::Sqlx;
use crate::tool::Tool;

/// Every tool, in the order in which candidates are named.
pub const ALL: &[&dyn Tool] = &[
    &Drizzle,
    &Knex,
    &Prisma,
    &DbMigrate,
    &Sequelize,
    &Rails,
    &FlaskAlembic,
    &FlaskMigrate,
    &Alembic,
    &Django,
    &Laravel,
    &Sqlx,
    &Refinery,
    &Diesel,
    &Atlas,
];

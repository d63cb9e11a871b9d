//! Every tool there is.

use super::alembic::{Alembic, FlaskAlembic, FlaskMigrate};
use super::atlas::Atlas;
use super::db_migrate::DbMigrate;
use super::dbmate::Dbmate;
use super::diesel::Diesel;
use super::django::Django;
use super::drizzle::Drizzle;
use super::ecto::Ecto;
use super::efcore::EfCore;
use super::flyway::Flyway;
use super::golang_migrate::GolangMigrate;
use super::goose::Goose;
use super::knex::Knex;
use super::laravel::Laravel;
use super::liquibase::Liquibase;
use super::node_pg_migrate::NodePgMigrate;
use super::prisma::Prisma;
use super::rails::Rails;
use super::refinery::Refinery;
use super::seaorm::SeaOrm;
use super::sequelize::Sequelize;
use super::sqlx::Sqlx;
use super::typeorm::TypeOrm;
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
    &GolangMigrate,
    &Goose,
    &Dbmate,
    &Flyway,
    &Liquibase,
    &NodePgMigrate,
    &TypeOrm,
    &SeaOrm,
    &Ecto,
    &EfCore,
];

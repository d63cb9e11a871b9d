//! Applying a tool's migrations without the tool, on real databases.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where the world is not as it should be"
)]

mod db_migrate;
mod dbmate;
mod diesel;
mod drizzle;
mod flyway;
mod golang_migrate;
mod goose;
mod liquibase;
mod node_pg_migrate;
mod prisma;
mod refinery;
mod sqlx;
mod support;

//! Applying a tool's migrations without the tool, on real databases.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where the world is not as it should be"
)]

mod dbmate;
mod diesel;
mod drizzle;
mod golang_migrate;
mod goose;
mod prisma;
mod refinery;
mod sqlx;
mod support;

//! Applying a tool's migrations without the tool, on real databases.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where the world is not as it should be"
)]

mod diesel;
mod drizzle;
mod prisma;
mod refinery;
mod sqlx;
mod support;

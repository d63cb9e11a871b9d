//! What the tools say of projects and their histories.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod alembic;
mod detection;
mod django;
mod drizzle;
mod go;
mod history;
mod java;
mod node;
mod others;
mod prisma;
mod rails_laravel;
mod reading;
mod rust;
mod servers;
mod support;

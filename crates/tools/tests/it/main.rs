//! What the tools say of projects and their histories.

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
mod rust;
mod support;

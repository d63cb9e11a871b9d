//! What the tools say of projects and their histories.

mod alembic;
mod detection;
mod django;
mod drizzle;
mod history;
mod node;
mod prisma;
mod rails_laravel;
mod rust;
mod support;

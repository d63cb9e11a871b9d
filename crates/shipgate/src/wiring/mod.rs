//! What the binary gives a release: its Builder, Migrator, Backup, Runtime,
//! Traffic and Clock.

pub(crate) mod access;
pub(crate) mod atlas;
pub(crate) mod attend;
pub(crate) mod backup;
pub(crate) mod build;
pub(crate) mod builder;
pub(crate) mod client;
pub(crate) mod command_migrator;
pub(crate) mod early;
pub(crate) mod engine;
pub(crate) mod held_lock;
pub(crate) mod keeper;
pub(crate) mod kept_project;
pub(crate) mod left_sessions;
pub(crate) mod lock_keeper;
pub(crate) mod migrations;
pub(crate) mod native;
pub(crate) mod notice;
pub(crate) mod policy;
pub(crate) mod ports;
mod rendered;
pub(crate) mod retention;
pub(crate) mod run;
pub(crate) mod specs;
pub(crate) mod tool_history;
pub(crate) mod tooling;
mod unfit;
pub(crate) mod way;
pub(crate) mod whole_file;
mod witness;

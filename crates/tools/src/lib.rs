//! Migration tools: which one a project uses, which migrations its files
//! hold, and which of them a database has.
//!
//! [`detect`] looks for a tool's telling signs. [`read`] reads the
//! migrations from the files: code is read as text and never run, so neither
//! the tool nor its runtime is needed. [`status`] reads the tool's history table
//! and compares the two; the answer is one [`Status`] for every tool.
//!
//! A tool is one file below `tools` and one line in [`ALL`]. What a tool
//! says is pure except for reading files of the [`Project`]; databases are asked in
//! one place, through `shipgate-database`'s sessions. Directories in Atlas's
//! layout are read by `shipgate-migrate`. Tools whose migrations are SQL are
//! [applied](native) by its engine, with their own table as its history; nothing else here writes.
//! This crate never prints, and reads neither environment nor clock.

mod aftermath;
mod checksum;
mod compare;
mod dependencies;
mod detect;
mod expected;
mod goal;
pub mod history;
mod invocation;
mod manifest;
mod memory;
mod migration;
pub mod native;
mod project;
mod reading;
mod runner;
mod sign;
mod status;
pub mod text;
mod tool;
mod tools;

pub use aftermath::Aftermath;
pub use checksum::Checksum;
pub use compare::Comparison;
pub use dependencies::Dependencies;
pub use detect::{Candidate, DetectError, detect, named, nested};
pub use expected::{BadExpectation, Detail, Expected, ExpectedMigration};
pub use goal::{BadGoal, Goal, NoSuchVersion, Shortfall};
pub use invocation::is_same_command;
pub use manifest::{MANIFEST_FORMAT, Manifest, ManifestError};
pub use migration::Migration;
pub use native::{Native, NativeDirectory, NativeError};
pub use project::{Project, ReadError};
pub use reading::read;
pub use sign::{Sign, Weight};
pub use status::{
    Entry, State, Status, StatusError, Summary, status, status_of_files, status_of_nothing,
};
pub use tool::{Migrations, Place, Settings, Tool};
pub use tools::ALL;

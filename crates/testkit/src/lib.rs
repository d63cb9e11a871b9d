//! Dev only: temporary projects, a fake app, the CLI test environment.

mod project;
mod run;

pub use project::{TestProject, binary};
pub use run::Ran;

//! `atlas.hcl`, as `atlas migrate` reads it: parsed, evaluated for one
//! environment, and explained with file, line and column where it is wrong.
//!
//! [`Project::parse`] reads a file's text, [`Project::select`] evaluates what
//! a command needs of the environments of a name. This crate touches nothing
//! by itself: files, variables of the environment, databases and programs are
//! asked for through [`Surroundings`], and only where the chosen environment
//! refers to them. What would change a migration and is not supported is an
//! error that names it; no error, and no `Debug`, shows a value, as any may be
//! a secret.

mod csv;
mod data;
mod environment;
mod error;
mod evaluate;
mod functions;
mod input;
mod number;
mod project;
mod secrets;
mod select;
mod selection;
mod source;
mod surroundings;
mod types;
mod url;
mod value;

pub use environment::{Environment, Migration, Wanted};
pub use error::ConfigError;
pub use input::Inputs;
pub use number::Number;
pub use project::{Project, Warning};
pub use select::Selected;
pub use source::Place;
pub use surroundings::{Matches, Program, Query, Surroundings, TemplateDirectory};
pub use value::Value;

//! Reports as the data of templates: the names and methods that templates
//! written for `atlas migrate --format` use.

mod apply;
mod env;
mod functions;
mod json;
mod record;
mod status;
mod time;

pub use functions::{apply_functions, status_functions};

//! Reports: what a verb did, as text and as JSON.

mod apply;
mod apply_text;
mod env;
mod palette;
mod set;
pub(crate) mod status;
mod value;

pub use apply::{
    AppliedFile, ApplyReport, Assertion, CheckEntry, FileEntry, StatementFailure, StatementTexts,
};
pub use apply_text::{ApplyText, ApplyTextWriter};
pub use env::Env;
pub use palette::Palette;
pub use set::{SetReport, SetText};
pub use status::{StatusReport, StatusText};
pub use value::{apply_functions, status_functions};

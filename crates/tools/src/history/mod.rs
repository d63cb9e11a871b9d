//! The tables in which tools record what they applied, whoever made them.

mod identify;
mod read;
mod table;

pub use identify::owner;
pub use read::{HistoryError, read};
pub use table::{Row, Table, TableName, Tables, Wanted};

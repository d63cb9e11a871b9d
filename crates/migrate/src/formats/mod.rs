//! On-disk layouts of migration directories: one file per migration tool.

mod atlas;
mod dbmate;
mod flyway;
mod format;
mod golang_migrate;
mod goose;
mod liquibase;
mod number;
mod part;
mod stem;
mod txtar;

pub(crate) use atlas::FOREIGN_MARKS;
pub(crate) use format::names;
pub use format::{
    DBMATE, FLYWAY, Format, GOLANG_MIGRATE, GOOSE, LIQUIBASE, NewFile, UnknownFormat, default,
    named,
};
pub use liquibase::{ChangesetHeader, Ignored, Mark as LiquibaseMark, is_for_database};
pub use part::{Part, PartError};
pub use txtar::CheckPart;

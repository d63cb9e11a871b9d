//! Reading a tool's migrations, all of them or none.

use crate::project::{Project, ReadError};
use crate::tool::{Migrations, Settings, Tool};

/// A tool's migrations. What is there and cannot be read is an error, also
/// where the tool's reader takes it as not being there: a directory that nobody
/// may look into is not empty, and a configuration with a slip in it does not
/// mean the defaults.
///
/// # Errors
/// [`ReadError`].
pub fn read(
    tool: &dyn Tool,
    project: &Project,
    settings: &Settings,
) -> Result<Box<dyn Migrations>, ReadError> {
    all_or_nothing(project, || tool.read(project, settings))
}

/// The same for anything that is read of a project.
pub(crate) fn all_or_nothing<T, E: From<ReadError>>(
    project: &Project,
    read: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    // What detection passed over is not asked for here.
    project.take_unread();
    let found = read();
    match project.take_unread() {
        Some(unread) => Err(unread.into()),
        None => found,
    }
}

//! The hidden verbs under which this program keeps a machine.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::CliError;

/// `shipgate keep-machine DIRECTORY`.
pub(crate) const VERB: &str = "keep-machine";

/// `shipgate keep-machine-while PID DIRECTORY`: only as long as its starter lives.
pub(crate) const VERB_WHILE: &str = "keep-machine-while";

/// Program and first arguments of a keeper that stops its machine when
/// process `owner`, which starts it, is gone.
pub(crate) fn command_while(owner: i32) -> Result<Vec<OsString>, CliError> {
    Ok(vec![
        own_program()?.into_os_string(),
        VERB_WHILE.into(),
        owner.to_string().into(),
    ])
}

/// Program and first argument of a keeper.
pub(crate) fn command() -> Result<Vec<OsString>, CliError> {
    Ok(vec![own_program()?.into_os_string(), VERB.into()])
}

/// This program's file.
pub(crate) fn own_program() -> Result<PathBuf, CliError> {
    std::env::current_exe()
        .map_err(|error| CliError::new("own-program", format!("cannot find this program: {error}")))
}

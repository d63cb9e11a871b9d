//! The user's editor.

use std::path::Path;
use std::process::Command;

/// Where an editor's command is looked for, the first one first.
const VARIABLES: [&str; 2] = ["VISUAL", "EDITOR"];

const DEFAULT: &str = "vi";

/// Opens a file in `$VISUAL`, `$EDITOR` or vi and waits until it is closed.
/// The command may have arguments. Err: what went wrong, in words.
pub(super) fn open(file: &Path) -> Result<(), String> {
    let command = VARIABLES
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|command| !command.trim().is_empty())
        .unwrap_or_else(|| DEFAULT.to_owned());
    // As git does: the shell splits the command, the file is handed over whole.
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{command} \"$@\""))
        .arg(&command)
        .arg(file)
        .status()
        .map_err(|error| format!("cannot start the editor `{command}`: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("the editor `{command}` ended with {status}"))
    }
}

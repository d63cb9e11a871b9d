//! `shipgate completions SHELL`.

use clap_complete::Shell;

use crate::error::{CliError, Exit};

/// Arguments of `shipgate completions`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit, CliError> {
    let mut command = crate::cli::command();
    clap_complete::generate(
        arguments.shell,
        &mut command,
        "shipgate",
        &mut std::io::stdout(),
    );
    Ok(Exit::Done)
}

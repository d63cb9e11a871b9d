//! Asking before something that cannot be undone.

use std::io::{self, BufRead, IsTerminal};

use crate::cli::App;
use crate::error::{CliError, Exit};

/// Asks on the terminal; `--yes` answers, and without either it is refused.
pub(crate) fn confirm(app: &App, question: &str) -> Result<(), CliError> {
    if app.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(CliError::usage(
            "not-confirmed",
            format!("this needs an answer, and there is no terminal to ask on: {question}"),
        )
        .with_hint("`--yes` answers yes"));
    }
    app.printer.say(&format!("{question} [y/N] "));
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| CliError::new("not-confirmed", format!("no answer: {error}")))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(CliError::new("not-confirmed", "not confirmed; nothing was done").exiting(Exit::Failed))
}

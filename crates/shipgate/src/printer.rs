//! The one owner of stdout and stderr: results go to the one, words to the other.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use crate::error::CliError;

/// How much is said on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors alone.
    Quiet,
    /// Steps and their outcomes.
    Normal,
    /// Also what happens inside a step.
    Verbose,
}

/// The form of what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// JSON lines on stdout.
    Json,
}

/// Colours and their meaning; never the only carrier of one.
pub(crate) mod style {
    use super::{AnsiColor, Style};

    pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
    pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
    pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
    pub(crate) const HINT: Style = AnsiColor::Cyan.on_default().bold();
    pub(crate) const DIM: Style = Style::new().dimmed();
}

/// Writes for one run of the program.
pub(crate) struct Printer {
    pub(crate) output: Output,
    pub(crate) verbosity: Verbosity,
    pub(crate) color: ColorChoice,
    live: bool,
    transient: Mutex<bool>,
}

impl Printer {
    pub(crate) fn new(
        output: Output,
        verbosity: Verbosity,
        color: ColorChoice,
        progress: Progress,
    ) -> Self {
        let live = progress == Progress::Auto
            && output == Output::Text
            && verbosity > Verbosity::Quiet
            && io::stderr().is_terminal()
            && std::env::var_os("CI").is_none()
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self {
            output,
            verbosity,
            color,
            live,
            transient: Mutex::new(false),
        }
    }

    /// A result, on stdout.
    pub(crate) fn result(&self, text: &str) -> Result<(), CliError> {
        self.clear();
        let mut stdout = AutoStream::new(io::stdout(), self.color);
        match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
            // The reader has gone: that is its right.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(CliError::new(
                "output",
                format!("cannot write to stdout: {error}"),
            )),
            Ok(()) => Ok(()),
        }
    }

    /// One line of words, on stderr, unless `--quiet`.
    pub(crate) fn say(&self, line: &str) {
        if self.verbosity > Verbosity::Quiet && self.output == Output::Text {
            self.write(line);
        }
    }

    /// A line that a command wrote to its standard output, on ours; where that
    /// is for JSON, on stderr.
    pub(crate) fn relay_out(&self, line: &str) {
        match self.output {
            Output::Text => {
                self.clear();
                let mut stdout = AutoStream::new(io::stdout(), self.color);
                // The reader has gone: that is its right.
                let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
            }
            Output::Json => self.write(line),
        }
    }

    /// A line that a command wrote to its standard error.
    pub(crate) fn relay_err(&self, line: &str) {
        self.write(line);
    }

    /// One line that only `--verbose` shows.
    pub(crate) fn detail(&self, line: &str) {
        if self.verbosity >= Verbosity::Verbose && self.output == Output::Text {
            self.write(line);
        }
    }

    /// A line that the next one replaces; only on a terminal.
    pub(crate) fn transient(&self, line: &str) {
        if !self.live {
            return;
        }
        self.clear();
        let mut stderr = AutoStream::new(io::stderr(), self.color);
        let _ = write!(stderr, "{line}").and_then(|()| stderr.flush());
        *self.shown() = true;
    }

    /// A warning, on stderr.
    pub(crate) fn warn(&self, text: &str) {
        let style = style::WARN;
        self.say(&format!("{style}warning:{style:#} {text}"));
    }

    /// An error with its report and hint, on stderr, or on stdout as JSON.
    pub(crate) fn error(&self, error: &CliError) {
        if self.output == Output::Json {
            let line = serde_json::json!({
                "type": "error", "code": error.code, "message": error.message,
                "report": error.report, "hint": error.hint,
            });
            let _ = self.result(&line.to_string());
            return;
        }
        let (bad, hint) = (style::BAD, style::HINT);
        self.write(&format!(
            "{bad}error[{}]:{bad:#} {}",
            error.code, error.message
        ));
        for line in &error.report {
            self.write(format!("  {line}").trim_end());
        }
        if let Some(text) = &error.hint {
            self.write("");
            self.write(&format!("{hint}hint:{hint:#} {text}"));
        }
    }

    fn write(&self, line: &str) {
        self.clear();
        let mut stderr = AutoStream::new(io::stderr(), self.color);
        // Nobody is left to tell if stderr is gone.
        let _ = writeln!(stderr, "{line}");
    }

    pub(crate) fn clear(&self) {
        if std::mem::take(&mut *self.shown()) {
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }

    fn shown(&self) -> std::sync::MutexGuard<'_, bool> {
        self.transient
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a line may be drawn that the next one replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// On a terminal that is no CI.
    Auto,
    /// Never.
    Off,
}

//! What a verb writes: reports on stdout as they are, `Error:` lines on stderr.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;

use anstream::{AutoStream, ColorChoice};
use serde::Serialize;
use shipgate_migrate::history::{AMBIGUITY_NOTICE, HistoryError};
use shipgate_migrate::report::Palette;
use shipgate_migrate::sum::ChecksumError;
use shipgate_migrate::to_json;

use crate::cli::{App, Voice};
use crate::error::{CliError, Exit};
use crate::printer::Output;

/// The two streams, and whether JSON was asked for.
pub(crate) struct Screen {
    stdout: BufWriter<Box<dyn Write + Send>>,
    stderr: Box<dyn Write + Send>,
    output: Output,
    /// Whether what was written last ended a line.
    line_ended: bool,
    voice: Voice,
    palette: Palette,
}

/// Bytes of a report that wait to be written.
const BUFFER: usize = 64 << 10;

impl Screen {
    /// The program's own streams. Reports carry colours where the stream is a
    /// terminal and may have them.
    pub(crate) fn of(app: &App) -> Self {
        let stdout = AutoStream::new(io::stdout(), app.printer.color);
        let has_colours = stdout.current_choice() != ColorChoice::Never;
        let (stdout, palette): (Box<dyn Write + Send>, _) =
            match io::stdout().as_fd().try_clone_to_owned() {
                // Nothing looks through what has no colours, line by line or at all.
                Ok(stdout) if !has_colours => (Box::new(File::from(stdout)), Palette::Plain),
                _ => (Box::new(stdout), Palette::Ansi),
            };
        Self {
            stdout: BufWriter::with_capacity(BUFFER, stdout),
            stderr: Box::new(AutoStream::new(io::stderr(), app.printer.color)),
            output: app.printer.output,
            line_ended: true,
            voice: app.voice,
            palette,
        }
    }

    /// The colours reports are written with.
    pub(crate) const fn palette(&self) -> Palette {
        self.palette
    }

    /// Whether `--output json` asks for JSON.
    pub(crate) fn wants_json(&self) -> bool {
        self.output == Output::Json
    }

    /// Ends the line that a report without newline left open.
    pub(crate) fn fresh_line(&mut self) -> Result<(), CliError> {
        if self.line_ended {
            return Ok(());
        }
        self.write("\n")
    }

    /// Writes to stdout, to the byte, at once.
    pub(crate) fn write(&mut self, text: &str) -> Result<(), CliError> {
        self.add(text)?;
        self.show()
    }

    /// Writes to stdout, to the byte, at the latest with [`Screen::show`].
    pub(crate) fn add(&mut self, text: &str) -> Result<(), CliError> {
        if !text.is_empty() {
            self.line_ended = text.ends_with('\n');
        }
        written(self.stdout.write_all(text.as_bytes()))
    }

    /// Shows what was added.
    pub(crate) fn show(&mut self) -> Result<(), CliError> {
        written(self.stdout.flush())
    }

    /// Writes a line of JSON to stdout.
    pub(crate) fn write_json(&mut self, value: &impl Serialize) -> Result<Exit, CliError> {
        let json = to_json(value).map_err(|error| CliError::new("output", error.to_string()))?;
        self.write(&(json + "\n"))?;
        Ok(Exit::Done)
    }

    /// An error as these verbs have always told it, and what is known beyond it.
    pub(crate) fn fail(
        &mut self,
        code: &str,
        message: &str,
        hints: &[String],
    ) -> Result<Exit, CliError> {
        if self.wants_json() {
            let mut error = CliError::new(code, message);
            if let Some((first, further)) = hints.split_first() {
                error = error.with_hint(first).with_report(further.iter().cloned());
            }
            return Err(error);
        }
        let mut text = format!("Error: {message}\n");
        for hint in hints.iter().filter(|_| self.voice == Voice::Own) {
            text.push_str(&format!("hint: {hint}\n"));
        }
        // Nobody is left to tell if stderr is gone.
        let _ = self
            .stderr
            .write_all(text.as_bytes())
            .and_then(|()| self.stderr.flush());
        Ok(Exit::Failed)
    }

    /// A history of which it is not known where it is meant to be: Atlas says
    /// so on stdout, and nothing on stderr.
    pub(crate) fn fail_ambiguous(&mut self) -> Result<Exit, CliError> {
        if self.wants_json() {
            return self.fail("history", &HistoryError::Ambiguous.to_string(), &[]);
        }
        self.write(AMBIGUITY_NOTICE)?;
        Ok(Exit::Failed)
    }

    /// A directory whose checksums do not hold. The command that writes them
    /// anew is told with these flags.
    pub(crate) fn fail_checksum(
        &mut self,
        error: &ChecksumError,
        flags: &str,
    ) -> Result<Exit, CliError> {
        if !self.wants_json() {
            self.write(&error.notice())?;
        }
        self.fail("checksum", &error.to_string(), &error.hints_with(flags))
    }
}

fn written(result: io::Result<()>) -> Result<(), CliError> {
    match result {
        // The reader has gone: that is its right.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(CliError::new(
            "output",
            format!("cannot write to stdout: {error}"),
        )),
        Ok(()) => Ok(()),
    }
}

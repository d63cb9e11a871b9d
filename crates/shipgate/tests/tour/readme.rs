//! README.md: its commands and what it shows below them.

use std::fs;
use std::path::PathBuf;

/// The README's lines.
pub(crate) struct Readme {
    path: PathBuf,
    lines: Vec<String>,
}

/// A command of a `console` block.
pub(crate) struct Command {
    /// Where it stands, from 1.
    pub(crate) line: usize,
    /// What is typed; several lines if they end in a backslash.
    pub(crate) text: String,
    /// What is shown below it.
    pub(crate) output: String,
}

impl Readme {
    pub(crate) fn read() -> Self {
        let path = super::workspace::root().join("README.md");
        let text = fs::read_to_string(&path).expect("the README");
        Self {
            path,
            lines: text.lines().map(str::to_owned).collect(),
        }
    }

    /// The commands of all blocks, in order.
    pub(crate) fn commands(&self) -> Vec<Command> {
        let mut commands: Vec<Command> = Vec::new();
        let mut inside = false;
        let mut typed_on = false;
        for (at, line) in self.lines.iter().enumerate() {
            if let Some(language) = line.strip_prefix("```") {
                inside = !inside && language == "console";
                continue;
            }
            if !inside {
                continue;
            }
            if let Some(text) = line.strip_prefix("$ ") {
                commands.push(Command {
                    line: at + 1,
                    text: text.to_owned(),
                    output: String::new(),
                });
                typed_on = text.ends_with('\\');
                continue;
            }
            let command = commands.last_mut().expect("a block begins with a command");
            let (part, more) = if typed_on {
                typed_on = line.ends_with('\\');
                (&mut command.text, "\n")
            } else if command.output.is_empty() {
                (&mut command.output, "")
            } else {
                (&mut command.output, "\n")
            };
            part.push_str(more);
            part.push_str(line);
        }
        commands
    }

    /// Puts what a command printed in the place of what is shown below it.
    pub(crate) fn shows(&mut self, number: usize, printed: &str) {
        let command = &self.commands()[number];
        let from = command.line + command.text.matches('\n').count();
        let shown = match command.output.as_str() {
            "" => 0,
            output => output.matches('\n').count() + 1,
        };
        let lines = printed.lines().map(str::to_owned);
        self.lines.splice(from..from + shown, lines);
    }

    pub(crate) fn write(&self) {
        fs::write(&self.path, self.lines.join("\n") + "\n").expect("the README can be written");
    }
}

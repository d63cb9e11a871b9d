//! One shell in which the commands follow each other, as a reader types them.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::workspace::Workspace;

/// Stands after everything a command printed.
const MARK: &str = "--- the command has ended ---";

/// A running bash.
pub(crate) struct Shell {
    child: Child,
    typed: ChildStdin,
    printed: BufReader<ChildStdout>,
    port: String,
}

impl Shell {
    pub(crate) fn start(workspace: &Workspace) -> Self {
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", workspace.programs().display());
        let mut command = Command::new("bash");
        command
            // Both streams in one, as on a terminal.
            .args(["--norc", "--noprofile", "-c", "exec bash -s 2>&1"])
            .current_dir(workspace.root())
            .env("PATH", path)
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .env_remove("CARGO_TARGET_DIR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0);
        for (name, _) in std::env::vars() {
            if name.starts_with("SHIPGATE_") || name == "DATABASE_URL" {
                command.env_remove(name);
            }
        }
        let mut child = command.spawn().expect("bash runs");
        Self {
            typed: child.stdin.take().expect("it is piped"),
            printed: BufReader::new(child.stdout.take().expect("it is piped")),
            child,
            port: workspace.port().to_string(),
        }
    }

    /// What `command` prints.
    pub(crate) fn run(&mut self, command: &str) -> String {
        let command = command.replace("8080", &self.port);
        // `$?` is the command's own for the one after it. The mark may stand
        // behind an output without a newline. No command reads what is typed.
        write!(
            self.typed,
            "{{ {command}\n}} </dev/null; status=$?; printf '%s\\n' '{MARK}'; (exit $status)\n"
        )
        .expect("bash takes it");
        let mut printed = String::new();
        loop {
            let mut line = Vec::new();
            let read = self
                .printed
                .read_until(b'\n', &mut line)
                .expect("bash's output");
            let line = String::from_utf8_lossy(&line);
            if let Some(rest) = line.strip_suffix(&format!("{MARK}\n")) {
                printed.push_str(rest);
                break;
            }
            assert!(read > 0, "bash ended in `{command}`:\n{printed}");
            printed.push_str(&line);
        }
        let printed = printed.replace(&self.port, "8080");
        printed.trim_end_matches('\n').to_owned()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // Also what was left running in the background.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let _ = self.child.wait();
    }
}

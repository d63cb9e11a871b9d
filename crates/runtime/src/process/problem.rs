//! Why a command could not be started, and how to mend it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The exact reason why a machine's command was not started. It provably did
/// not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "problem", rename_all = "kebab-case")]
pub enum Problem {
    /// The command has no words.
    #[error("the command is empty")]
    EmptyCommand,
    /// A word, a name or a value holds a NUL byte.
    #[error("{what} contains a NUL byte")]
    NulByte {
        /// `the command`, or the name of the variable; never a value.
        what: String,
    },
    /// The working directory is not absolute.
    #[error("the working directory `{}` is not absolute", path.display())]
    RelativeDirectory {
        /// As given.
        path: PathBuf,
    },
    /// There is no such working directory.
    #[error("the working directory `{}` does not exist", path.display())]
    DirectoryMissing {
        /// The directory.
        path: PathBuf,
    },
    /// The working directory is a file.
    #[error("the working directory `{}` is not a directory", path.display())]
    NotADirectory {
        /// The file.
        path: PathBuf,
    },
    /// There is no such program.
    #[error("command not found: `{program}` is in none of: {}", searched.join(", "))]
    NotInPath {
        /// As given.
        program: String,
        /// The directories of the machine's PATH, in order.
        searched: Vec<String>,
        /// Whether the machine's environment sets PATH.
        path_is_set: bool,
    },
    /// There is no file at the path given.
    #[error("command not found: there is no file `{}`", path.display())]
    NoSuchFile {
        /// The path, made absolute.
        path: PathBuf,
    },
    /// A directory was given as the program.
    #[error("`{}` is a directory, not a program", path.display())]
    IsDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// The file lacks the permission to be executed.
    #[error("`{}` is not executable", path.display())]
    NotExecutable {
        /// The file.
        path: PathBuf,
    },
    /// The file may be executable, but not for this user or not from here.
    #[error("permission denied: `{}` may not be executed here", path.display())]
    PermissionDenied {
        /// The file or directory.
        path: PathBuf,
    },
    /// A script without a first line that names its interpreter.
    #[error("exec format error: `{}` is a script without a `#!` line", path.display())]
    NoShebang {
        /// The script.
        path: PathBuf,
    },
    /// The file is empty.
    #[error("exec format error: `{}` is empty", path.display())]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// The interpreter named by the `#!` line does not exist.
    #[error(
        "`{}` asks for the interpreter `{}`, which does not exist",
        path.display(), interpreter.escape_debug()
    )]
    InterpreterMissing {
        /// The script.
        path: PathBuf,
        /// The interpreter, as written.
        interpreter: String,
    },
    /// The dynamic loader the program was linked for does not exist.
    #[error("`{}` needs the dynamic loader `{loader}`, which does not exist", path.display())]
    LoaderMissing {
        /// The program.
        path: PathBuf,
        /// The loader's path.
        loader: String,
    },
    /// A binary this machine cannot run.
    #[error("exec format error: `{}` is not a program for this machine", path.display())]
    WrongFormat {
        /// The program.
        path: PathBuf,
    },
    /// Arguments and environment are larger than the kernel takes.
    #[error("the command's arguments and environment are too long for the kernel")]
    TooLong,
    /// The limit of processes or of memory for them is reached.
    #[error("no further process can be started: the limit of processes is reached")]
    TooManyProcesses,
    /// Something already listens on the machine's port.
    #[error("port {port} on 127.0.0.1 is already taken{}", by(holder))]
    PortTaken {
        /// The port.
        port: u16,
        /// Who listens, if it can be seen: `node (pid 123)`.
        holder: Option<String>,
    },
    /// A file of the machine's state could not be written.
    #[error("cannot write `{}`: {error}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's message.
        error: String,
    },
    /// Anything else the system said.
    #[error("cannot start `{}`: {error}", path.display())]
    System {
        /// The program.
        path: PathBuf,
        /// The system's message.
        error: String,
    },
}

fn by(holder: &Option<String>) -> String {
    holder
        .as_ref()
        .map(|holder| format!(" by {holder}"))
        .unwrap_or_default()
}

impl Problem {
    /// How to mend it, where that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotExecutable { path } => format!("chmod +x {}", path.display()),
            Self::NoShebang { path } => format!(
                "make `#!/bin/sh` the first line of {}, or run it as `sh {}`",
                path.display(),
                path.display()
            ),
            Self::InterpreterMissing {
                path, interpreter, ..
            } if interpreter.ends_with('\r') => format!(
                "{} has Windows line ends; remove them: sed -i 's/\\r$//' {}",
                path.display(),
                path.display()
            ),
            Self::InterpreterMissing { interpreter, .. } => {
                format!("install {interpreter}, or correct the script's first line")
            }
            Self::LoaderMissing { .. } => {
                "the program was built for another C library (glibc or musl); build it for this \
                 one, or statically"
                    .to_owned()
            }
            Self::NotInPath {
                path_is_set: false, ..
            } => "set PATH in [env], or give the program's path".to_owned(),
            Self::NotInPath { .. } => {
                "give the program's path, or add its directory to PATH in [env]".to_owned()
            }
            Self::PermissionDenied { .. } => {
                "check the permissions of the directories above it, and that its file system is \
                 not mounted noexec"
                    .to_owned()
            }
            Self::WrongFormat { .. } => {
                "build it for this machine's processor and operating system".to_owned()
            }
            Self::TooManyProcesses => {
                "raise the limit (ulimit -u, pids.max) or stop other processes".to_owned()
            }
            Self::PortTaken { .. } => "stop what listens there, or use another port".to_owned(),
            _ => return None,
        })
    }

    /// The exit code a shell gives in the same case: 127 when there is no
    /// program, else 126.
    pub(crate) fn shell_code(&self) -> i32 {
        match self {
            Self::NotInPath { .. } | Self::NoSuchFile { .. } | Self::EmptyCommand => 127,
            _ => 126,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_executable_is_mended_by_chmod() {
        let problem = Problem::NotExecutable {
            path: PathBuf::from("/app/entrypoint"),
        };
        assert_eq!(problem.to_string(), "`/app/entrypoint` is not executable");
        assert_eq!(problem.hint().as_deref(), Some("chmod +x /app/entrypoint"));
    }

    #[test]
    fn windows_line_ends_are_recognised_in_the_interpreter() {
        let problem = Problem::InterpreterMissing {
            path: PathBuf::from("/app/run"),
            interpreter: "/bin/sh\r".to_owned(),
        };
        assert!(problem.to_string().contains("`/bin/sh\\r`"));
        assert!(
            problem
                .hint()
                .expect("a hint")
                .contains("Windows line ends")
        );
    }

    #[test]
    fn a_missing_command_names_every_directory_searched() {
        let problem = Problem::NotInPath {
            program: "nodee".to_owned(),
            searched: vec!["/usr/bin".to_owned(), "/bin".to_owned()],
            path_is_set: true,
        };
        assert_eq!(
            problem.to_string(),
            "command not found: `nodee` is in none of: /usr/bin, /bin"
        );
    }
}

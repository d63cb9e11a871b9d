//! What a machine is to a release: its name, its specification, how it ended.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::secrets::Secrets;

/// Name of a machine, unique in a state directory: `r12-web-1`.
///
/// The name is the tag by which a running machine is found again after a
/// crash, so it is chosen before the machine is started and never reused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MachineId(String);

impl MachineId {
    /// The `number`th machine (from 1) of `group` in `release`.
    ///
    /// Letters outside `[A-Za-z0-9_-]` in the group become `-`, so the name
    /// can always be a directory name.
    pub fn new(release: u64, group: &str, number: usize) -> Self {
        let group: String = group
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() || letter == '_' {
                    letter
                } else {
                    '-'
                }
            })
            .collect();
        Self(format!("r{release}-{group}-{number}"))
    }

    /// A name read back from disk or the command line; `None` if it could not
    /// be a directory of its own.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        (!text.is_empty() && text.len() <= 200 && text.chars().all(plain))
            .then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything a runtime needs to run a machine, and to run it again.
///
/// It holds the machine's whole environment, secrets included: it may be
/// stored only in files of mode 0600 and never printed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct MachineSpec {
    /// The machine's name.
    pub id: MachineId,
    /// The app it belongs to.
    pub app: String,
    /// The release that made it.
    pub release: u64,
    /// Its process group (`web`), or what a one-off run is for (`migrate`).
    pub group: String,
    /// Program and arguments, already split and expanded.
    pub command: Vec<String>,
    /// Working directory; absolute.
    pub directory: PathBuf,
    /// The complete environment; nothing is inherited.
    pub env: BTreeMap<String, String>,
    /// The port on 127.0.0.1 the machine was told to listen on (`PORT`).
    pub port: Option<u16>,
    /// Whether the front door sends requests to it.
    pub routed: bool,
    /// Health checks that decide whether it may take traffic.
    pub checks: Vec<HealthCheck>,
    /// What happens when the command ends.
    pub restart: RestartPolicy,
    /// First signal of a stop, as a number (SIGINT is 2).
    pub kill_signal: i32,
    /// How long after `kill_signal` the whole process group is killed.
    pub kill_timeout: Duration,
    /// After this long the command is stopped; `None`: never.
    pub timeout: Option<Duration>,
    /// Memory limit in bytes for the command and its children; `None`: none.
    pub memory_limit: Option<u64>,
    /// Values of its environment that are masked in its log.
    #[serde(default)]
    pub secrets: Secrets,
}

impl MachineSpec {
    /// Tells the machine to listen on another port: in `PORT`, in its checks
    /// and wherever its command names the old one.
    pub fn listen_on(&mut self, port: u16) {
        let old = self.port.replace(port);
        self.env.insert("PORT".to_owned(), port.to_string());
        let Some(old) = old else { return };
        for check in &mut self.checks {
            if check.port == old {
                check.port = port;
            }
        }
        for word in &mut self.command {
            *word = replace_number(word, old, port);
        }
    }
}

/// `old` as a whole number in `text`, replaced: a port given as an argument.
fn replace_number(text: &str, old: u16, new: u16) -> String {
    let old = old.to_string();
    let digit = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_digit());
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(&old) {
        let (before, after) = (&rest[..at], &rest[at + old.len()..]);
        result.push_str(before);
        if digit(before.chars().next_back()) || digit(after.chars().next()) {
            result.push_str(&old);
        } else {
            result.push_str(&new.to_string());
        }
        rest = after;
    }
    result.push_str(rest);
    result
}

impl fmt::Debug for MachineSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineSpec")
            .field("id", &self.id)
            .field("command", &self.command.first())
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// When a machine's command is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartPolicy {
    /// Never (one-off runs).
    No,
    /// After a failure, at most this often in a row (`None`: without limit).
    OnFailure {
        /// Restarts in a row before the machine is given up.
        max_retries: Option<u32>,
    },
    /// Whenever it ends without having been asked to.
    Always,
}

/// One health check of a machine (`[[http_service.checks]]`, `[checks.NAME]`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// Name shown in reports: `http GET /healthz`, or the `[checks]` name.
    pub name: String,
    /// How it asks.
    pub probe: Probe,
    /// Port on 127.0.0.1.
    pub port: u16,
    /// Time from one check to the next.
    pub interval: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Failures this soon after the start do not count.
    pub grace_period: Duration,
}

/// What a health check does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// A connection is accepted.
    Tcp,
    /// A request is answered with a status from 200 to 299.
    Http {
        /// `GET` unless the project file says otherwise.
        method: String,
        /// Path and query.
        path: String,
        /// Further headers, in order.
        headers: Vec<(String, String)>,
    },
}

/// How a machine's command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExitCause {
    /// It exited with this code.
    Code(i32),
    /// This signal killed it.
    Signal(i32),
    /// It went over its memory limit and was killed.
    OutOfMemory,
    /// It ran longer than its timeout and was stopped.
    Timeout,
    /// It was asked to stop (cancel, retire) and did.
    Stopped,
    /// Nobody saw it end: its keeper died with it (a reboot, a SIGKILL).
    Lost,
}

impl ExitCause {
    /// Whether the command did what it was run for.
    pub fn success(self) -> bool {
        self == Self::Code(0)
    }
}

impl fmt::Display for ExitCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(number) => match signal_name(*number) {
                Some(name) => write!(f, "killed by {name}"),
                None => write!(f, "killed by signal {number}"),
            },
            Self::OutOfMemory => f.write_str("out of memory: killed at its memory limit"),
            Self::Timeout => f.write_str("stopped: ran longer than its timeout"),
            Self::Stopped => f.write_str("stopped as asked"),
            Self::Lost => f.write_str("lost: nobody saw it end"),
        }
    }
}

fn signal_name(number: i32) -> Option<&'static str> {
    Some(match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        10 => "SIGUSR1",
        11 => "SIGSEGV",
        12 => "SIGUSR2",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        19 => "SIGSTOP",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::replace_number;

    #[test]
    fn a_port_is_replaced_as_a_whole_number_only() {
        assert_eq!(
            replace_number("--listen=:20001", 20001, 20002),
            "--listen=:20002"
        );
        assert_eq!(replace_number("120001 200010", 20001, 7), "120001 200010");
        assert_eq!(replace_number("20001/20001", 20001, 5), "5/5");
    }
}

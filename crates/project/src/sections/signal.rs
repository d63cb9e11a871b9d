//! Signals a machine may be stopped with.

use crate::value::words;

/// A signal of `kill_signal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, the default.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGQUIT.
    Quit,
    /// SIGUSR1.
    User1,
    /// SIGUSR2.
    User2,
    /// SIGKILL.
    Kill,
    /// SIGSTOP.
    Stop,
}

words!(pub Signal, "a signal name such as \"SIGTERM\"", "a signal a machine can be stopped with", {
    "SIGINT" => Interrupt,
    "SIGTERM" => Terminate,
    "SIGQUIT" => Quit,
    "SIGUSR1" => User1,
    "SIGUSR2" => User2,
    "SIGKILL" => Kill,
    "SIGSTOP" => Stop,
});

impl Signal {
    /// Its number on Linux.
    pub fn number(self) -> i32 {
        match self {
            Self::Interrupt => 2,
            Self::Quit => 3,
            Self::Kill => 9,
            Self::User1 => 10,
            Self::User2 => 12,
            Self::Terminate => 15,
            Self::Stop => 19,
        }
    }
}

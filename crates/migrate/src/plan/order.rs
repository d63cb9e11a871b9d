//! What happens to files that were added behind the history's last version.

use std::fmt;

use crate::golang::Quoted;

/// What happens to files that were added behind the last applied version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExecOrder {
    /// They are an error.
    #[default]
    Linear,
    /// They are skipped.
    LinearSkip,
    /// They are executed, before newer ones.
    NonLinear,
}

/// No execution order has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown execution order: {}", Quoted(.0))]
pub struct UnknownExecOrder(pub String);

impl ExecOrder {
    /// Reads the option's value.
    ///
    /// # Errors
    /// It is none of `linear`, `linear-skip` and `non-linear`.
    pub fn parse(text: &str) -> Result<Self, UnknownExecOrder> {
        match text {
            "linear" => Ok(Self::Linear),
            "linear-skip" => Ok(Self::LinearSkip),
            "non-linear" => Ok(Self::NonLinear),
            _ => Err(UnknownExecOrder(text.to_owned())),
        }
    }
}

impl fmt::Display for ExecOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linear => "linear",
            Self::LinearSkip => "linear-skip",
            Self::NonLinear => "non-linear",
        })
    }
}

//! `[[restart]]`: what happens when a machine's command ends.

use crate::diagnostic::Complaint;
use crate::origin::{Origin, Sourced};
use crate::reader::Section;
use crate::tree::Node;
use crate::value::{Misfit, Value};

/// `policy` of a `[[restart]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartPolicy {
    /// `always`.
    Always,
    /// `never`.
    Never,
    /// `on-failure`.
    OnFailure,
}

impl RestartPolicy {
    /// The word of the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::OnFailure => "on-failure",
        }
    }
}

impl Value for RestartPolicy {
    const EXPECTED: &'static str = "a string";

    fn read(node: &Node) -> Result<Self, Misfit> {
        let word = String::read(node)?;
        match word.as_str() {
            "always" => Ok(Self::Always),
            "never" | "no" => Ok(Self::Never),
            "on-failure" | "on-fail" => Ok(Self::OnFailure),
            _ => Err(Complaint::new(format!("invalid restart policy: {word}"))
                .hint("known are always, never, on-failure")
                .into()),
        }
    }

    fn show(&self) -> String {
        crate::value::quoted(self.as_str())
    }
}

/// One of `[[restart]]`.
#[derive(Clone, Debug)]
pub struct Restart {
    /// Where it is written.
    pub origin: Origin,
    /// `policy`.
    pub policy: Sourced<RestartPolicy>,
    /// `retries` in a row, of `on-failure`. None: without limit.
    pub retries: Option<Sourced<u32>>,
    /// `processes`: its groups. None named: the default group.
    pub processes: Vec<Sourced<String>>,
}

impl Restart {
    /// `None` if the policy is missing or unknown.
    pub(crate) fn read(section: &mut Section<'_>) -> Option<Self> {
        let policy = section.require("policy", "policy = \"on-failure\"");
        let retries = section.get("retries");
        let processes = section.list("processes").unwrap_or_default();
        Some(Self {
            origin: section.origin().clone(),
            policy: policy?,
            retries,
            processes,
        })
    }
}

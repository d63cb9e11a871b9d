//! `[[files]]`: files put into machines.

use std::fmt;

use crate::diagnostic::{Complaint, Fault};
use crate::origin::{Origin, Sourced};
use crate::reader::Section;

const OWN_FILES: &str =
    "local machines see this machine's own files; [build] include brings files along";

/// One of `[[files]]`.
#[derive(Clone, Debug)]
pub struct File {
    /// Where it is written.
    pub origin: Origin,
    /// `guest_path`: where it goes.
    pub guest_path: Option<Sourced<String>>,
    /// What is in it.
    pub content: FileContent,
    /// `processes`: its groups. None named: the default group.
    pub processes: Vec<Sourced<String>>,
}

/// What is in one of `[[files]]`. `Debug` does not show the bytes.
#[derive(Clone, PartialEq, Eq)]
pub enum FileContent {
    /// `local_path`: that of a file here.
    Local(String),
    /// `secret_name`: that of a secret, base64.
    Secret(String),
    /// `raw_value`: this, base64.
    Raw(String),
}

impl fmt::Debug for FileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => write!(f, "Local({path:?})"),
            Self::Secret(name) => write!(f, "Secret({name:?})"),
            Self::Raw(_) => f.write_str("Raw(***)"),
        }
    }
}

impl File {
    /// `None` if it does not say what is in it.
    pub(crate) fn read(section: &mut Section<'_>) -> Option<Self> {
        let at = section.origin().clone();
        section.ignore(&at, "", OWN_FILES);
        let guest_path = section.require("guest_path", "guest_path = \"/etc/app.conf\"");
        let contents: Vec<_> = [
            section
                .get::<String>("local_path")
                .map(|path| FileContent::Local(path.value)),
            section
                .get::<String>("secret_name")
                .map(|name| FileContent::Secret(name.value)),
            section
                .get::<String>("raw_value")
                .map(|value| FileContent::Raw(value.value)),
        ]
        .into_iter()
        .flatten()
        .collect();
        let processes = section.list("processes").unwrap_or_default();
        let Ok([content]) = <[FileContent; 1]>::try_from(contents) else {
            let complaint =
                Complaint::new("a file has exactly one of local_path, secret_name and raw_value");
            section.error(&at, "", Fault::Conflict, complaint);
            return None;
        };
        Some(Self {
            origin: at,
            guest_path,
            content,
            processes,
        })
    }
}

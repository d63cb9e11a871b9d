//! Which tool a project uses.

use std::fmt::Write;

use crate::project::Project;
use crate::sign::{Sign, Weight};
use crate::tool::Tool;
use crate::tools::ALL;

/// A tool that a project may use.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The tool.
    pub tool: &'static dyn Tool,
    /// What tells so, the weightiest first.
    pub signs: Vec<Sign>,
}

impl Candidate {
    fn weight(&self) -> Weight {
        self.signs
            .iter()
            .map(|sign| sign.weight)
            .max()
            .unwrap_or(Weight::Dependency)
    }

    /// Its signs as words.
    pub fn reasons(&self) -> String {
        let texts: Vec<&str> = self.signs.iter().map(|sign| sign.text.as_str()).collect();
        texts.join("; ")
    }
}

/// Why no tool was detected.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DetectError {
    /// There are no signs.
    #[error("no migration tool was found here")]
    None {
        /// Directories deeper down that have signs, with the tool's name.
        nested: Vec<(String, &'static str)>,
    },
    /// Several tools have equally weighty signs.
    #[error("several migration tools may be meant: {}", listed(.0))]
    Several(Vec<Candidate>),
    /// No tool has that name.
    #[error("no migration tool is called `{0}`")]
    Unknown(String),
}

fn listed(candidates: &[Candidate]) -> String {
    let mut text = String::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let separator = if at == 0 { "" } else { ", " };
        let _ = write!(
            text,
            "{separator}{} ({})",
            candidate.tool.name(),
            candidate.reasons()
        );
    }
    text
}

/// The tool of that name.
///
/// # Errors
/// [`DetectError::Unknown`].
pub fn named(name: &str) -> Result<&'static dyn Tool, DetectError> {
    let written = name.to_lowercase().replace('_', "-");
    ALL.iter()
        .find(|tool| tool.name() == written)
        .copied()
        .ok_or_else(|| DetectError::Unknown(name.to_owned()))
}

/// The tool whose signs weigh most: migrations of its own form before its
/// configuration, that before a dependency on it.
///
/// # Errors
/// [`DetectError::None`], or [`DetectError::Several`] if none weighs most.
pub fn detect(project: &Project) -> Result<Candidate, DetectError> {
    let mut candidates = candidates(project);
    let heaviest = candidates.iter().map(Candidate::weight).max();
    candidates.retain(|candidate| Some(candidate.weight()) == heaviest);
    match candidates.len() {
        0 => Err(DetectError::None {
            nested: nested(project),
        }),
        1 => Ok(candidates.remove(0)),
        _ => Err(DetectError::Several(candidates)),
    }
}

fn candidates(project: &Project) -> Vec<Candidate> {
    ALL.iter()
        .filter_map(|tool| {
            let mut signs = tool.signs(project);
            signs.sort_by_key(|sign| std::cmp::Reverse(sign.weight));
            (!signs.is_empty()).then_some(Candidate { tool: *tool, signs })
        })
        .collect()
}

/// How deep to look for projects within a project.
const DEPTH: usize = 3;

/// Directories deeper down in which one tool is detected.
pub fn nested(project: &Project) -> Vec<(String, &'static str)> {
    let mut found: Vec<(String, &'static str)> = Vec::new();
    for directory in project.directories_below(DEPTH) {
        let within = found
            .iter()
            .any(|(outer, _)| directory.starts_with(&format!("{outer}/")));
        if within {
            continue;
        }
        let mut candidates = candidates(&Project::new(project.root().join(&directory)));
        candidates.retain(|candidate| candidate.weight() >= Weight::Configuration);
        if let [only] = candidates.as_slice() {
            found.push((directory, only.tool.name()));
        }
    }
    found
}

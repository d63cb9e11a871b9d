//! Why a configuration cannot be used. No value is ever shown: it may be a
//! password.

use std::ops::Range;

use crate::data::Request;
use crate::secrets::Secrets;
use crate::source::{Place, Source};

/// Why a configuration cannot be used.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// The file is not written in the configuration language.
    #[error("{place}: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// What is wrong.
        message: String,
    },
    /// An expression or block cannot be evaluated.
    #[error("{place}: {message}")]
    Evaluation {
        /// Where.
        place: Place,
        /// What is wrong.
        message: String,
        /// What would be right.
        hint: Option<String>,
    },
    /// Something that Atlas has and that is not done here.
    #[error("{place}: {what} is not supported")]
    NotSupported {
        /// Where.
        place: Place,
        /// Its name: `data.external_schema`.
        what: String,
        /// What to do instead.
        hint: String,
    },
    /// There is no environment of this name.
    #[error("env \"{name}\" not defined in config file")]
    UnknownEnv {
        /// What was asked for.
        name: String,
        /// The file.
        file: String,
        /// The names it has.
        known: Vec<String>,
    },
    /// An environment whose `for_each` has no elements.
    #[error("{place}: env \"{name}\" has no members: its for_each is empty")]
    EmptyEnv {
        /// What was asked for.
        name: String,
        /// Where its `for_each` is.
        place: Place,
    },
    /// Several environments where only one can be used.
    #[error("multiple envs found for \"{name}\"")]
    MultipleEnvs {
        /// What was asked for.
        name: String,
    },
    /// A variable without default was not given.
    #[error("missing value for required variable \"{name}\"")]
    MissingVariable {
        /// Its name.
        name: String,
        /// Where it is declared.
        place: Place,
    },
    /// A variable was given that the file does not declare.
    #[error("variable \"{name}\" is not declared in {file}")]
    UnknownVariable {
        /// Its name.
        name: String,
        /// The file.
        file: String,
        /// The declared one that is meant, perhaps.
        nearest: Option<String>,
    },
    /// A variable's value does not have its type.
    #[error("variable \"{name}\": {message}")]
    WrongVariable {
        /// Its name.
        name: String,
        /// What is wrong.
        message: String,
        /// Where it is declared.
        place: Place,
    },
    /// A data source failed.
    #[error("data.{kind}.{name}: {message}")]
    Data {
        /// Its type.
        kind: String,
        /// Its name.
        name: String,
        /// What is wrong.
        message: String,
        /// Where it is declared.
        place: Place,
    },
}

impl ConfigError {
    /// What would be right, and where, one line each.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Syntax { .. } | Self::MultipleEnvs { .. } => Vec::new(),
            Self::Evaluation { hint, .. } => hint.iter().cloned().collect(),
            Self::NotSupported { hint, .. } => vec![hint.clone()],
            Self::UnknownEnv { name, file, known } => {
                vec![match (nearest(name, known), known.as_slice()) {
                    (Some(near), _) => format!("did you mean `--env {near}`?"),
                    (None, []) => {
                        format!("{file} has no env block; add `env \"{name}\" {{ ... }}`")
                    }
                    (None, known) => format!("{file} defines {}", known.join(", ")),
                }]
            }
            Self::EmptyEnv { .. } => {
                vec!["nothing was migrated; look at what for_each is made of".to_owned()]
            }
            Self::MissingVariable { name, place } => {
                vec![format!(
                    "declared at {place} without default; give it: `--var {name}=VALUE`"
                )]
            }
            Self::UnknownVariable { name, nearest, .. } => vec![nearest.as_ref().map_or_else(
                || format!("declare it: `variable \"{name}\" {{ type = string }}`"),
                |near| format!("did you mean `--var {near}=...`?"),
            )],
            Self::WrongVariable { place, .. } | Self::Data { place, .. } => {
                vec![format!("declared at {place}")]
            }
        }
    }
}

impl ConfigError {
    /// The same without these in what others said.
    pub(crate) fn without(mut self, secrets: &Secrets) -> Self {
        if let Self::Evaluation { message, .. } | Self::Data { message, .. } = &mut self {
            *message = secrets.hide(std::mem::take(message));
        }
        self
    }
}

/// The name that is meant, perhaps.
pub(crate) fn nearest(name: &str, known: &[impl AsRef<str>]) -> Option<String> {
    known
        .iter()
        .map(|known| (strsim::osa_distance(name, known.as_ref()), known.as_ref()))
        .filter(|(distance, known)| *distance <= 1 + known.len() / 5)
        .min()
        .map(|(_, known)| known.to_owned())
}

/// Something wrong at a span of the file.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    span: Range<usize>,
    message: String,
    hint: Option<String>,
}

impl Fault {
    pub(crate) fn new(span: &Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span: span.clone(),
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Why an evaluation stopped.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// Something is wrong; `try` goes on with its next expression.
    Fault(Fault),
    /// An answer from outside is needed first; then everything is evaluated again.
    Ask(Box<Request>),
    /// The file cannot be used, whatever `try` may say.
    Refused(Box<ConfigError>),
}

impl Stop {
    /// The error for the user. Err: the request to answer first.
    pub(crate) fn into_error(self, source: &Source) -> Result<ConfigError, Box<Request>> {
        match self {
            Self::Fault(fault) => Ok(ConfigError::Evaluation {
                place: source.place(&fault.span),
                message: fault.message,
                hint: fault.hint,
            }),
            Self::Refused(error) => Ok(*error),
            Self::Ask(request) => Err(request),
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<ConfigError> for Stop {
    fn from(error: ConfigError) -> Self {
        Self::Refused(Box::new(error))
    }
}

/// The outcome of an evaluation.
pub(crate) type Evaluated<T> = Result<T, Stop>;

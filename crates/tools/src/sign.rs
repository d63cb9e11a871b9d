//! What tells that a project uses a tool.

/// How much a sign weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The project depends on it, or a file looks as if it were its own.
    Dependency,
    /// Its configuration is here.
    Configuration,
    /// Migrations in its own form are here.
    Migrations,
}

/// One sign, with words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// How much it weighs.
    pub weight: Weight,
    /// The sign: `package.json depends on knex`.
    pub text: String,
}

impl Sign {
    pub(crate) fn dependency(text: impl Into<String>) -> Self {
        let (weight, text) = (Weight::Dependency, text.into());
        Self { weight, text }
    }

    pub(crate) fn configuration(text: impl Into<String>) -> Self {
        let (weight, text) = (Weight::Configuration, text.into());
        Self { weight, text }
    }

    pub(crate) fn migrations(text: impl Into<String>) -> Self {
        let (weight, text) = (Weight::Migrations, text.into());
        Self { weight, text }
    }
}

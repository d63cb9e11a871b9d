//! How a session reads scripts.

use shipgate_database::Session;
use shipgate_sql::{Dialect, SplitMode, SplitOptions, Splitter, Statement, Statements};

/// The dialect of a session, and its settings that say where strings end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syntax {
    dialect: Dialect,
    /// The settings before the script.
    initial: SplitOptions,
    /// The settings at the place that has been reached.
    options: SplitOptions,
}

impl Syntax {
    /// What a session reads now.
    #[must_use]
    pub fn of(session: &dyn Session) -> Self {
        let options = session.split_options();
        Self {
            dialect: session.dialect(),
            initial: options,
            options,
        }
    }

    /// The dialect.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The settings that say where strings end.
    pub(crate) const fn options(&self) -> SplitOptions {
        self.options
    }

    pub(super) fn splitter(&self) -> Splitter {
        Splitter::new(self.dialect, self.options)
    }

    pub(super) fn statements<'t>(&self, mode: SplitMode, text: &'t str) -> Statements<'t> {
        match mode {
            SplitMode::Own => {
                shipgate_sql::statements_within(self.dialect, self.initial, self.options, text)
            }
            SplitMode::AtlasCompatible => shipgate_sql::statements(self.dialect, mode, text),
        }
    }

    /// Goes on behind a statement, which may have changed the settings.
    pub(super) fn pass(&mut self, statement: &Statement<'_>) {
        self.options = self.options.after(self.initial, self.dialect, statement);
    }
}

/// That of a fresh session on a server with its own defaults.
impl From<Dialect> for Syntax {
    fn from(dialect: Dialect) -> Self {
        Self {
            dialect,
            initial: SplitOptions::default(),
            options: SplitOptions::default(),
        }
    }
}

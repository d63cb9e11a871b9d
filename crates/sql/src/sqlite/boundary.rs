//! Where a statement ends: at its `;`, or for `CREATE TRIGGER` at the `;`
//! after an `END` that follows a `;`.

/// How far a statement has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Boundary {
    /// Nothing but blanks and comments yet.
    Start,
    /// `EXPLAIN` and words that are no statement of their own.
    Explain,
    /// `CREATE`, perhaps with `TEMP`.
    Create,
    /// Any other statement: the next `;` ends it.
    Plain,
    /// In a trigger's head or in a statement of its body.
    Trigger,
    /// In a trigger, after a `;`.
    TriggerStatementDone,
    /// In a trigger, after `; END`.
    TriggerEnd,
}

impl Boundary {
    /// After a `;`. [`Boundary::Start`] means that the statement is complete.
    pub(crate) fn after_semicolon(self) -> Self {
        match self {
            Self::Trigger | Self::TriggerStatementDone => Self::TriggerStatementDone,
            _ => Self::Start,
        }
    }

    /// After a keyword, a name or a number.
    pub(crate) fn after_word(self, word: &str) -> Self {
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        match self {
            Self::Start if is("EXPLAIN") => Self::Explain,
            Self::Start | Self::Explain if is("CREATE") => Self::Create,
            Self::Explain if is("QUERY") || is("PLAN") => Self::Explain,
            Self::Create if is("TEMP") || is("TEMPORARY") => Self::Create,
            Self::Create if is("TRIGGER") => Self::Trigger,
            Self::TriggerStatementDone if is("END") => Self::TriggerEnd,
            _ => self.after_other(),
        }
    }

    /// After anything else that is neither blank nor comment.
    pub(crate) fn after_other(self) -> Self {
        match self {
            Self::Start | Self::Explain | Self::Create | Self::Plain => Self::Plain,
            Self::Trigger | Self::TriggerStatementDone | Self::TriggerEnd => Self::Trigger,
        }
    }

    /// Whether the text may end here without a `;`.
    pub(crate) fn may_end(self) -> bool {
        !matches!(self, Self::Trigger | Self::TriggerStatementDone)
    }
}

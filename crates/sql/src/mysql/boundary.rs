//! Where a statement ends: at a `;` outside the blocks of a routine.

use super::routine::{Object, Routine};

/// How far a statement has come.
#[derive(Clone, Debug, Default)]
pub(crate) enum Boundary {
    #[default]
    Start,
    /// After `CREATE`: what it creates is not known yet.
    Create(Definer),
    /// After `ALTER`, which may give an event a new body.
    Alter(Definer),
    /// After `BEGIN`; `BEGIN NOT ATOMIC` opens a block in MariaDB.
    Begin,
    BeginNot,
    Routine(Box<Routine>),
    Plain,
}

/// Whether the next word is part of `DEFINER = user@host`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Definer {
    No,
    Next,
}

/// Words after `CREATE` that say that no body follows.
const WITHOUT_BODY: [&str; 16] = [
    "TABLE",
    "VIEW",
    "INDEX",
    "DATABASE",
    "SCHEMA",
    "USER",
    "ROLE",
    "SERVER",
    "TABLESPACE",
    "LOGFILE",
    "SEQUENCE",
    "UNIQUE",
    "FULLTEXT",
    "SPATIAL",
    "TEMPORARY",
    "RESOURCE",
];

impl Boundary {
    /// Whether words no longer matter.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain)
    }

    /// Whether a `;` here ends the statement.
    pub(crate) fn after_semicolon(&mut self) -> bool {
        match self {
            Self::Routine(routine) => routine.after_semicolon(),
            _ => true,
        }
    }

    pub(crate) fn after_word(&mut self, word: &str, maria: bool) {
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        match self {
            Self::Routine(routine) => routine.after_word(word, maria),
            Self::Start if is("CREATE") => *self = Self::Create(Definer::No),
            Self::Start if is("ALTER") => *self = Self::Alter(Definer::No),
            Self::Start if is("BEGIN") && maria => *self = Self::Begin,
            Self::Start if maria && Routine::opens(word) => {
                let mut routine = Routine::body();
                routine.after_word(word, maria);
                *self = Self::Routine(Box::new(routine));
            }
            Self::Begin if is("NOT") => *self = Self::BeginNot,
            Self::BeginNot if is("ATOMIC") => {
                let mut routine = Routine::body();
                routine.after_word("BEGIN", maria);
                *self = Self::Routine(Box::new(routine));
            }
            Self::Create(definer @ Definer::Next) | Self::Alter(definer @ Definer::Next) => {
                *definer = Definer::No;
            }
            Self::Create(_) => {
                if let Some(object) = Object::of(word) {
                    *self = Self::Routine(Box::new(Routine::head(object)));
                } else if WITHOUT_BODY.iter().any(|keyword| is(keyword)) {
                    *self = Self::Plain;
                }
            }
            Self::Alter(_) if is("EVENT") => {
                *self = Self::Routine(Box::new(Routine::head(Object::Event)));
            }
            Self::Alter(_) if is("DEFINER") => {}
            _ => *self = Self::Plain,
        }
    }

    pub(crate) fn after_open(&mut self) {
        if let Self::Routine(routine) = self {
            routine.after_open();
        } else {
            self.after_other("(");
        }
    }

    pub(crate) fn after_close(&mut self) {
        if let Self::Routine(routine) = self {
            routine.after_close();
        } else {
            self.after_other(")");
        }
    }

    /// After anything else that is neither blank nor comment.
    pub(crate) fn after_other(&mut self, token: &str) {
        match self {
            Self::Routine(routine) => routine.after_other(token),
            Self::Create(definer) | Self::Alter(definer) => {
                *definer = if matches!(token, "=" | "@") {
                    Definer::Next
                } else {
                    Definer::No
                };
            }
            _ => *self = Self::Plain,
        }
    }

    pub(crate) fn in_block(&self) -> bool {
        matches!(self, Self::Routine(routine) if routine.in_block())
    }
}

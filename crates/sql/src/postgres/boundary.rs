//! Where a statement ends: at a `;` outside parentheses and outside the body
//! of a function in standard SQL.

/// How far a statement has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Boundary {
    shape: Shape,
    parentheses: usize,
    /// Bytes from the statement's start to the outermost open `(`.
    pub(crate) opened: usize,
    blocks: usize,
    /// The word before was one after which any word is a name.
    names_next: bool,
    begins: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shape {
    #[default]
    Start,
    Create,
    Or,
    Replace,
    Routine,
    Plain,
}

impl Boundary {
    /// Whether words no longer matter.
    pub(crate) fn is_plain(&self) -> bool {
        self.shape == Shape::Plain
    }

    /// Whether a `;` here ends the statement.
    pub(crate) fn after_semicolon(&mut self) -> bool {
        self.names_next = false;
        self.begins = false;
        self.parentheses == 0 && self.blocks == 0
    }

    pub(crate) fn after_open(&mut self, offset: usize) {
        if self.parentheses == 0 {
            self.opened = offset;
        }
        self.parentheses += 1;
        self.after_other();
    }

    pub(crate) fn after_close(&mut self) {
        self.parentheses = self.parentheses.saturating_sub(1);
        self.after_other();
    }

    pub(crate) fn after_word(&mut self, word: &str) {
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        self.shape = match self.shape {
            Shape::Start if is("CREATE") => Shape::Create,
            Shape::Create if is("OR") => Shape::Or,
            Shape::Or if is("REPLACE") => Shape::Replace,
            Shape::Create | Shape::Replace if is("FUNCTION") || is("PROCEDURE") => Shape::Routine,
            Shape::Routine => return self.in_routine(word),
            _ => Shape::Plain,
        };
    }

    fn in_routine(&mut self, word: &str) {
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        let is_name = std::mem::replace(&mut self.names_next, is("AS"));
        let begins = std::mem::replace(&mut self.begins, is("BEGIN") && !is_name);
        if is_name {
            return;
        }
        if begins && is("ATOMIC") || self.blocks > 0 && is("CASE") {
            self.blocks += 1;
        } else if is("END") {
            self.blocks = self.blocks.saturating_sub(1);
        }
    }

    /// After a `.`: a name of any spelling follows.
    pub(crate) fn after_dot(&mut self) {
        self.after_other();
        self.names_next = true;
    }

    /// After anything else that is neither blank nor comment.
    pub(crate) fn after_other(&mut self) {
        self.names_next = false;
        self.begins = false;
        if self.shape != Shape::Routine {
            self.shape = Shape::Plain;
        }
    }

    pub(crate) fn in_block(&self) -> bool {
        self.blocks > 0
    }

    pub(crate) fn in_parentheses(&self) -> bool {
        self.parentheses > 0
    }
}

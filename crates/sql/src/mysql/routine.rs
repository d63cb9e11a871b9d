//! The blocks in the body of a procedure, function, trigger or event.
//!
//! `IF`, `REPEAT`, `CASE` and `END` are also functions, expressions and names;
//! which one a word is shows where it stands: only at the start of a
//! statement does it open or close a block of statements.

/// What has a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    /// A procedure or a function: the body follows the parameters.
    Routine,
    /// The body follows `FOR EACH ROW`.
    Trigger,
    /// The body follows `DO`.
    Event,
}

impl Object {
    pub(crate) fn of(word: &str) -> Option<Self> {
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        if is("PROCEDURE") || is("FUNCTION") {
            Some(Self::Routine)
        } else if is("TRIGGER") {
            Some(Self::Trigger)
        } else if is("EVENT") {
            Some(Self::Event)
        } else {
            None
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Begin,
    If,
    Loop,
    /// `WHILE` and `FOR`: statements follow `DO`.
    While,
    Repeat,
    /// In the condition after `UNTIL`.
    Until,
    Case,
    CaseExpression,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the body.
    Head(Object),
    /// A statement begins here.
    Statement,
    /// After a statement's first word, which may be a label.
    Label,
    /// A statement follows after other words: characteristics of a routine,
    /// conditions of a handler.
    Before,
    /// `DECLARE`, whose statement or condition follows `FOR`.
    Declaration,
    /// In a statement.
    Inside,
    /// After `END`, whose kind may follow.
    End,
}

/// How far the definition of a routine has come.
#[derive(Clone, Debug)]
pub(crate) struct Routine {
    place: Place,
    blocks: Vec<Block>,
    parentheses: usize,
    /// The word before was `CHARACTER` or `RETURNS`: `SET` is part of a type.
    type_next: bool,
}

/// Words that begin a statement that holds no other.
const SIMPLE: [&str; 12] = [
    "SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "SET", "CALL", "RETURN", "WITH", "TRUNCATE",
    "SIGNAL", "VALUES",
];

impl Routine {
    pub(crate) fn head(object: Object) -> Self {
        Self {
            place: Place::Head(object),
            blocks: Vec::new(),
            parentheses: 0,
            type_next: false,
        }
    }

    /// A routine that begins with its body.
    pub(crate) fn body() -> Self {
        Self {
            place: Place::Statement,
            ..Self::head(Object::Routine)
        }
    }

    /// Whether a statement that begins so holds others.
    pub(crate) fn opens(word: &str) -> bool {
        block(word, true).is_some_and(|block| block != Block::Begin)
    }

    pub(crate) fn in_block(&self) -> bool {
        !self.blocks.is_empty()
    }

    /// Whether a `;` here ends the definition.
    pub(crate) fn after_semicolon(&mut self) -> bool {
        self.place = Place::Statement;
        self.parentheses = 0;
        self.blocks.is_empty()
    }

    pub(crate) fn after_open(&mut self) {
        self.parentheses += 1;
        self.settle();
    }

    pub(crate) fn after_close(&mut self) {
        self.parentheses = self.parentheses.saturating_sub(1);
        if self.parentheses == 0 && self.place == Place::Head(Object::Routine) {
            self.place = Place::Before;
        }
    }

    pub(crate) fn after_other(&mut self, token: &str) {
        match self.place {
            Place::Label if token == ":" => self.place = Place::Statement,
            // A label in quotes.
            Place::Statement if token.starts_with('`') => self.place = Place::Label,
            _ => self.settle(),
        }
    }

    /// What is no word leaves the start of a statement behind.
    fn settle(&mut self) {
        self.type_next = false;
        if matches!(self.place, Place::Statement | Place::Label | Place::End) {
            self.place = Place::Inside;
        }
    }

    pub(crate) fn after_word(&mut self, word: &str, maria: bool) {
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        let in_type = std::mem::replace(&mut self.type_next, is("CHARACTER") || is("RETURNS"));
        let place = self.place;
        let top = self.blocks.last().copied();
        let opens_here = matches!(place, Place::Statement | Place::Before);
        self.place = match place {
            Place::End => Place::Inside,
            _ if is("END") && self.closes_here() => match self.blocks.pop() {
                Some(Block::CaseExpression) => place,
                _ => Place::End,
            },
            Place::Head(Object::Trigger) if is("ROW") => Place::Before,
            Place::Head(Object::Event) if is("DO") => Place::Statement,
            Place::Head(_) => place,
            _ if opens_here && block(word, maria).is_some() => {
                self.blocks.extend(block(word, maria));
                if is("BEGIN") || is("LOOP") || is("REPEAT") {
                    Place::Statement
                } else {
                    Place::Inside
                }
            }
            _ if is("CASE") => {
                self.blocks.push(Block::CaseExpression);
                place
            }
            _ if (is("THEN") || is("ELSE")) && matches!(top, Some(Block::If | Block::Case)) => {
                Place::Statement
            }
            Place::Inside if is("DO") && top == Some(Block::While) => Place::Statement,
            Place::Statement if is("UNTIL") && top == Some(Block::Repeat) => {
                self.blocks.pop();
                self.blocks.push(Block::Until);
                Place::Inside
            }
            Place::Statement if is("ELSEIF") || is("WHEN") => Place::Inside,
            Place::Statement if is("DECLARE") => Place::Declaration,
            Place::Statement => Place::Label,
            Place::Declaration if is("FOR") => Place::Before,
            Place::Before if in_type => place,
            Place::Before if SIMPLE.iter().any(|keyword| is(keyword)) => Place::Inside,
            Place::Label => Place::Inside,
            _ => place,
        };
    }

    fn closes_here(&self) -> bool {
        match self.blocks.last() {
            Some(Block::CaseExpression | Block::Until) => true,
            Some(_) => self.place == Place::Statement,
            None => false,
        }
    }
}

fn block(word: &str, maria: bool) -> Option<Block> {
    let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
    Some(match word.len() {
        5 if is("BEGIN") => Block::Begin,
        2 if is("IF") => Block::If,
        4 if is("CASE") => Block::Case,
        4 if is("LOOP") => Block::Loop,
        5 if is("WHILE") => Block::While,
        6 if is("REPEAT") => Block::Repeat,
        3 if maria && is("FOR") => Block::While,
        _ => return None,
    })
}

//! Command lines: split as Fly splits them, expanded without a shell.
//!
//! Splitting is google/shlex's, which Fly uses: blanks separate words, `'...'`
//! is literal, `\x` is `x` (also within `"..."`, for any `x`), and a `#` at
//! the start of a word begins a comment that ends with the line. References to
//! variables are found while splitting and expanded later, so a value with
//! blanks stays one word.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use crate::origin::Origin;
use crate::redact;
use crate::template::{self, BadReference, Piece, Reference, UnsetName};

/// One word of a command line.
#[derive(Clone, PartialEq, Eq)]
pub struct Word {
    pieces: Vec<Piece>,
}

impl Word {
    /// A word that stands for itself.
    pub fn literal(text: &str) -> Self {
        let pieces = if text.is_empty() {
            Vec::new()
        } else {
            vec![Piece::Text(text.to_owned())]
        };
        Self { pieces }
    }

    /// The parts of the word.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }
}

/// A program and its arguments, split but not expanded.
///
/// `Debug` and `Display` show it as written, secrets masked.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandLine {
    text: String,
    words: Vec<Word>,
    origin: Origin,
}

/// Why a text is no command line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadCommand {
    /// A quote that is not closed.
    #[error("EOF found when expecting closing quote")]
    OpenQuote,
    /// A backslash at the end.
    #[error("EOF found after escape character")]
    TrailingBackslash,
    /// Something only a shell understands.
    #[error("{construct} needs a shell, and a command is run without one")]
    Shell {
        /// What was found: "`&&`", "`NAME=value` before a command".
        construct: String,
        /// The command that would work.
        instead: String,
    },
    /// A reference that cannot be read.
    #[error(transparent)]
    Reference(#[from] BadReference),
}

impl BadCommand {
    /// What would be right.
    pub fn hint(&self) -> String {
        match self {
            Self::OpenQuote => {
                "close the quote; a quote that is part of a word is written \\' or \\\"".to_owned()
            }
            Self::TrailingBackslash => "remove the backslash, or write \\\\ for one".to_owned(),
            Self::Shell { instead, .. } => {
                format!("write {instead} or, where it is meant literally, put quotes around it")
            }
            Self::Reference(reference) => reference.hint().to_owned(),
        }
    }
}

impl CommandLine {
    /// Splits `text` into words.
    ///
    /// # Errors
    /// An open quote, a trailing backslash, shell syntax outside quotes, or a
    /// reference that cannot be read.
    pub fn parse(text: &str, origin: Origin) -> Result<Self, BadCommand> {
        Ok(Self {
            text: text.to_owned(),
            words: Splitter::new(text).split()?,
            origin,
        })
    }

    /// A command given word by word; nothing in it is expanded.
    pub fn literal<'w>(words: impl IntoIterator<Item = &'w str>, origin: Origin) -> Self {
        let words: Vec<&str> = words.into_iter().collect();
        Self {
            text: words
                .iter()
                .map(|word| quote(word))
                .collect::<Vec<_>>()
                .join(" "),
            words: words.into_iter().map(Word::literal).collect(),
            origin,
        }
    }

    /// This command followed by the words of `arguments`, as an image's
    /// ENTRYPOINT is followed by a command.
    pub fn followed_by(&self, arguments: &Self) -> Self {
        Self {
            text: format!("{} {}", self.text, arguments.text),
            words: [&self.words[..], &arguments.words[..]].concat(),
            origin: arguments.origin.clone(),
        }
    }

    /// Program and arguments with every name replaced by its value.
    ///
    /// # Errors
    /// The first name without a value.
    pub fn expand(
        &self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<String>, UnsetName> {
        self.words
            .iter()
            .map(|word| template::expand(&word.pieces, &lookup, &self.origin))
            .collect()
    }

    /// The names referred to.
    pub fn names(&self) -> BTreeSet<&str> {
        template::names(self.words.iter().flat_map(|word| &word.pieces))
    }

    /// The words. None at all for an empty text.
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The text as written. It may hold a secret.
    pub fn as_written(&self) -> &str {
        &self.text
    }

    /// Where it was written.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(&self.text))
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandLine({:?})", redact(&self.text))
    }
}

/// A word so quoted that splitting gives it back, nothing in it expanded.
pub fn quote(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "_-./:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) && !is_assignment(word) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

struct Splitter<'t> {
    text: &'t str,
    at: usize,
    words: Vec<Word>,
    /// The word being read; `Some` also while it is still empty (`''`).
    word: Option<Vec<Piece>>,
    /// Whether everything of the word so far stood outside quotes.
    bare: bool,
}

impl<'t> Splitter<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            words: Vec::new(),
            word: None,
            bare: true,
        }
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.text[self.at..].chars().next()?;
        self.at += letter.len_utf8();
        Some(letter)
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn split(mut self) -> Result<Vec<Word>, BadCommand> {
        while let Some(letter) = self.next() {
            match letter {
                ' ' | '\t' | '\r' | '\n' => self.end_word()?,
                '#' if self.word.is_none() => while !matches!(self.next(), None | Some('\n')) {},
                '\'' => self.single_quoted()?,
                '"' => self.double_quoted()?,
                '\\' => {
                    let letter = self.next().ok_or(BadCommand::TrailingBackslash)?;
                    self.bare = false;
                    self.push(letter);
                }
                '$' if self.peek() == Some('(') => return Err(self.shell("`$(`")),
                '$' => self.reference()?,
                '&' | '|' | ';' | '<' | '>' | '`' => self.operator(letter)?,
                letter => self.push(letter),
            }
        }
        self.end_word()?;
        Ok(self.words)
    }

    fn push(&mut self, letter: char) {
        template::push_text(self.word.get_or_insert_default(), letter);
    }

    fn end_word(&mut self) -> Result<(), BadCommand> {
        if let Some(pieces) = self.word.take() {
            let assigns = match pieces.first() {
                Some(Piece::Text(text)) => self.bare && is_assignment(text),
                _ => false,
            };
            if self.words.is_empty() && assigns {
                return Err(BadCommand::Shell {
                    construct: "`NAME=value` before a command".to_owned(),
                    instead: format!("`env {}`", redact(self.text)),
                });
            }
            self.words.push(Word { pieces });
        }
        self.bare = true;
        Ok(())
    }

    fn single_quoted(&mut self) -> Result<(), BadCommand> {
        self.bare = false;
        self.word.get_or_insert_default();
        loop {
            match self.next().ok_or(BadCommand::OpenQuote)? {
                '\'' => return Ok(()),
                letter => self.push(letter),
            }
        }
    }

    fn double_quoted(&mut self) -> Result<(), BadCommand> {
        self.bare = false;
        self.word.get_or_insert_default();
        loop {
            match self.next().ok_or(BadCommand::OpenQuote)? {
                '"' => return Ok(()),
                '\\' => {
                    let letter = self.next().ok_or(BadCommand::TrailingBackslash)?;
                    self.push(letter);
                }
                '$' => self.reference()?,
                letter => self.push(letter),
            }
        }
    }

    fn reference(&mut self) -> Result<(), BadCommand> {
        let (found, length) = template::reference(&self.text[self.at..])?;
        self.at += length;
        match found {
            Reference::Name(name) => self.word.get_or_insert_default().push(Piece::Name(name)),
            Reference::Dollar => self.push('$'),
        }
        Ok(())
    }

    /// A letter outside quotes that means something to a shell. A single `&`
    /// inside a word (`http://host/?a=1&b=2`) is let through, as on Fly.
    fn operator(&mut self, letter: char) -> Result<(), BadCommand> {
        let doubled = self.peek() == Some(letter);
        let followed = self.peek().is_some_and(|next| !next.is_whitespace());
        if letter == '&' && !doubled && followed && self.word.is_some() {
            self.push(letter);
            return Ok(());
        }
        let construct = if doubled {
            format!("`{letter}{letter}`")
        } else if letter == '`' {
            "a backtick".to_owned()
        } else {
            format!("`{letter}`")
        };
        Err(self.shell(&construct))
    }

    fn shell(&self, construct: &str) -> BadCommand {
        let command = redact(self.text.trim()).replace('\'', "'\\''");
        BadCommand::Shell {
            construct: construct.to_owned(),
            instead: format!("sh -c '{command}'"),
        }
    }
}

/// Whether a word is `NAME=value`, which a shell would not take as a program.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    })
}

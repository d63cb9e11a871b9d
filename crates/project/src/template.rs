//! Text with `$NAME` and `${NAME}` in it, expanded later.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use crate::origin::Origin;
use crate::{redact, url_places};

/// A part of a word or of a [`Template`].
#[derive(Clone, PartialEq, Eq)]
pub enum Piece {
    /// Stands for itself.
    Text(String),
    /// Stands for the value of the variable of this name.
    Name(String),
}

/// A name in a command or URL that has no value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{name}` is not set; {at} refers to it")]
pub struct UnsetName {
    /// The name.
    pub name: String,
    /// Where it is referred to.
    pub origin: Origin,
    /// The place in words.
    at: String,
}

impl UnsetName {
    pub(crate) fn new(name: &str, origin: &Origin) -> Self {
        let at = match origin {
            Origin::File { line, .. } => format!("line {line} of the project file"),
            other => other.to_string(),
        };
        Self {
            name: name.to_owned(),
            origin: origin.clone(),
            at,
        }
    }
}

/// A reference that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadReference {
    /// `${` without `}`.
    #[error("`${{` without a closing `}}`")]
    Unclosed,
    /// Something between the braces that is no name, such as a default value.
    #[error("`${{{0}}}` is not a reference to a variable")]
    NotAName(String),
}

impl BadReference {
    /// What would be right.
    pub fn hint(&self) -> &'static str {
        "`$NAME` and `${NAME}` are expanded, `$$` is a dollar; default values and the like need a shell: sh -c '...'"
    }
}

/// What follows a dollar sign.
pub(crate) enum Reference {
    /// The variable of this name.
    Name(String),
    /// A dollar (`$$`, or a `$` that introduces no name).
    Dollar,
}

/// Reads what follows a `$`; `rest` begins behind it. Returns the reference
/// and how many bytes of `rest` belong to it.
pub(crate) fn reference(rest: &str) -> Result<(Reference, usize), BadReference> {
    if rest.starts_with('$') {
        return Ok((Reference::Dollar, 1));
    }
    if let Some(inner) = rest.strip_prefix('{') {
        let end = inner.find('}').ok_or(BadReference::Unclosed)?;
        let name = &inner[..end];
        if name.is_empty() || name_length(name) != name.len() {
            return Err(BadReference::NotAName(name.to_owned()));
        }
        return Ok((Reference::Name(name.to_owned()), end + 2));
    }
    match name_length(rest) {
        0 => Ok((Reference::Dollar, 0)),
        length => Ok((Reference::Name(rest[..length].to_owned()), length)),
    }
}

fn name_length(text: &str) -> usize {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return 0;
    }
    text.bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count()
}

pub(crate) fn push_text(pieces: &mut Vec<Piece>, letter: char) {
    match pieces.last_mut() {
        Some(Piece::Text(text)) => text.push(letter),
        _ => pieces.push(Piece::Text(letter.to_string())),
    }
}

pub(crate) fn expand(
    pieces: &[Piece],
    lookup: &dyn Fn(&str) -> Option<String>,
    origin: &Origin,
) -> Result<String, UnsetName> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Name(name) => {
                text.push_str(&lookup(name).ok_or_else(|| UnsetName::new(name, origin))?);
            }
        }
    }
    Ok(text)
}

pub(crate) fn names<'p>(pieces: impl Iterator<Item = &'p Piece>) -> BTreeSet<&'p str> {
    pieces
        .filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
        .collect()
}

/// A URL or other text with references to variables: `$NAME`, `${NAME}`; `$$`
/// is a dollar. `Debug` and `Display` show it unexpanded, passwords masked.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
    origin: Origin,
}

impl Template {
    /// Reads the references in `text`.
    ///
    /// # Errors
    /// A reference that cannot be read.
    pub fn parse(text: &str, origin: Origin) -> Result<Self, BadReference> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            rest = &rest[letter.len_utf8()..];
            if letter != '$' {
                push_text(&mut pieces, letter);
                continue;
            }
            let (found, length) = reference(rest)?;
            rest = &rest[length..];
            match found {
                Reference::Name(name) => pieces.push(Piece::Name(name)),
                Reference::Dollar => push_text(&mut pieces, '$'),
            }
        }
        Ok(Self {
            text: text.to_owned(),
            pieces,
            origin,
        })
    }

    /// The text with every name replaced by its value.
    ///
    /// # Errors
    /// The first name without a value.
    pub fn expand(&self, lookup: impl Fn(&str) -> Option<String>) -> Result<String, UnsetName> {
        expand(&self.pieces, &lookup, &self.origin)
    }

    /// As [`Self::expand`], for a URL: values are taken as they are meant and
    /// escaped as their places in the URL ask for, so that a password may hold
    /// an `@`. A value the URL begins with is a part of a URL itself and stays
    /// as it is, and so does a host.
    ///
    /// # Errors
    /// The first name without a value.
    pub fn expand_url(&self, lookup: impl Fn(&str) -> Option<String>) -> Result<String, UnsetName> {
        url_places::expand(&self.pieces, &lookup, &self.origin)
    }

    /// The names referred to.
    pub fn names(&self) -> BTreeSet<&str> {
        names(self.pieces.iter())
    }

    /// The text as written. It may hold a password.
    pub fn as_written(&self) -> &str {
        &self.text
    }

    /// Where it was written.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(&self.text))
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({:?})", redact(&self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        (name == "HOST").then(|| "db one".to_owned())
    }

    fn expanded(text: &str) -> Result<String, UnsetName> {
        Template::parse(text, Origin::Default)
            .unwrap()
            .expand(lookup)
    }

    #[test]
    fn both_forms_of_a_reference_are_replaced() {
        assert_eq!(expanded("pg://$HOST/x").unwrap(), "pg://db one/x");
        assert_eq!(expanded("pg://${HOST}x").unwrap(), "pg://db onex");
    }

    #[test]
    fn two_dollars_are_one_and_a_lone_dollar_stays() {
        assert_eq!(expanded("a$$HOST $ $1 b$").unwrap(), "a$HOST $ $1 b$");
    }

    #[test]
    fn a_name_without_a_value_is_an_error_that_names_it_and_its_line() {
        let origin = Origin::File { line: 7, column: 3 };
        let template = Template::parse("pg://$PGHOST", origin).unwrap();
        let error = template.expand(lookup).unwrap_err();
        assert_eq!(error.name, "PGHOST");
        assert_eq!(
            error.to_string(),
            "`PGHOST` is not set; line 7 of the project file refers to it"
        );
        assert_eq!(template.names().into_iter().collect::<Vec<_>>(), ["PGHOST"]);
    }

    #[test]
    fn default_values_and_open_braces_are_refused() {
        let parse = |text| Template::parse(text, Origin::Default).unwrap_err();
        assert_eq!(parse("${A:-b}"), BadReference::NotAName("A:-b".to_owned()));
        assert_eq!(parse("${"), BadReference::Unclosed);
        assert_eq!(
            parse("${}").to_string(),
            "`${}` is not a reference to a variable"
        );
    }

    #[test]
    fn debug_does_not_show_a_password() {
        let template = Template::parse("pg://u:pw@h/d", Origin::Default).unwrap();
        assert_eq!(format!("{template:?}"), "Template(\"pg://u:***@h/d\")");
    }
}

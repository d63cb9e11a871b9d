//! The words of a statement, one after the other.

use shipgate_sql::{Dialect, quoted_name, words};

/// A name, perhaps with its schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::apply) struct Name {
    pub(in crate::apply) schema: Option<String>,
    pub(in crate::apply) name: String,
}

impl Name {
    /// It as the dialect's SQL writes it.
    pub(super) fn quoted(&self, dialect: Dialect) -> String {
        let name = quoted_name(dialect, &self.name);
        match &self.schema {
            Some(schema) => format!("{}.{name}", quoted_name(dialect, schema)),
            None => name,
        }
    }
}

/// Reads a statement's words.
#[derive(Clone)]
pub(super) struct Reader<'t> {
    dialect: Dialect,
    words: Vec<&'t str>,
    at: usize,
}

/// More words than this are not needed to know what a statement is about.
const MOST_WORDS: usize = 4096;

impl<'t> Reader<'t> {
    pub(super) fn new(dialect: Dialect, statement: &'t str) -> Self {
        Self {
            dialect,
            words: words(dialect, statement).take(MOST_WORDS).collect(),
            at: 0,
        }
    }

    /// Whether the next word is this one; if so, it is passed.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let is = self
            .words
            .get(self.at)
            .is_some_and(|next| next.eq_ignore_ascii_case(word));
        self.at += usize::from(is);
        is
    }

    /// Passes these words one after the other, as far as they come.
    pub(super) fn take_all(&mut self, words: &[&str]) -> bool {
        words.iter().all(|word| self.take(word))
    }

    /// Passes everything up to and with this word.
    pub(super) fn seek(&mut self, word: &str) -> bool {
        match self.words[self.at.min(self.words.len())..]
            .iter()
            .position(|next| next.eq_ignore_ascii_case(word))
        {
            Some(distance) => {
                self.at += distance + 1;
                true
            }
            None => false,
        }
    }

    /// Whether this word comes anywhere.
    pub(super) fn has(&self, word: &str) -> bool {
        self.words
            .iter()
            .any(|next| next.eq_ignore_ascii_case(word))
    }

    /// The next word.
    pub(super) fn peek(&self) -> Option<&'t str> {
        self.words.get(self.at).copied()
    }

    /// The next word, passed.
    pub(super) fn next(&mut self) -> Option<&'t str> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }

    /// The next name with its schema, passed.
    pub(super) fn name(&mut self) -> Option<Name> {
        let first = self.identifier()?;
        if !self.take(".") {
            return Some(Name {
                schema: None,
                name: first,
            });
        }
        Some(Name {
            schema: Some(first),
            name: self.identifier()?,
        })
    }

    /// Names divided by commas.
    pub(super) fn names(&mut self) -> Vec<Name> {
        let mut names = Vec::new();
        while let Some(name) = self.name() {
            names.push(name);
            if !self.take(",") {
                break;
            }
        }
        names
    }

    fn identifier(&mut self) -> Option<String> {
        let word = self.next()?;
        let mark = word.chars().next()?;
        let quoted = |mark: char| {
            let inner = word.strip_prefix(mark)?.strip_suffix(mark)?;
            Some(inner.replace(&String::from_iter([mark, mark]), &mark.to_string()))
        };
        match (mark, self.dialect) {
            ('"', _) => quoted('"'),
            ('`', Dialect::MySql | Dialect::MariaDb | Dialect::Sqlite) => quoted('`'),
            (first, _) if first.is_alphanumeric() || first == '_' || first == '$' => {
                Some(match self.dialect {
                    Dialect::Postgres => word.to_lowercase(),
                    _ => word.to_owned(),
                })
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use shipgate_sql::Dialect;

    use super::Reader;

    #[test]
    fn names_are_read_as_the_dialect_means_them() {
        let names = |dialect, text| {
            let names = Reader::new(dialect, text).names();
            names.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            names(Dialect::Postgres, "App.\"T\"\"x\", u RESTRICT"),
            ["app.T\"x", "u"]
        );
        assert_eq!(names(Dialect::MariaDb, "`a`.`b`, C;"), ["a.b", "C"]);
    }
}

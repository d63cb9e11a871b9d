//! The file as a tree of values, each with its place. TOML and JSON end here.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Complaint, Diagnostic, Fault};
use crate::origin::Origin;
use crate::source::Source;

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) origin: Origin,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(String),
    Array(Vec<Node>),
    Table(Table),
}

impl Content {
    /// What a person calls it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Boolean(_) => "a boolean",
            Self::Datetime(_) => "a date",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
        }
    }
}

/// A key, its place, its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) origin: Origin,
    pub(crate) node: Node,
}

/// Keys in the order of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
}

impl Table {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        entry.map(|entry| &entry.node)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let entry = self.entries.iter_mut().find(|entry| entry.key == key);
        entry.map(|entry| &mut entry.node)
    }

    pub(crate) fn take(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at))
    }

    /// Puts a value under a key, in place of the one there.
    pub(crate) fn put(&mut self, key: &str, node: Node) {
        match self.get_mut(key) {
            Some(there) => *there = node,
            None => self.entries.push(Entry {
                key: key.to_owned(),
                origin: node.origin.clone(),
                node,
            }),
        }
    }

    /// The table under `key`, made if it is absent; `None` if something else
    /// is there.
    pub(crate) fn table_mut(&mut self, key: &str, origin: &Origin) -> Option<&mut Self> {
        if self.get(key).is_none() {
            let content = Content::Table(Self::default());
            let origin = origin.clone();
            self.put(key, Node { origin, content });
        }
        match self.get_mut(key) {
            Some(Node {
                content: Content::Table(table),
                ..
            }) => Some(table),
            _ => None,
        }
    }
}

/// Reads TOML.
pub(crate) fn from_toml(source: &Source) -> Result<Table, Vec<Diagnostic>> {
    let (table, errors) = DeTable::parse_recoverable(source.text());
    let mut reader = FromToml {
        source,
        errors: errors
            .iter()
            .map(|error| {
                let at = error.span().map_or(0, |span| span.start);
                let complaint = Complaint::new(error.message());
                Diagnostic::new(source, source.origin(at), "", Fault::Syntax, complaint)
            })
            .collect(),
    };
    let table = reader.table(table.into_inner());
    // One mistake makes the parser stumble several times on the same line.
    reader
        .errors
        .dedup_by_key(|error| error.origin.place().map(|(line, _)| line));
    if reader.errors.is_empty() {
        Ok(table)
    } else {
        Err(reader.errors)
    }
}

struct FromToml<'s> {
    source: &'s Source,
    errors: Vec<Diagnostic>,
}

impl FromToml<'_> {
    fn table(&mut self, table: DeTable<'_>) -> Table {
        let mut entries: Vec<(usize, Entry)> = table
            .into_iter()
            .map(|(key, value)| {
                let at = key.span().start;
                let origin = self.source.origin(at);
                let node = self.node(value);
                let key = key.into_inner().into_owned();
                (at, Entry { key, origin, node })
            })
            .collect();
        entries.sort_by_key(|(at, _)| *at);
        Table {
            entries: entries.into_iter().map(|(_, entry)| entry).collect(),
        }
    }

    fn node(&mut self, value: Spanned<DeValue<'_>>) -> Node {
        let origin = self.source.origin(value.span().start);
        let content = match value.into_inner() {
            DeValue::String(text) => Content::String(text.into_owned()),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Content::Integer(number),
                    Err(_) => self.out_of_range(&origin),
                }
            }
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => Content::Float(number),
                Err(_) => self.out_of_range(&origin),
            },
            DeValue::Boolean(flag) => Content::Boolean(flag),
            DeValue::Datetime(date) => Content::Datetime(date.to_string()),
            DeValue::Array(array) => {
                Content::Array(array.into_iter().map(|value| self.node(value)).collect())
            }
            DeValue::Table(table) => Content::Table(self.table(table)),
        };
        Node { origin, content }
    }

    fn out_of_range(&mut self, origin: &Origin) -> Content {
        let complaint = Complaint::new("this number is out of range");
        let error = Diagnostic::new(self.source, origin.clone(), "", Fault::Syntax, complaint);
        self.errors.push(error);
        Content::Integer(0)
    }
}

//! Reads tables key by key, and keeps what is wrong, doubtful or of no use.
//!
//! A [`Section`] learns the keys it knows by being asked for them; what is
//! left when it is finished is unknown.

use std::time::Duration;

use crate::diagnostic::{Complaint, Diagnostic, Fault, Ignored};
use crate::duration::{self, Bare};
use crate::explain::Setting;
use crate::origin::{Origin, Sourced};
use crate::source::Source;
use crate::tree::{Content, Entry, Node, Table};
use crate::value::{self, Misfit, Value};

/// What was found while reading a file.
pub(crate) struct Reader {
    pub(crate) source: Source,
    pub(crate) errors: Vec<Diagnostic>,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) ignored: Vec<Ignored>,
    pub(crate) settings: Vec<Setting>,
}

impl Reader {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            errors: Vec::new(),
            warnings: Vec::new(),
            ignored: Vec::new(),
            settings: Vec::new(),
        }
    }

    pub(crate) fn error(&mut self, at: &Origin, key: &str, fault: Fault, complaint: Complaint) {
        let error = Diagnostic::new(&self.source, at.clone(), key, fault, complaint);
        self.errors.push(error);
    }

    pub(crate) fn warn(&mut self, at: &Origin, key: &str, fault: Fault, complaint: Complaint) {
        let warning = Diagnostic::new(&self.source, at.clone(), key, fault, complaint);
        self.warnings.push(warning);
    }

    fn note(&mut self, key: &str, value: &str, origin: &Origin) {
        self.settings.push(Setting {
            key: key.to_owned(),
            value: value::redacted(key, value),
            origin: origin.clone(),
        });
    }

    /// Reads the whole file as one section.
    pub(crate) fn document<T>(
        &mut self,
        table: Table,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        let origin = Origin::Default;
        self.section(String::new(), origin, table, read)
    }

    fn section<T>(
        &mut self,
        path: String,
        origin: Origin,
        table: Table,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        let mut section = Section {
            reader: self,
            path,
            origin,
            table,
            known: Vec::new(),
        };
        let value = read(&mut section);
        section.finish();
        value
    }
}

/// A table that is being read.
pub(crate) struct Section<'r> {
    reader: &'r mut Reader,
    path: String,
    origin: Origin,
    table: Table,
    known: Vec<&'static str>,
}

impl Section<'_> {
    /// Where the table is written; [`Origin::Default`] if it is not.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The full name of a key of this table.
    pub(crate) fn key(&self, name: &str) -> String {
        join(&self.path, name)
    }

    fn take(&mut self, name: &'static str) -> Option<Entry> {
        self.known.push(name);
        self.table.take(name)
    }

    /// Says that the value of `name` (or the key itself) is wrong.
    pub(crate) fn error(&mut self, at: &Origin, name: &str, fault: Fault, complaint: Complaint) {
        let key = self.key(name);
        self.reader.error(at, &key, fault, complaint);
    }

    /// Says that the value of `name` is doubtful.
    pub(crate) fn warn(&mut self, at: &Origin, name: &str, fault: Fault, complaint: Complaint) {
        let key = self.key(name);
        self.reader.warn(at, &key, fault, complaint);
    }

    /// Says that `name` changes nothing, and why.
    pub(crate) fn ignore(&mut self, at: &Origin, name: &str, why: &'static str) {
        let ignored = Ignored {
            key: self.key(name),
            origin: at.clone(),
            why,
        };
        self.reader.ignored.push(ignored);
    }

    fn read<V: Value>(&mut self, key: &str, node: &Node) -> Option<V> {
        match V::read(node) {
            Ok(value) => Some(value),
            Err(Misfit::Type) => {
                self.wrong_type(key, node, V::EXPECTED);
                None
            }
            Err(Misfit::Value(complaint)) => {
                let fault = Fault::BadValue;
                self.reader.error(&node.origin, key, fault, complaint);
                None
            }
        }
    }

    fn wrong_type(&mut self, key: &str, node: &Node, expected: &str) {
        let found = node.content.type_name();
        let complaint = Complaint::new(format!("`{key}` is {found} and should be {expected}"));
        self.reader
            .error(&node.origin, key, Fault::WrongType, complaint);
    }

    /// The value of `name`, if the file has a right one.
    pub(crate) fn get<V: Value>(&mut self, name: &'static str) -> Option<Sourced<V>> {
        let node = self.take(name)?.node;
        let key = self.key(name);
        let value: V = self.read(&key, &node)?;
        self.reader.note(&key, &value.show(), &node.origin);
        Some(Sourced {
            value,
            origin: node.origin,
        })
    }

    /// The value of `name`, or its default.
    pub(crate) fn get_or<V: Value>(&mut self, name: &'static str, default: V) -> Sourced<V> {
        self.get(name).unwrap_or_else(|| {
            let key = self.key(name);
            self.reader.note(&key, &default.show(), &Origin::Default);
            Sourced::default(default)
        })
    }

    /// The value of `name`; its absence is an error.
    pub(crate) fn require<V: Value>(
        &mut self,
        name: &'static str,
        example: &str,
    ) -> Option<Sourced<V>> {
        if self.table.get(name).is_none() {
            self.known.push(name);
            self.missing(name, example);
            return None;
        }
        self.get(name)
    }

    /// Says that `name` has to be there.
    pub(crate) fn missing(&mut self, name: &str, example: &str) {
        let complaint = Complaint::new(format!("`{}` is missing", self.key(name)))
            .hint(format!("add {example}"));
        let at = self.origin.clone();
        self.error(&at, name, Fault::Missing, complaint);
    }

    /// A value that is understood and changes nothing here.
    pub(crate) fn get_ignored<V: Value>(
        &mut self,
        name: &'static str,
        why: &'static str,
    ) -> Option<Sourced<V>> {
        let value = self.get(name)?;
        self.ignore(&value.origin, name, why);
        Some(value)
    }

    /// A key whose content nobody looks at.
    pub(crate) fn opaque(&mut self, name: &'static str, why: &'static str) {
        if let Some(entry) = self.take(name) {
            self.ignore(&entry.origin, name, why);
        }
    }

    /// A duration, or its default.
    pub(crate) fn duration_or(
        &mut self,
        name: &'static str,
        bare: Bare,
        default: Duration,
    ) -> Sourced<Duration> {
        self.duration(name, bare).unwrap_or_else(|| {
            let key = self.key(name);
            let shown = value::quoted(&duration::show(default));
            self.reader.note(&key, &shown, &Origin::Default);
            Sourced::default(default)
        })
    }

    /// A duration: a Go string, or a bare number of the unit `bare` says.
    pub(crate) fn duration(&mut self, name: &'static str, bare: Bare) -> Option<Sourced<Duration>> {
        let Node { origin, content } = self.take(name)?.node;
        let outside = origin.place().is_none();
        let read = match content {
            Content::String(text) if outside && text == "none" => Ok(Duration::ZERO),
            Content::String(text) => match text.parse::<u64>() {
                Ok(number) if outside => Ok(Duration::from_secs(number)),
                _ => duration::parse(&text),
            },
            Content::Integer(number) => match u64::try_from(number) {
                Ok(number) => {
                    self.bare_number(name, &origin, bare, number);
                    Ok(bare.duration(number))
                }
                Err(_) => Err(Complaint::new(format!("{number} is negative"))
                    .hint("a duration of zero or more")),
            },
            content => {
                let key = self.key(name);
                self.wrong_type(
                    &key,
                    &Node { origin, content },
                    "a duration such as \"30s\"",
                );
                return None;
            }
        };
        match read {
            Ok(value) => {
                let key = self.key(name);
                let shown = value::quoted(&duration::show(value));
                self.reader.note(&key, &shown, &origin);
                Some(Sourced { value, origin })
            }
            Err(complaint) => {
                self.error(&origin, name, Fault::BadValue, complaint);
                None
            }
        }
    }

    fn bare_number(&mut self, name: &str, at: &Origin, bare: Bare, number: u64) {
        if bare == Bare::SecondsWhereFlyTakesNanoseconds && number > 0 {
            let complaint = Complaint::new(format!(
                "{number} is taken as {number} seconds; Fly takes a bare number here as {number} nanoseconds"
            ))
            .hint(format!("write \"{number}s\""));
            self.warn(at, name, Fault::BadValue, complaint);
        }
    }

    /// Says which value is taken in place of the one written.
    pub(crate) fn takes_instead(&mut self, name: &str, shown: &str) {
        let key = self.key(name);
        let mut settings = self.reader.settings.iter_mut().rev();
        if let Some(setting) = settings.find(|setting| setting.key == key) {
            setting.value = value::redacted(&key, shown);
        }
    }

    /// The items of an array; what is no array, and items that do not fit, are
    /// errors.
    pub(crate) fn list<V: Value>(&mut self, name: &'static str) -> Option<Vec<Sourced<V>>> {
        let Node { origin, content } = self.take(name)?.node;
        let key = self.key(name);
        let nodes = match content {
            Content::Array(nodes) => nodes,
            Content::String(text) if origin.place().is_none() => comma_separated(&text, &origin),
            content => {
                self.wrong_type(&key, &Node { origin, content }, "an array");
                return None;
            }
        };
        let mut items = Vec::with_capacity(nodes.len());
        for (at, node) in nodes.into_iter().enumerate() {
            let value = self.read(&format!("{key}[{at}]"), &node);
            let origin = node.origin;
            items.extend(value.map(|value| Sourced { value, origin }));
        }
        self.note_list(&key, &items, &origin);
        Some(items)
    }

    /// The items of an array, or its default.
    pub(crate) fn list_or<V: Value + Copy>(
        &mut self,
        name: &'static str,
        default: &[V],
    ) -> Sourced<Vec<Sourced<V>>> {
        let origin = self.table.get(name).map(|node| node.origin.clone());
        match (self.list(name), origin) {
            (Some(value), Some(origin)) => Sourced { value, origin },
            _ => {
                let items: Vec<_> = default.iter().copied().map(Sourced::default).collect();
                let key = self.key(name);
                self.note_list(&key, &items, &Origin::Default);
                Sourced::default(items)
            }
        }
    }

    fn note_list<V: Value>(&mut self, key: &str, items: &[Sourced<V>], origin: &Origin) {
        let shown: Vec<String> = items.iter().map(|item| item.show()).collect();
        self.reader
            .note(key, &format!("[{}]", shown.join(", ")), origin);
    }

    /// Reads the table under `name`; an absent one is read as an empty one.
    pub(crate) fn table<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        let (origin, table) = match self.take(name) {
            None => (Origin::Default, Table::default()),
            Some(entry) => match entry.node.content {
                Content::Table(table) => (entry.origin, table),
                content => {
                    let origin = entry.node.origin;
                    let key = self.key(name);
                    self.wrong_type(&key, &Node { origin, content }, "a table");
                    (Origin::Default, Table::default())
                }
            },
        };
        let path = self.key(name);
        self.reader.section(path, origin, table, read)
    }

    /// Reads the table under `name`, if there is one.
    pub(crate) fn optional_table<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> Option<T> {
        if self.table.get(name).is_some() {
            Some(self.table(name, read))
        } else {
            self.known.push(name);
            None
        }
    }

    /// Reads each table of the array `[[name]]`.
    pub(crate) fn tables<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&mut Section<'_>) -> T,
    ) -> Vec<T> {
        let Some(Entry { node, .. }) = self.take(name) else {
            return Vec::new();
        };
        let key = self.key(name);
        let Content::Array(nodes) = node.content else {
            self.wrong_type(&key, &node, &format!("an array of tables: [[{key}]]"));
            return Vec::new();
        };
        let mut values = Vec::with_capacity(nodes.len());
        for (at, node) in nodes.into_iter().enumerate() {
            let path = format!("{key}[{at}]");
            match node.content {
                Content::Table(table) => {
                    values.push(self.reader.section(path, node.origin, table, &mut read));
                }
                content => {
                    let origin = node.origin;
                    self.wrong_type(&path, &Node { origin, content }, "a table");
                }
            }
        }
        values
    }

    /// Reads each table of the table `[name.*]`, with its own name.
    pub(crate) fn named_tables<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&mut Section<'_>, &str) -> T,
    ) -> Vec<T> {
        let mut values = Vec::new();
        for entry in self.entries(name) {
            let path = self.key(&format!("{name}.{}", entry.key));
            match entry.node.content {
                Content::Table(table) => {
                    let read = |section: &mut Section<'_>| read(section, &entry.key);
                    values.push(self.reader.section(path, entry.origin, table, read));
                }
                content => {
                    let origin = entry.node.origin;
                    self.wrong_type(&path, &Node { origin, content }, "a table");
                }
            }
        }
        values
    }

    /// The values of a table whose keys are free.
    pub(crate) fn map<V: Value>(&mut self, name: &'static str) -> Vec<(String, Sourced<V>)> {
        let mut values = Vec::new();
        for Entry { key, node, .. } in self.entries(name) {
            let path = self.key(&format!("{name}.{key}"));
            if let Some(value) = self.read::<V>(&path, &node) {
                self.reader.note(&path, &value.show(), &node.origin);
                let origin = node.origin;
                values.push((key, Sourced { value, origin }));
            }
        }
        values
    }

    fn entries(&mut self, name: &'static str) -> Vec<Entry> {
        let Some(Entry { node, .. }) = self.take(name) else {
            return Vec::new();
        };
        match node.content {
            Content::Table(table) => table.entries,
            // `processes = []` stands in files Fly itself has written.
            Content::Array(nodes) if nodes.is_empty() => Vec::new(),
            _ => {
                let key = self.key(name);
                self.wrong_type(&key, &node, "a table");
                Vec::new()
            }
        }
    }

    /// Whether the file has `name`, and where.
    pub(crate) fn place_of(&self, name: &str) -> Option<Origin> {
        self.table.get(name).map(|node| node.origin.clone())
    }

    /// Says which of the remaining keys nobody knows.
    fn finish(self) {
        for Entry { key, origin, .. } in &self.table.entries {
            let place = if self.path.is_empty() {
                "at the top level".to_owned()
            } else {
                format!("in [{}]", self.path)
            };
            let complaint = Complaint::new(format!("unknown key `{key}` {place}"));
            let complaint = match value::nearest(key, &self.known) {
                Some(near) => complaint.hint(format!("did you mean `{near}`?")),
                None if self.known.len() <= 12 => {
                    complaint.hint(format!("known are {}", self.known.join(", ")))
                }
                None => complaint,
            };
            let path = join(&self.path, key);
            self.reader
                .error(origin, &path, Fault::UnknownKey, complaint);
        }
    }
}

fn join(path: &str, name: &str) -> String {
    match (path.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (_, true) => path.to_owned(),
        _ => format!("{path}.{name}"),
    }
}

fn comma_separated(text: &str, origin: &Origin) -> Vec<Node> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| Node {
            origin: origin.clone(),
            content: Content::String(item.to_owned()),
        })
        .collect()
}

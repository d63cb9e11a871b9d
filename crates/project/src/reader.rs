//! Reads tables key by key, and keeps what is wrong, doubtful or of no use.
//!
//! A [`Section`] learns the keys it knows by being asked for them; what is
//! left when it is finished is unknown.

mod durations;
mod lists;
mod tables;

use crate::diagnostic::{Complaint, Diagnostic, Fault, Ignored};
use crate::explain::Setting;
use crate::origin::{Origin, Sourced};
use crate::source::Source;
use crate::tree::{Entry, Node, Table};
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

    /// The value of `name`, which files may also call `older`.
    pub(crate) fn get_renamed<V: Value>(
        &mut self,
        name: &'static str,
        older: &'static str,
    ) -> Option<Sourced<V>> {
        let Some(older_entry) = self.table.take(older) else {
            return self.get(name);
        };
        if self.table.get(name).is_some() {
            let complaint = Complaint::new(format!(
                "`{older}` is the older name of `{name}`, and both are here"
            ))
            .hint(format!("leave `{older}` out"));
            let at = older_entry.node.origin;
            self.error(&at, older, Fault::Conflict, complaint);
            return self.get(name);
        }
        self.known.push(name);
        let value: V = self.read(&self.key(older), &older_entry.node)?;
        let origin = older_entry.node.origin;
        let key = self.key(name);
        self.reader.note(&key, &value.show(), &origin);
        Some(Sourced { value, origin })
    }

    /// The value of `name`, or its default.
    pub(crate) fn get_or<V: Value>(&mut self, name: &'static str, default: V) -> Sourced<V> {
        self.get(name).unwrap_or_else(|| {
            self.note_default(name, &default.show());
            Sourced::default(default)
        })
    }

    /// Notes what holds for a key that the file does not have.
    pub(crate) fn note_default(&mut self, name: &str, shown: &str) {
        let key = self.key(name);
        self.reader.note(&key, shown, &Origin::Default);
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

    /// Says which value is taken in place of the one written.
    pub(crate) fn takes_instead(&mut self, name: &str, shown: &str) {
        let key = self.key(name);
        let mut settings = self.reader.settings.iter_mut().rev();
        if let Some(setting) = settings.find(|setting| setting.key == key) {
            setting.value = value::redacted(&key, shown);
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

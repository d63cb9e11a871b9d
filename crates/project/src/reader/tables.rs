//! Tables in tables, arrays of tables, and tables whose keys are free.

use super::Section;
use crate::origin::{Origin, Sourced};
use crate::tree::{Content, Entry, Node, Table};
use crate::value::Value;

impl Section<'_> {
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
}

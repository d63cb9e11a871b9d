//! Arrays of values.

use super::Section;
use crate::origin::{Origin, Sourced};
use crate::tree::{Content, Node};
use crate::value::Value;

impl Section<'_> {
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
        self.reader.note(&key, &show(&items), &origin);
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
                self.note_default(name, &show(&items));
                Sourced::default(items)
            }
        }
    }
}

fn show<V: Value>(items: &[Sourced<V>]) -> String {
    let shown: Vec<String> = items.iter().map(|item| item.show()).collect();
    format!("[{}]", shown.join(", "))
}

/// A list in a flag or variable.
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

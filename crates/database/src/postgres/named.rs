//! Statements that the server has taken apart once and keeps by a name.
//!
//! A pooler would give the connection that knows them to somebody else, so
//! behind one there are none.

use std::collections::BTreeMap;

use super::values;
use crate::Value;

/// Names by text and types of the values.
#[derive(Debug, Default)]
pub(super) struct Named {
    names: BTreeMap<(String, Vec<u32>), String>,
    given: usize,
}

/// A statement by its name.
pub(super) struct Name {
    pub(super) name: String,
    /// The server does not know it yet.
    pub(super) is_new: bool,
}

impl Named {
    /// More of them are not kept on the server.
    const MOST: usize = 64;

    /// The name of a statement; `None` if it shall have none.
    pub(super) fn name(&mut self, text: &str, bound: &[Value]) -> Option<Name> {
        let key = (
            text.to_owned(),
            bound.iter().map(values::bound_type).collect(),
        );
        if let Some(name) = self.names.get(&key) {
            let name = name.clone();
            return Some(Name {
                name,
                is_new: false,
            });
        }
        if self.given == Self::MOST {
            return None;
        }
        self.given += 1;
        let name = format!("shipgate_{}", self.given);
        self.names.insert(key, name.clone());
        Some(Name { name, is_new: true })
    }

    /// What was sent may not have got to the server, or the server has
    /// forgotten it (`DISCARD ALL`). No name is given twice.
    pub(super) fn forget(&mut self) {
        self.names.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_given_twice() {
        let mut named = Named::default();
        let first = named.name("SELECT $1", &[Value::Integer(1)]).unwrap();
        assert!(first.is_new);
        let again = named.name("SELECT $1", &[Value::Integer(2)]).unwrap();
        assert!(!again.is_new);
        assert_eq!(again.name, first.name);
        let text = named.name("SELECT $1", &[Value::Null]).unwrap();
        assert_ne!(text.name, first.name);
        named.forget();
        let anew = named.name("SELECT $1", &[Value::Integer(1)]).unwrap();
        assert!(anew.is_new);
        assert_ne!(anew.name, first.name);
    }
}

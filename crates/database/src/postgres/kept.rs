//! Settings that a pooler does not keep for a session.
//!
//! A pooler that gives a server's connection to others between transactions
//! knows nothing of `SET`: what one client sets, another one has. So the
//! session keeps its settings itself, makes them for each transaction, and
//! around each statement outside of one.

use std::collections::BTreeMap;

use postgres_protocol::escape::{escape_identifier, escape_literal};

/// Settings by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept(BTreeMap<String, String>);

impl Kept {
    /// `None`: as the server has it.
    pub(super) fn put(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.0.insert(name.to_owned(), value.to_owned()),
            None => self.0.remove(name),
        };
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Makes them in the open transaction, until its end.
    pub(super) fn in_transaction(&self) -> String {
        self.make(true)
    }

    /// Makes them before a statement that is in no transaction.
    pub(super) fn before(&self) -> String {
        self.make(false)
    }

    /// Takes them back after it.
    pub(super) fn after(&self) -> String {
        let resets: Vec<String> = self.0.keys().map(|name| reset(name)).collect();
        resets.join("; ")
    }

    fn make(&self, is_local: bool) -> String {
        let calls: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| {
                let name = match name.as_str() {
                    // A default is for transactions that are yet to begin.
                    "default_transaction_read_only" if is_local => "transaction_read_only",
                    name => name,
                };
                set_config(name, value, is_local)
            })
            .collect();
        format!("SELECT {}", calls.join(", "))
    }
}

/// A statement that takes a setting back. The parts of a name of two are
/// quoted each.
pub(super) fn reset(name: &str) -> String {
    let parts: Vec<String> = name.split('.').map(escape_identifier).collect();
    format!("RESET {}", parts.join("."))
}

/// A call that makes a setting; its value is read as at the start of a session.
pub(super) fn set_config(name: &str, value: &str, is_local: bool) -> String {
    format!(
        "pg_catalog.set_config({}, {}, {is_local})",
        escape_literal(name),
        escape_literal(value)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_leave_their_quotes() {
        let mut kept = Kept::default();
        kept.put("search_path", Some("a', true); DROP TABLE t; --"));
        kept.put("lock_timeout", Some("5ms"));
        assert_eq!(
            kept.before(),
            "SELECT pg_catalog.set_config('lock_timeout', '5ms', false), \
             pg_catalog.set_config('search_path', 'a'', true); DROP TABLE t; --', false)"
        );
        assert_eq!(
            kept.after(),
            "RESET \"lock_timeout\"; RESET \"search_path\""
        );
        kept.put("search_path", None);
        kept.put("lock_timeout", None);
        assert!(kept.is_empty());
    }
}

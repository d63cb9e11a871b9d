//! What the locks are called on the server.

use sha2::{Digest, Sha256};

use crate::LockName;
use crate::catalog::hex;

/// The names, each of at most 64 characters and none that needs escaping.
#[derive(Clone, Debug)]
pub(super) struct Names {
    atlas: String,
    mark: String,
    own: String,
}

impl Names {
    /// The names for a lock and a schema (`None`: the server as a whole).
    pub(super) fn new(name: &LockName, schema: Option<&str>) -> Self {
        let hash = |parts: &[&str]| {
            let mut hash = Sha256::new();
            for part in parts {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part.as_bytes());
            }
            hex(&hash.finalize()[..12])
        };
        Self {
            atlas: name.as_str().to_owned(),
            mark: format!("shipgate.atlas.{}", hash(&[name.as_str()])),
            own: format!(
                "shipgate.own.{}",
                hash(&[name.as_str(), schema.unwrap_or_default()])
            ),
        }
    }

    /// Atlas's own.
    pub(super) fn atlas(&self) -> &str {
        &self.atlas
    }

    /// Held beside Atlas's by a Shipgate, and by nobody else.
    pub(super) fn mark(&self) -> &str {
        &self.mark
    }

    /// One migrator of one schema.
    pub(super) fn own(&self) -> &str {
        &self.own
    }

    /// The session that migrates under a token; 0 without a lease.
    pub(super) fn run(&self, token: u64) -> String {
        format!("{}.{token}", self.own.replacen(".own.", ".run.", 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_differ_by_lock_and_schema() {
        let longest = LockName::parse(&"x".repeat(64)).unwrap();
        let names = Names::new(&longest, Some(&"y".repeat(64)));
        for name in [
            names.atlas(),
            names.mark(),
            names.own(),
            &names.run(u64::MAX),
        ] {
            assert!(name.len() <= 64, "{name}");
        }
        let shop = Names::new(&LockName::default(), Some("shop"));
        let blog = Names::new(&LockName::default(), Some("blog"));
        assert_eq!(shop.atlas(), "atlas_migrate_execute");
        assert_eq!(shop.mark(), blog.mark());
        assert_ne!(shop.own(), blog.own());
        assert_ne!(shop.own(), Names::new(&longest, Some("shop")).own());
    }
}

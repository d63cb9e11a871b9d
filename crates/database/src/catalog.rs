//! The catalog: what schema objects a database holds, in one spelling.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The schema objects of a database, in order of kind and name.
///
/// Serialised it is the list of its objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<SchemaObject>", into = "Vec<SchemaObject>")]
pub struct Catalog {
    objects: BTreeMap<(String, String), SchemaObject>,
}

/// A table, index, view or trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaObject {
    /// `table`, `index`, `view`, `trigger`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The table it belongs to; a table's own name.
    pub table: String,
    /// Its definition without comments and with single blanks.
    pub definition: String,
}

impl SchemaObject {
    /// Kind and name: `table users`.
    pub fn label(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }

    /// SHA-256 of the definition, in hexadecimal.
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(self.definition.as_bytes()))
    }
}

/// One thing in which a catalog is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// An expected object is not there.
    Missing(SchemaObject),
    /// An object is there that was not expected.
    Unexpected(SchemaObject),
    /// An object is defined differently.
    Changed {
        /// As expected.
        expected: SchemaObject,
        /// As it is.
        found: SchemaObject,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(object) => write!(f, "{} is missing", object.label()),
            Self::Unexpected(object) => write!(f, "{} is there unexpectedly", object.label()),
            Self::Changed { expected, found } => write!(
                f,
                "{} differs: expected `{}`, found `{}`",
                expected.label(),
                expected.definition,
                found.definition
            ),
        }
    }
}

impl From<Vec<SchemaObject>> for Catalog {
    fn from(objects: Vec<SchemaObject>) -> Self {
        Self::new(objects)
    }
}

impl From<Catalog> for Vec<SchemaObject> {
    fn from(catalog: Catalog) -> Self {
        catalog.objects.into_values().collect()
    }
}

impl Catalog {
    /// A catalog of these objects.
    pub fn new(objects: impl IntoIterator<Item = SchemaObject>) -> Self {
        Self {
            objects: objects
                .into_iter()
                .map(|object| ((object.kind.clone(), object.name.clone()), object))
                .collect(),
        }
    }

    /// The objects in order.
    pub fn objects(&self) -> impl Iterator<Item = &SchemaObject> {
        self.objects.values()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// SHA-256 over all objects, in hexadecimal: equal if and only if the
    /// catalogs are.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for object in self.objects() {
            for part in [
                &object.kind,
                &object.name,
                &object.table,
                &object.definition,
            ] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part.as_bytes());
            }
        }
        hex(&hash.finalize())
    }

    /// In what `found` is not as this catalog expects.
    pub fn diff(&self, found: &Self) -> Vec<Difference> {
        let mut differences = Vec::new();
        for (key, expected) in &self.objects {
            match found.objects.get(key) {
                None => differences.push(Difference::Missing(expected.clone())),
                Some(found) if found != expected => differences.push(Difference::Changed {
                    expected: expected.clone(),
                    found: found.clone(),
                }),
                Some(_) => {}
            }
        }
        for (key, object) in &found.objects {
            if !self.objects.contains_key(key) {
                differences.push(Difference::Unexpected(object.clone()));
            }
        }
        differences
    }
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, definition: &str) -> SchemaObject {
        SchemaObject {
            kind: "table".to_owned(),
            name: name.to_owned(),
            table: name.to_owned(),
            definition: definition.to_owned(),
        }
    }

    #[test]
    fn differences_are_said_in_words() {
        let expected = Catalog::new([
            table("a", "CREATE TABLE a(x)"),
            table("b", "CREATE TABLE b(x)"),
        ]);
        let found = Catalog::new([
            table("b", "CREATE TABLE b(y)"),
            table("c", "CREATE TABLE c(x)"),
        ]);
        let words: Vec<_> = expected
            .diff(&found)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            words,
            [
                "table a is missing",
                "table b differs: expected `CREATE TABLE b(x)`, found `CREATE TABLE b(y)`",
                "table c is there unexpectedly",
            ]
        );
    }

    #[test]
    fn a_catalog_survives_json() {
        let catalog = Catalog::new([table("a", "x"), table("b", "y")]);
        let text = serde_json::to_string(&catalog).unwrap();
        assert_eq!(serde_json::from_str::<Catalog>(&text).unwrap(), catalog);
    }

    #[test]
    fn equal_catalogs_have_equal_digests_whatever_the_order() {
        let one = Catalog::new([table("a", "x"), table("b", "y")]);
        let other = Catalog::new([table("b", "y"), table("a", "x")]);
        assert_eq!(one.digest(), other.digest());
        assert!(one.diff(&other).is_empty());
        assert_ne!(one.digest(), Catalog::new([table("a", "xb")]).digest());
    }
}

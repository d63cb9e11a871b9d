//! A changelog as its file says it.

use shipgate_migrate::formats::{ChangesetHeader, is_for_database};
use shipgate_sql::Dialect;

use crate::checksum::Checksum;

/// What a changelog in XML, YAML or JSON holds, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Changeset(Box<Changeset>),
    /// `include`: a file.
    Include(Reference),
    /// `includeAll`: a directory.
    IncludeAll(Reference),
    /// `property`: a value for a name.
    Property(Property),
    /// Something that changes how the rest is meant; its name.
    Beyond(String),
}

impl Item {
    pub(super) fn changeset(set: Changeset) -> Self {
        Self::Changeset(Box::new(set))
    }
}

/// A path in a changelog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) path: String,
    /// It means the changelog's own directory.
    pub(super) relative: bool,
    /// An attribute that says more than which files are meant.
    pub(super) beyond: Option<&'static str>,
}

/// Attributes of `include` and `includeAll` that say more than which files are meant.
pub(super) const BEYOND_PATHS: [&str; 10] = [
    "context",
    "contextFilter",
    "labels",
    "ignore",
    "filter",
    "resourceFilter",
    "resourceComparator",
    "minDepth",
    "maxDepth",
    "endsWithFilter",
];

/// A parameter's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) value: String,
    /// The databases for which it counts; empty: all.
    pub(super) dbms: String,
    /// It counts in other changelogs too.
    pub(super) is_global: bool,
}

/// A changeset: its identity is id, author and path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changeset {
    pub(crate) id: String,
    pub(crate) author: String,
    /// `logicalFilePath`, where it is given.
    pub(super) path: Option<String>,
    pub(crate) run_on_change: bool,
    pub(crate) run_always: bool,
    /// The databases it is for; empty: all.
    pub(super) dbms: String,
    pub(super) is_ignored: bool,
    pub(crate) sums: Sums,
    /// What is executed, if it is SQL.
    pub(crate) sql: Option<Sql>,
}

/// What the checksum of a changeset may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Liquibase's own, if it can be known.
    pub(crate) own: Option<String>,
    /// Others that are valid.
    pub(crate) valid: Vec<String>,
    /// Every other one is valid.
    pub(crate) any: bool,
}

/// A changeset in formatted SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sql {
    /// The line of its `--changeset`.
    pub(crate) line: usize,
    pub(crate) header: ChangesetHeader,
    /// That line and the SQL, with the values of parameters; lines that
    /// are something else are empty.
    pub(crate) text: String,
    /// A parameter of the SQL that has no value here.
    pub(crate) unknown: Option<String>,
    /// `--comment`.
    pub(crate) comment: String,
}

impl Changeset {
    /// Whether it is executed again, ever.
    pub(crate) const fn runs_again(&self) -> bool {
        self.run_on_change || self.run_always
    }

    /// Whether it is not for databases of this kind.
    pub(crate) fn leaves_out(&self, dialect: Dialect) -> bool {
        !is_for_database(&self.dbms, dialect)
    }
}

impl Sums {
    /// What a history may hold of it.
    pub(crate) fn checksum(&self) -> Checksum {
        match &self.own {
            _ if self.any => Checksum::None,
            Some(own) => {
                let valid = self.valid.iter().cloned();
                Checksum::Any(std::iter::once(own.clone()).chain(valid).collect())
            }
            None => Checksum::Unknown("only liquibase can compute its checksum".to_owned()),
        }
    }
}

/// A recorded checksum, if it is of the kind that is compared here. An older
/// one was made in another way.
pub(crate) fn comparable(recorded: Option<String>) -> Option<String> {
    recorded.filter(|sum| sum.starts_with("9:"))
}

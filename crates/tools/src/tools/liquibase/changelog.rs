//! A changelog as its file says it.

/// What a changelog holds, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Changeset(Changeset),
    /// `include`: a file.
    Include(Reference),
    /// `includeAll`: a directory.
    IncludeAll(Reference),
}

/// A path in a changelog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) path: String,
    /// It means the changelog's own directory.
    pub(super) relative: bool,
}

/// A changeset: its identity is id, author and path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changeset {
    pub(super) id: String,
    pub(super) author: String,
    /// `logicalFilePath`, where it is given.
    pub(super) path: Option<String>,
    pub(super) run_on_change: bool,
    pub(super) run_always: bool,
    /// Its checksum, if it can be known.
    pub(super) checksum: Option<String>,
}

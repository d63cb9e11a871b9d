//! Where the history table is.

use shipgate_database::DatabaseUrl;
use shipgate_sql::{Dialect, quoted_name};

use super::TABLE;

/// The schema of the history table, and who chose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placement {
    /// The schema (MySQL: the database).
    pub(super) schema: String,
    /// Who said so.
    pub(super) chosen: Chosen,
}

/// Who chose a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    /// The caller.
    Asked,
    /// It is the one that the URL connects to.
    Connected,
    /// Nobody; it has the table's name.
    Default,
}

impl Placement {
    /// The place in a server's database: the schema that was asked for, else
    /// the connection's, else one named like the table.
    pub(super) fn of(url: &DatabaseUrl, asked: Option<&str>) -> Self {
        let (schema, chosen) = match (asked.filter(|name| !name.is_empty()), url.schema()) {
            (Some(asked), _) => (asked.to_owned(), Chosen::Asked),
            (None, Some(connected)) => (connected, Chosen::Connected),
            (None, None) => (TABLE.to_owned(), Chosen::Default),
        };
        Self { schema, chosen }
    }

    /// Whether a table in the default schema leaves it open which one is meant.
    pub(super) fn may_be_ambiguous(&self) -> bool {
        self.chosen == Chosen::Connected && self.schema != TABLE
    }

    /// Whether the connection is about this one schema, not all of a server's.
    pub(super) fn connected_schema(url: &DatabaseUrl) -> Option<String> {
        url.schema()
    }

    /// A table's name with the schema, quoted.
    pub(super) fn table(&self, dialect: Dialect, name: &str) -> String {
        format!(
            "{}.{}",
            quoted_name(dialect, &self.schema),
            quoted_name(dialect, name)
        )
    }
}

/// A text as a literal of PostgreSQL with standard strings.
pub(crate) fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use shipgate_database::DatabaseUrl;

    use super::{Chosen, Placement};

    fn placed(url: &str, asked: Option<&str>) -> (String, Chosen) {
        let url = DatabaseUrl::parse(url, Path::new("/")).unwrap();
        let placement = Placement::of(&url, asked);
        (placement.schema, placement.chosen)
    }

    #[test]
    fn the_schema_is_the_asked_one_else_the_connections_else_the_tables() {
        for (url, asked, schema, chosen) in [
            (
                "postgres://h/d?search_path=app",
                Some("ops"),
                "ops",
                Chosen::Asked,
            ),
            (
                "postgres://h/d?search_path=app",
                Some(""),
                "app",
                Chosen::Connected,
            ),
            (
                "postgres://h/d?search_path=app",
                None,
                "app",
                Chosen::Connected,
            ),
            (
                "postgres://h/d",
                None,
                "atlas_schema_revisions",
                Chosen::Default,
            ),
            ("mysql://h/shop", None, "shop", Chosen::Connected),
            ("mysql://h", None, "atlas_schema_revisions", Chosen::Default),
        ] {
            assert_eq!(placed(url, asked), (schema.to_owned(), chosen), "{url}");
        }
    }
}

//! `[database]`: the database and where its migrations are. Ours, not Fly's.

use crate::command::CommandLine;
use crate::diagnostic::{Complaint, Fault};
use crate::origin::{Origin, Sourced};
use crate::reader::Section;
use crate::template::Template;

/// `[database]`.
#[derive(Clone, Debug)]
pub struct Database {
    /// `url`, default `$DATABASE_URL`. A relative SQLite path means the
    /// project directory.
    pub url: Sourced<Template>,
    /// `migrations`: a directory relative to the project's, or a
    /// `file://...?format=...` URL. None: detected.
    pub migrations: Option<Sourced<String>>,
    /// `format`: that of the directory and its history (`atlas`, `goose`, ...).
    /// None: detected.
    pub format: Option<Sourced<String>>,
    /// `tool`: the migration tool the app uses (`atlas`, `rails`, ...). None:
    /// detected.
    pub tool: Option<Sourced<String>>,
    /// `command`: the command that migrates, in place of the tool's own.
    pub command: Option<Sourced<CommandLine>>,
}

impl Database {
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        let default =
            Template::parse("$DATABASE_URL", Origin::Default).expect("a name alone can be read");
        let database = Self {
            url: section.get_or("url", default),
            migrations: section.get("migrations"),
            format: section.get("format"),
            tool: section.get("tool"),
            command: section.get("command"),
        };
        let scheme = database
            .migrations
            .as_ref()
            .and_then(|place| place.split_once("://"));
        if let (Some((scheme, _)), Some(place)) = (scheme, &database.migrations)
            && scheme != "file"
        {
            let complaint = Complaint::new(format!("migrations cannot be read from {scheme}://"))
                .hint("a directory, or a URL file://DIRECTORY?format=FORMAT");
            section.error(&place.origin, "migrations", Fault::BadValue, complaint);
        }
        database
    }
}

//! `[database]`: the database and where its migrations are. Ours, not Fly's.

use crate::command::CommandLine;
use crate::diagnostic::{Complaint, Fault};
use crate::origin::{Origin, Sourced};
use crate::reader::Section;
use crate::template::Template;

/// `apply`: who applies the migrations of a tool whose migrations are SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apply {
    /// The built-in engine, with the tool's own history.
    Native,
    /// The tool's own command.
    Command,
}

crate::value::words!(pub Apply, "\"native\" or \"command\"", "a way to apply migrations", {
    "native" => Native,
    "command" => Command,
});

/// `[database]`.
#[derive(Clone, Debug)]
pub struct Database {
    /// `url`, default `$DATABASE_URL`. A relative SQLite path means the
    /// project directory.
    pub url: Sourced<Template>,
    /// `directory` (older files say `migrations`): the migrations' directory,
    /// relative to the project's, or a `file://...?format=...` URL. None: detected.
    pub directory: Option<Sourced<String>>,
    /// `format`: that of the directory and its history (`atlas`, `goose`, ...).
    /// None: detected.
    pub format: Option<Sourced<String>>,
    /// `tool`: the migration tool the app uses (`atlas`, `rails`, ...). None:
    /// detected.
    pub tool: Option<Sourced<String>>,
    /// `table`: the tool's history table, with its schema if need be. None: as
    /// the tool's configuration says.
    pub table: Option<Sourced<String>>,
    /// `command`: the command that migrates, in place of the tool's own.
    pub command: Option<Sourced<CommandLine>>,
    /// `apply`: None: natively where that is possible and no command is named.
    pub apply: Option<Sourced<Apply>>,
}

impl Database {
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        let default =
            Template::parse("$DATABASE_URL", Origin::Default).expect("a name alone can be read");
        let database = Self {
            url: section.get_or("url", default),
            directory: section.get_renamed("directory", "migrations"),
            format: section.get("format"),
            tool: section.get("tool"),
            table: section.get("table"),
            command: section.get("command"),
            apply: section.get("apply"),
        };
        database.check_apply(section);
        database.check_empty(section);
        let scheme = database
            .directory
            .as_ref()
            .and_then(|place| place.split_once("://"));
        if let (Some((scheme, _)), Some(place)) = (scheme, &database.directory)
            && scheme != "file"
        {
            let complaint = Complaint::new(format!("migrations cannot be read from {scheme}://"))
                .hint("a directory, or a URL file://DIRECTORY?format=FORMAT");
            section.error(&place.origin, "directory", Fault::BadValue, complaint);
        }
        database
    }

    /// What is said says something: an empty text would mean the whole project, or no tool.
    fn check_empty(&self, section: &mut Section<'_>) {
        let texts = [
            ("directory", &self.directory),
            ("format", &self.format),
            ("tool", &self.tool),
            ("table", &self.table),
        ];
        let texts = texts.into_iter().filter_map(|(key, text)| {
            let text = text.as_ref()?;
            text.value.trim().is_empty().then_some((key, &text.origin))
        });
        let command = self.command.as_ref();
        let command = command.filter(|command| command.value.is_empty());
        let command = command.map(|command| ("command", &command.origin));
        for (key, origin) in texts.chain(command) {
            let complaint =
                Complaint::new("it is empty").hint("leave it out, and it is as the tool has it");
            section.error(origin, key, Fault::BadValue, complaint);
        }
    }

    /// A command that is named is there to be run.
    fn check_apply(&self, section: &mut Section<'_>) {
        if let (Some(apply), Some(_)) = (&self.apply, &self.command)
            && apply.value == Apply::Native
        {
            let complaint =
                Complaint::new("`apply = \"native\"` runs no command, and `command` names one")
                    .hint("leave one of the two out");
            section.error(&apply.origin, "apply", Fault::Conflict, complaint);
        }
    }
}

//! The flags of a run, as a person repeats them in another command.
//!
//! What names a secret is never among them: a URL with a password becomes
//! `"$DATABASE_URL"`, and the value of a variable is left to be filled in.

use std::path::Path;

use shipgate_database::DatabaseUrl;

use super::config::ConfigFlags;
use super::{DatabaseFlags, DirectoryFlags, HistoryKind};

/// Flags for a shell.
#[derive(Clone, Debug, Default)]
pub(super) struct Repeated {
    words: Vec<String>,
    /// How many of them say where the directory is.
    of_directory: usize,
    hides_url: bool,
}

impl Repeated {
    /// Those that say where the directory is: env, project, directory.
    pub(super) fn of_directory(config: &ConfigFlags, directory: &DirectoryFlags) -> Self {
        let mut repeated = Self::default();
        repeated.add("--config", config.config.as_deref());
        repeated.add("--env", config.env.as_deref());
        for name in config.var.iter().filter_map(|var| var.split('=').next()) {
            repeated.add("--var", Some(&format!("{name}=...")));
        }
        let project = Some(&directory.project).filter(|path| path.as_path() != Path::new("."));
        repeated.add("--project", project.and_then(|path| path.to_str()));
        repeated.add("--dir", directory.dir.as_deref());
        repeated.add("--dir-format", directory.dir_format.as_deref());
        repeated.of_directory = repeated.words.len();
        repeated
    }

    /// These, and those that say where the database is and its history.
    pub(super) fn of(
        config: &ConfigFlags,
        directory: &DirectoryFlags,
        database: &DatabaseFlags,
        url: &DatabaseUrl,
    ) -> Self {
        let mut repeated = Self::of_directory(config, directory);
        if url.has_secrets() && database.url.is_some() {
            repeated.hides_url = true;
            repeated.words.push("--url \"$DATABASE_URL\"".to_owned());
        } else {
            repeated.add("--url", database.url.as_deref());
        }
        repeated.add("--revisions-schema", database.revisions_schema.as_deref());
        repeated.add(
            "--history",
            database.history.map(|history| match history {
                HistoryKind::Tool => "tool",
                HistoryKind::Atlas => "atlas",
            }),
        );
        let password_file = database.reach.password_file.as_deref();
        repeated.add("--password-file", password_file.and_then(Path::to_str));
        repeated
    }

    /// With one more, if it was given.
    pub(super) fn with(mut self, flag: &str, value: Option<&str>) -> Self {
        self.add(flag, value);
        self
    }

    /// All of them, as a shell takes them.
    pub(super) fn flags(&self) -> String {
        self.words.join(" ")
    }

    /// Those that a command about the directory takes.
    pub(super) fn directory_flags(&self) -> String {
        self.words[..self.of_directory].join(" ")
    }

    /// What has to be done before they are of use.
    pub(super) fn hint(&self) -> Option<String> {
        self.hides_url.then(|| {
            "the URL has a password: put it into DATABASE_URL first, as `--url` gave it".to_owned()
        })
    }

    fn add(&mut self, flag: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.words.push(format!("{flag} {}", quoted(value)));
        }
    }
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:=,@%+".contains(&byte);
    if word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use shipgate_database::DatabaseUrl;

    use super::{ConfigFlags, DatabaseFlags, DirectoryFlags, HistoryKind, Repeated};
    use crate::commands::migrate::ReachFlags;

    fn repeated(url: Option<&str>, expanded: &str) -> Repeated {
        let config = ConfigFlags {
            config: None,
            env: Some("prod".to_owned()),
            var: vec!["token=hunter2".to_owned()],
        };
        let directory = DirectoryFlags {
            dir: Some("file://db/migrations?format=goose".to_owned()),
            dir_format: None,
            project: PathBuf::from("."),
        };
        let database = DatabaseFlags {
            url: url.map(str::to_owned),
            revisions_schema: Some("it's".to_owned()),
            history: Some(HistoryKind::Atlas),
            reach: ReachFlags {
                password_file: None,
                connect_timeout: "30s".to_owned(),
            },
        };
        let url = DatabaseUrl::parse(expanded, Path::new("/")).unwrap();
        Repeated::of(&config, &directory, &database, &url).with("--lock-name", Some("own"))
    }

    #[test]
    fn flags_are_quoted_for_a_shell() {
        let repeated = repeated(Some("sqlite://a b.db"), "sqlite://a b.db");
        assert_eq!(
            repeated.flags(),
            r"--env prod --var token=... --dir 'file://db/migrations?format=goose' \
              --url 'sqlite://a b.db' --revisions-schema 'it'\''s' --history atlas --lock-name own"
                .replace("\\\n              ", "")
        );
        assert_eq!(
            repeated.directory_flags(),
            "--env prod --var token=... --dir 'file://db/migrations?format=goose'"
        );
        assert_eq!(repeated.hint(), None);
    }

    #[test]
    fn no_secret_is_repeated() {
        for (url, expanded) in [
            (
                "postgres://app:hunter2@db/notes",
                "postgres://app:hunter2@db/notes",
            ),
            (
                "postgres://app:$PASSWORD@db/notes",
                "postgres://app:hunter2@db/notes",
            ),
            ("host=db password=hunter2", "host=db password=hunter2"),
        ] {
            let repeated = repeated(Some(url), expanded);
            let flags = repeated.flags();
            assert!(flags.contains("--url \"$DATABASE_URL\""), "{flags}");
            assert!(!flags.contains("hunter2"), "{flags}");
            assert!(repeated.hint().is_some());
        }
        let from_environment = repeated(None, "postgres://app:hunter2@db/notes");
        assert!(!from_environment.flags().contains("--url"));
        assert_eq!(from_environment.hint(), None);
    }
}

//! A directory with migrations and a database, and what the program said.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A place of its own for one test.
pub(crate) struct Place {
    temporary: TempDir,
}

/// What a run of the program left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// With durations as `TIME` and the place as `/place`.
    pub(crate) stdout: String,
    /// The same.
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Place {
    /// A place with these migrations, hashed.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let place = Self::empty();
        fs::create_dir(place.path("migrations")).unwrap();
        place.write(files);
        assert_eq!(place.run(&["hash"]), said("", "", 0));
        place
    }

    /// A place with nothing in it.
    pub(crate) fn empty() -> Self {
        Self {
            temporary: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        self.temporary.path()
    }

    /// Writes migrations without hashing.
    pub(crate) fn write(&self, files: &[(&str, &str)]) {
        for (name, content) in files {
            fs::write(self.path("migrations").join(name), content).unwrap();
        }
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs a verb of `shipgate migrate` on `app.db`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, Some("sqlite://app.db"))
    }

    /// Runs a verb with this `DATABASE_URL`.
    pub(crate) fn run_with(&self, arguments: &[&str], url: Option<&str>) -> Said {
        self.program(&[&["migrate"], arguments].concat(), url)
    }

    /// Runs any command with this `DATABASE_URL`.
    pub(crate) fn program(&self, arguments: &[&str], url: Option<&str>) -> Said {
        let url = url.map(|url| ("DATABASE_URL", url));
        self.program_with(arguments, url.as_slice())
    }

    /// Runs any command in this environment and no other.
    pub(crate) fn program_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
        self.called(
            Path::new(env!("CARGO_BIN_EXE_shipgate")),
            arguments,
            environment,
        )
    }

    /// Runs the program called `atlas`, on `app.db` where a verb asks for one.
    pub(crate) fn atlas(&self, arguments: &[&str]) -> Said {
        let link = self.path("atlas");
        if !link.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_shipgate"), &link).unwrap();
        }
        self.called(&link, arguments, &[])
    }

    fn called(&self, program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.root())
            .env_clear()
            .env("TMPDIR", self.root())
            .envs(environment.iter().copied());
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            without_times(&text.replace(&self.root().display().to_string(), "/place"))
        };
        Said {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            code: output.status.code().unwrap(),
        }
    }

    /// The rows a query returns, columns joined by `|`.
    pub(crate) fn query(&self, statement: &str) -> Vec<String> {
        let connection = rusqlite::Connection::open(self.path("app.db")).unwrap();
        let mut statement = connection.prepare(statement).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            (0..columns)
                .map(|column| {
                    row.get::<_, rusqlite::types::Value>(column)
                        .map(|value| match value {
                            rusqlite::types::Value::Text(text) => text,
                            rusqlite::types::Value::Integer(number) => number.to_string(),
                            other => format!("{other:?}"),
                        })
                })
                .collect::<Result<Vec<_>, _>>()
        });
        rows.unwrap().map(|row| row.unwrap().join("|")).collect()
    }

    pub(crate) fn execute(&self, statements: &str) {
        let connection = rusqlite::Connection::open(self.path("app.db")).unwrap();
        connection.execute_batch(statements).unwrap();
    }

    /// The tables but the history.
    pub(crate) fn tables(&self) -> Vec<String> {
        self.query(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'atlas_schema_revisions' ORDER BY 1",
        )
    }
}

pub(crate) fn said(stdout: &str, stderr: &str, code: i32) -> Said {
    Said {
        stdout: stdout.to_owned(),
        stderr: stderr.to_owned(),
        code,
    }
}

/// The text with every duration of the report as `TIME`.
fn without_times(text: &str) -> String {
    let line = |line: &str| {
        let is_time = |text: &str| {
            text.starts_with(|first: char| first.is_ascii_digit())
                && text.ends_with('s')
                && !text.contains(' ')
        };
        if let Some(rest) = line.strip_prefix("  -- ok (")
            && rest.strip_suffix(')').is_some_and(is_time)
        {
            return "  -- ok (TIME)".to_owned();
        }
        match line.strip_prefix("  -- ") {
            Some(rest) if is_time(rest) => "  -- TIME".to_owned(),
            _ => line.to_owned(),
        }
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

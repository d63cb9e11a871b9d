//! Other migration tools, where they are on `PATH`.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::arguments::Arguments;
use crate::database::Database;
use crate::meter::Task;
use crate::work::Work;

/// A tool that was found.
pub(crate) struct Tool {
    rules: &'static Rules,
    program: PathBuf,
}

/// How a tool is used.
struct Rules {
    program: &'static str,
    /// What its files begin and end with.
    around: (&'static str, &'static str),
    /// Where it looks for the migration with this number.
    place: fn(usize) -> String,
    /// Its arguments for a directory and a URL.
    arguments: fn(&str, &str) -> Vec<String>,
}

const TOOLS: [Rules; 4] = [
    Rules {
        program: "dbmate",
        around: ("-- migrate:up\n", "-- migrate:down\n"),
        place: |number| format!("{:014}_work.sql", 20_260_101_000_000 + number),
        arguments: |directory, url| {
            words(&[
                "--url",
                url,
                "--migrations-dir",
                directory,
                "--no-dump-schema",
                "up",
            ])
        },
    },
    Rules {
        program: "sqlx",
        around: ("", ""),
        place: |number| format!("{number}_work.sql"),
        arguments: |directory, url| {
            words(&[
                "migrate",
                "run",
                "--source",
                directory,
                "--database-url",
                url,
            ])
        },
    },
    Rules {
        program: "refinery",
        around: ("", ""),
        place: |number| format!("V{number}__work.sql"),
        arguments: |directory, _| words(&["migrate", "-e", "BENCH_DATABASE_URL", "-p", directory]),
    },
    Rules {
        program: "diesel",
        around: ("", ""),
        place: |number| format!("{number:014}_work/up.sql"),
        arguments: |directory, url| {
            let url = url.strip_prefix("sqlite:").unwrap_or(url);
            words(&[
                "migration",
                "run",
                "--migration-dir",
                directory,
                "--database-url",
                url,
            ])
        },
    },
];

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The tools that are on `PATH`, when they are asked for.
pub(crate) fn found(arguments: &Arguments) -> Vec<Tool> {
    if !arguments.beside {
        return Vec::new();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    TOOLS
        .iter()
        .filter_map(|rules| {
            let program = std::env::split_paths(&path)
                .map(|place| place.join(rules.program))
                .find(|program| program.is_file())?;
            Some(Tool { rules, program })
        })
        .collect()
}

impl Tool {
    pub(crate) fn name(&self) -> &'static str {
        self.rules.program
    }

    /// The migrations as it wants them.
    pub(crate) fn lay_out(&self, work: &Work) -> TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        for number in 1.. {
            let Ok(text) = fs::read_to_string(work.file(number)) else {
                break;
            };
            let file = directory.path().join((self.rules.place)(number));
            fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
            let (head, foot) = self.rules.around;
            fs::write(file, format!("{head}{text}{foot}")).expect("a migration");
        }
        directory
    }

    /// The tool, which applies them.
    pub(crate) fn apply(&self, directory: &Path, database: &Database) -> Task {
        let url = database.plain_url();
        let mut words = vec![
            "env".into(),
            format!("BENCH_DATABASE_URL={url}").into(),
            self.program.clone().into(),
        ];
        let directory = directory.display().to_string();
        words.extend(
            (self.rules.arguments)(&directory, &url)
                .into_iter()
                .map(Into::into),
        );
        Task::new(words)
    }
}

//! A database and the migrations that are applied to it.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use crate::PATIENCE;
use crate::server::{Database, Server};

/// Every statement leaves a trace that shows if it ran twice or not at all.
pub(crate) const SET: &[(&str, &str)] = &[
    (
        "1_log.sql",
        "CREATE TABLE log (step int PRIMARY KEY, n int);\nINSERT INTO log VALUES (1, 1);\n\
         INSERT INTO log VALUES (2, 1);\nALTER TABLE log ADD COLUMN note varchar(20);\n\
         UPDATE log SET n = n + 1;\n",
    ),
    (
        "2_more.sql",
        "INSERT INTO log VALUES (3, 1, 'three');\nCREATE TABLE a (id int);\n\
         INSERT INTO a VALUES (1), (2), (3);\nCREATE INDEX a_id ON a (id);\nUPDATE log SET n = n * 2;\n",
    ),
    (
        "3_views.sql",
        "CREATE VIEW v AS SELECT step FROM log;\nCREATE TABLE b AS SELECT id FROM a;\n\
         INSERT INTO b SELECT id + 10 FROM b;\nDROP VIEW v;\n",
    ),
    (
        "4_rows.sql",
        "INSERT INTO log VALUES (4, 1, 'four');\nUPDATE log SET n = n + 3;\n",
    ),
    (
        "5_last.sql",
        "ALTER TABLE a ADD COLUMN x int DEFAULT 7;\nINSERT INTO a (id) VALUES (9);\nDROP TABLE b;\n\
         UPDATE log SET n = n + 5;\n",
    ),
];

/// With transactions of the files' own.
pub(crate) const SET_WITHOUT_TRANSACTION: &[(&str, &str)] = &[
    SET[0],
    SET[1],
    SET[2],
    (
        "4_rows.sql",
        "BEGIN;\nINSERT INTO log VALUES (4, 1, 'four');\nUPDATE log SET n = n + 3;\nCOMMIT;\n",
    ),
    SET[4],
];

/// Where it is written what was applied.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) table: &'static str,
    /// Its rows, but for what differs from run to run.
    pub(crate) rows: String,
}

pub(crate) struct Site {
    temporary: TempDir,
    database: Box<dyn Database>,
    /// The flags of `migrate apply`.
    flags: Vec<String>,
    history: History,
}

impl Site {
    /// With files in the given places.
    pub(crate) fn with(
        server: &dyn Server,
        files: &[(String, String)],
        flags: &[&str],
        history: History,
    ) -> Self {
        let site = Self {
            temporary: tempfile::tempdir().unwrap(),
            database: server.database(),
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            history,
        };
        for (name, content) in files {
            let path = site.temporary.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        site
    }

    /// With Atlas's files and history.
    pub(crate) fn new(server: &dyn Server, files: &[(&str, &str)], tx_mode: &str) -> Self {
        let files: Vec<(String, String)> = files
            .iter()
            .map(|(name, content)| (format!("migrations/{name}"), (*content).to_owned()))
            .collect();
        let history = History {
            table: "atlas_schema_revisions",
            rows: "SELECT version, type, applied, total, error, error_stmt, hash, partial_hashes \
                   FROM atlas_schema_revisions ORDER BY version"
                .to_owned(),
        };
        let site = Self::with(server, &files, &["--tx-mode", tx_mode], history);
        let hashed = site.shipgate(&["migrate", "hash"]).output().unwrap();
        assert!(hashed.status.success(), "{hashed:?}");
        site
    }

    fn shipgate(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shipgate"));
        command
            .args(arguments)
            .current_dir(self.temporary.path())
            .env_clear()
            .env("HOME", self.temporary.path())
            .env("DATABASE_URL", self.database.url())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// A run of its own.
    pub(crate) fn begin(&self) -> Child {
        let mut arguments = vec!["migrate", "apply", "--lock-timeout", "60s"];
        arguments.extend(self.flags.iter().map(String::as_str));
        self.shipgate(&arguments).spawn().unwrap()
    }

    /// Runs until a run ends well; how many that took.
    #[track_caller]
    pub(crate) fn finishes(&self) -> usize {
        let began = Instant::now();
        for run in 1.. {
            let ended = self.begin().wait_with_output().unwrap();
            if ended.status.success() {
                return run;
            }
            let told = String::from_utf8_lossy(&ended.stderr).into_owned();
            // A server that was killed may still be on its way back.
            let goes_on = told.contains("run again") || told.contains("cannot reach");
            assert!(goes_on && began.elapsed() < PATIENCE, "{told}");
        }
        unreachable!("it returns")
    }

    /// Runs until a run ends well, and says of a statement that fails what the
    /// hints offer; how many runs that took.
    #[track_caller]
    pub(crate) fn finishes_with_a_persons_help(&self) -> usize {
        for run in 1.. {
            let ended = self.begin().wait_with_output().unwrap();
            if ended.status.success() {
                return run;
            }
            let told = String::from_utf8_lossy(&ended.stderr).into_owned();
            let way_on = told
                .lines()
                .find_map(|line| line.strip_prefix("hint: if it took effect: shipgate "));
            match way_on {
                Some(words) => {
                    let words: Vec<&str> = words.split_whitespace().collect();
                    let settled = self.shipgate(&words).output().unwrap();
                    assert!(settled.status.success(), "{told}\n{settled:?}");
                }
                None => assert!(
                    told.contains("run again") || told.contains("cannot reach"),
                    "{told}"
                ),
            }
            assert!(run < 30, "{told}");
        }
        unreachable!("it returns")
    }

    /// Schema, data and history.
    pub(crate) fn state(&self) -> String {
        let history = self.database.sql(&self.history.rows);
        let dump = self.database.dump(&[self.history.table, "shipgate_lease"]);
        format!("{dump}\n{history}")
    }

    pub(crate) fn sql(&self, statements: &str) -> String {
        self.database.sql(statements)
    }
}

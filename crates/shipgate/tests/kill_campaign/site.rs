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

pub(crate) struct Site {
    temporary: TempDir,
    database: Box<dyn Database>,
    tx_mode: String,
}

impl Site {
    pub(crate) fn new(server: &dyn Server, files: &[(&str, &str)], tx_mode: &str) -> Self {
        let site = Self {
            temporary: tempfile::tempdir().unwrap(),
            database: server.database(),
            tx_mode: tx_mode.to_owned(),
        };
        let directory = site.temporary.path().join("migrations");
        fs::create_dir(&directory).unwrap();
        for (name, content) in files {
            fs::write(directory.join(name), content).unwrap();
        }
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
        let arguments = [
            "migrate",
            "apply",
            "--tx-mode",
            &self.tx_mode,
            "--lock-timeout",
            "60s",
        ];
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

    /// Schema, data and history.
    pub(crate) fn state(&self) -> String {
        let history = self.database.sql(
            "SELECT version, type, applied, total, error, error_stmt, hash, partial_hashes \
             FROM atlas_schema_revisions ORDER BY version",
        );
        format!("{}\n{history}", self.database.dump())
    }

    pub(crate) fn sql(&self, statements: &str) -> String {
        self.database.sql(statements)
    }
}

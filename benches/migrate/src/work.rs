//! Migration directories, and the same work as a client's script.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::database::Database;
use crate::meter::Task;

/// Migrations, each the text of a file.
pub(crate) struct Work {
    directory: TempDir,
    shipgate: PathBuf,
}

impl Work {
    /// A directory of migrations with these texts, hashed.
    pub(crate) fn of(shipgate: &Path, texts: impl IntoIterator<Item = String>) -> Self {
        let work = Self::empty(shipgate);
        for (number, text) in texts.into_iter().enumerate() {
            fs::write(work.file(number + 1), text).expect("a migration");
        }
        work.hash();
        work
    }

    /// One migration that is written piece by piece.
    pub(crate) fn written(shipgate: &Path, write: impl FnOnce(&mut dyn Write)) -> Self {
        let work = Self::empty(shipgate);
        let mut file = BufWriter::new(File::create(work.file(1)).expect("a migration"));
        write(&mut file);
        file.flush().expect("written");
        work.hash();
        work
    }

    fn empty(shipgate: &Path) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fs::create_dir(directory.path().join("migrations")).expect("a directory");
        Self {
            directory,
            shipgate: shipgate.to_owned(),
        }
    }

    /// The file of the migration with this number, from 1 on.
    pub(crate) fn file(&self, number: usize) -> PathBuf {
        self.folder()
            .join(format!("{:014}_work.sql", 20_260_101_000_000 + number))
    }

    fn folder(&self) -> PathBuf {
        self.directory.path().join("migrations")
    }

    fn url(&self) -> OsString {
        format!("file://{}", self.folder().display()).into()
    }

    fn hash(&self) {
        let hashed = Command::new(&self.shipgate)
            .args(["migrate", "hash", "--dir"])
            .arg(self.url())
            .stdout(Stdio::null())
            .status();
        assert!(hashed.is_ok_and(|hashed| hashed.success()), "hashed");
    }

    /// Shipgate, which applies them.
    pub(crate) fn applied_to(&self, database: &Database) -> Task {
        Task::new(vec![
            self.shipgate.clone().into(),
            "migrate".into(),
            "apply".into(),
            "--url".into(),
            database.url().into(),
            "--dir".into(),
            self.url(),
        ])
    }

    /// All of them as one script, each in a transaction of its own.
    pub(crate) fn script(&self) -> PathBuf {
        let script = self.directory.path().join("script.sql");
        if script.exists() {
            return script;
        }
        let mut files: Vec<_> = fs::read_dir(self.folder())
            .expect("a directory")
            .map(|entry| entry.expect("a file").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
            .collect();
        files.sort();
        let mut into = BufWriter::new(File::create(&script).expect("a script"));
        for file in files {
            into.write_all(b"BEGIN;\n").expect("written");
            std::io::copy(&mut File::open(file).expect("a file"), &mut into).expect("written");
            into.write_all(b"COMMIT;\n").expect("written");
        }
        into.flush().expect("written");
        script
    }
}

//! What the system does not allow: a full disk, missing permissions, a process
//! killed in the middle.
//!
//! Each test runs itself once more in another process, where the limit holds:
//! on a small disk of its own, or as a user without rights.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Connection;
use shipgate_database::backup::{BackupError, BackupEvent, BackupOptions, Store};
use shipgate_database::sqlite::{SqliteBackups, SqliteDatabase};
use shipgate_database::{
    Access, ConnectOptions, Create, Database, DatabaseUrl, ErrorKind, LockError, LockRequest,
    OpenError, Session,
};

/// Set in the second process to the directory it may use.
const INSIDE: &str = "SHIPGATE_TEST_INSIDE";

/// The directory if this is the second process.
fn inside() -> Option<PathBuf> {
    std::env::var_os(INSIDE).map(PathBuf::from)
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// Runs the test `name` with `directory` being a disk of `megabytes`.
fn on_small_disk(name: &str, megabytes: u32) {
    let directory = tempfile::tempdir().expect("a directory");
    // A mount of its own in a namespace of its own: it goes with the process.
    let mut command = Command::new("unshare");
    if !is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .args(["--mount", "sh", "-c"])
        .arg(r#"mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && exec "$@""#)
        .arg("sh")
        .arg(format!("{megabytes}m"))
        .arg(directory.path())
        .arg(std::env::current_exe().expect("a path"))
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, directory.path());
    finish(command, name);
}

/// Runs the test `name` as a user who owns `directory` and is not root.
fn without_rights(name: &str) {
    const NOBODY: u32 = 65_534;
    let directory = tempfile::tempdir().expect("a directory");
    let program = directory.path().join("test");
    fs::copy(std::env::current_exe().expect("a path"), &program).expect("copies");
    let own = directory.path().join("own");
    fs::create_dir(&own).expect("makes it");
    let mut command = Command::new(&program);
    command
        .args(["--exact", name, "--nocapture"])
        .current_dir("/")
        .env(INSIDE, &own);
    if is_root() {
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("sets");
        std::os::unix::fs::chown(&own, Some(NOBODY), Some(NOBODY)).expect("gives away");
        command.uid(NOBODY).gid(NOBODY);
    }
    finish(command, name);
}

fn finish(mut command: Command, name: &str) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}; `unshare` and `mount` (util-linux) are needed")
    });
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{name} failed in the other process:\n{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn store(file: &Path, directory: &Path) -> Store {
    let engine = Arc::new(SqliteBackups::new(DatabaseUrl::sqlite(file)));
    Store::new(directory.to_owned(), engine)
}

async fn session(file: &Path) -> Box<dyn Session> {
    let options = ConnectOptions {
        create: Create::IfMissing,
        ..ConnectOptions::default()
    };
    SqliteDatabase::new(DatabaseUrl::sqlite(file))
        .connect(&options)
        .await
        .expect("opens")
}

/// A database with a table `t` of this many kilobytes.
fn fill(file: &Path, kilobytes: i64) -> Connection {
    let connection = Connection::open(file).expect("opens");
    connection
        .execute_batch("CREATE TABLE t(b)")
        .expect("a table");
    connection
        .execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO t SELECT randomblob(1000) FROM n",
            [kilobytes],
        )
        .expect("rows");
    connection
}

fn rows(connection: &Connection) -> i64 {
    connection
        .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
        .expect("a number")
}

fn entries(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    names.sort();
    names
}

fn is_whole(connection: &Connection) -> bool {
    let answer: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("an answer");
    answer == "ok"
}

#[tokio::test]
async fn a_statement_on_a_full_disk_says_so_and_takes_nothing_with_it() {
    let Some(disk) = inside() else {
        return on_small_disk(
            "a_statement_on_a_full_disk_says_so_and_takes_nothing_with_it",
            1,
        );
    };
    let mut session = session(&disk.join("a.db")).await;
    session
        .execute("CREATE TABLE t(b); INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    session.begin().await.unwrap();
    let error = session
        .execute("INSERT INTO t VALUES (zeroblob(5000000))")
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::DiskFull);
    assert_eq!(error.code.as_deref(), Some("SQLITE_FULL"));
    session.rollback().await.unwrap();
    assert!(!session.in_transaction());
    session.close().await;
    assert_eq!(rows(&Connection::open(disk.join("a.db")).unwrap()), 1);
}

#[tokio::test]
async fn a_backup_on_a_full_disk_leaves_nothing() {
    let Some(disk) = inside() else {
        return on_small_disk("a_backup_on_a_full_disk_leaves_nothing", 1);
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("a.db");
    let connection = fill(&file, 3000);
    let backups = disk.join("backups");
    let error = store(&file, &backups)
        .create("b", Timestamp::UNIX_EPOCH, &BackupOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error, BackupError::DiskFull { .. }), "{error:?}");
    assert_eq!(entries(&backups), [".lock"]);
    assert_eq!(rows(&connection), 3000);
}

#[tokio::test]
async fn a_copy_on_a_full_disk_leaves_nothing() {
    let Some(disk) = inside() else {
        return on_small_disk("a_copy_on_a_full_disk_leaves_nothing", 1);
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("a.db");
    fill(&file, 3000);
    let store = store(&file, &elsewhere.path().join("backups"));
    store
        .create("b", Timestamp::UNIX_EPOCH, &BackupOptions::default())
        .await
        .unwrap();
    let error = store.copy_to("b", &disk.join("copy.db")).await.unwrap_err();
    assert!(matches!(error, BackupError::DiskFull { .. }), "{error:?}");
    assert!(entries(&disk).is_empty());
}

#[tokio::test]
async fn a_restore_on_a_full_disk_changes_nothing() {
    let Some(disk) = inside() else {
        return on_small_disk("a_restore_on_a_full_disk_changes_nothing", 8);
    };
    let elsewhere = tempfile::tempdir().unwrap();
    for journal_mode in ["delete", "wal"] {
        let file = disk.join(format!("{journal_mode}.db"));
        let connection = fill(&file, 3000);
        connection
            .query_row(&format!("PRAGMA journal_mode = {journal_mode}"), [], |_| {
                Ok(())
            })
            .unwrap();
        let store = store(&file, &elsewhere.path().join(journal_mode));
        store
            .create("b", Timestamp::UNIX_EPOCH, &BackupOptions::default())
            .await
            .unwrap();
        connection
            .execute_batch("DELETE FROM t WHERE rowid > 5; VACUUM;")
            .unwrap();
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        let filler = disk.join("filler");
        fs::write(&filler, vec![1; 7 * 1024 * 1024]).unwrap();
        let error = store
            .restore("b", &BackupOptions::default())
            .await
            .unwrap_err();
        assert!(matches!(error, BackupError::DiskFull { .. }), "{error:?}");
        assert_eq!(rows(&connection), 5, "{journal_mode}");
        assert!(is_whole(&connection), "{journal_mode}");
        fs::remove_file(filler).unwrap();
        store.restore("b", &BackupOptions::default()).await.unwrap();
        assert_eq!(rows(&connection), 3000);
        drop(connection);
        fs::remove_file(file).unwrap();
    }
}

#[tokio::test]
async fn permissions_that_are_missing_are_named() {
    let Some(own) = inside() else {
        return without_rights("permissions_that_are_missing_are_named");
    };
    let file = own.join("a.db");
    let database = SqliteDatabase::new(DatabaseUrl::sqlite(&file));
    session(&file)
        .await
        .execute("CREATE TABLE t(b)")
        .await
        .unwrap();
    let set = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let options = ConnectOptions::default();

    set(&file, 0o444);
    let error = database.connect(&options).await.err().unwrap();
    assert_eq!(error, OpenError::NotWritable { path: file.clone() });
    let reading = ConnectOptions {
        access: Access::ReadOnly,
        ..ConnectOptions::default()
    };
    let mut reader = database.connect(&reading).await.unwrap();
    reader.query("SELECT * FROM t", &[]).await.unwrap();

    set(&file, 0o000);
    let error = database.connect(&options).await.err().unwrap();
    assert_eq!(error, OpenError::NotReadable { path: file.clone() });

    set(&file, 0o644);
    set(&own, 0o555);
    let error = database.connect(&options).await.err().unwrap();
    assert_eq!(error, OpenError::NotWritable { path: own.clone() });
    assert_eq!(
        error.to_string(),
        format!(
            "no permission to write {}; SQLite writes the database file and, beside it, its journal",
            own.display()
        )
    );
    let lock = database
        .lock(LockRequest {
            name: shipgate_database::LockName::default(),
            pid: 1,
            host: "here".to_owned(),
            purpose: "x".to_owned(),
            timeout: std::time::Duration::ZERO,
            schema: None,
            lease: shipgate_database::LeasePlace::default(),
            connect_timeout: std::time::Duration::ZERO,
            clock: Arc::new(|| Timestamp::UNIX_EPOCH),
            temporary_directory: None,
            on_event: None,
        })
        .await;
    assert!(matches!(lock.err(), Some(LockError::File { .. })));

    let backups = own.join("backups");
    let error = store(&file, &backups)
        .create("b", Timestamp::UNIX_EPOCH, &BackupOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error, BackupError::NotAllowed { .. }), "{error:?}");
    set(&own, 0o755);
}

#[tokio::test]
async fn a_database_that_may_only_be_read_can_be_backed_up() {
    let Some(own) = inside() else {
        return without_rights("a_database_that_may_only_be_read_can_be_backed_up");
    };
    let file = own.join("a.db");
    fill(&file, 3);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    let info = store(&file, &own.join("backups"))
        .create("b", Timestamp::UNIX_EPOCH, &BackupOptions::default())
        .await
        .unwrap();
    assert_eq!(info.rows(), 3);
}

#[expect(clippy::print_stdout, reason = "the other process listens")]
fn say(words: &str) {
    println!("\n{words}");
}

/// In the second process: begins a restore and stops half-way for good.
async fn restore_and_hang(directory: &Path) {
    let options = BackupOptions {
        on_event: Some(Arc::new(|event| {
            if let BackupEvent::Copied { done, total } = event
                && (1..*total).contains(done)
            {
                say("half-way");
                std::thread::park();
            }
        })),
        ..BackupOptions::default()
    };
    let restored = store(&directory.join("a.db"), &directory.join("backups"))
        .restore("b", &options)
        .await;
    panic!("not half-way: {restored:?}");
}

#[tokio::test]
async fn a_restore_that_is_killed_leaves_the_database_as_it_was() {
    if let Some(directory) = inside() {
        return restore_and_hang(&directory).await;
    }
    for journal_mode in ["delete", "wal"] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.db");
        let app = fill(&file, 12_000);
        app.query_row(&format!("PRAGMA journal_mode = {journal_mode}"), [], |_| {
            Ok(())
        })
        .unwrap();
        let store = store(&file, &directory.path().join("backups"));
        store
            .create("b", Timestamp::UNIX_EPOCH, &BackupOptions::default())
            .await
            .unwrap();
        app.execute_batch("UPDATE t SET b = randomblob(1000); INSERT INTO t VALUES (1)")
            .unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "a_restore_that_is_killed_leaves_the_database_as_it_was",
            ])
            .arg("--nocapture")
            .env(INSIDE, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(
            lines.any(|line| line.unwrap().starts_with("half-way")),
            "the restore ended"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(rows(&app), 12_001, "{journal_mode}");
        assert!(is_whole(&app), "{journal_mode}");
        drop(app);
        store.restore("b", &BackupOptions::default()).await.unwrap();
        assert_eq!(rows(&Connection::open(&file).unwrap()), 12_000);
    }
}

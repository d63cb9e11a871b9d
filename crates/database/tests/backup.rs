//! Backups of a SQLite database: taken while others write, verified, kept,
//! pruned, restored, compared.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use shipgate_database::DatabaseUrl;
use shipgate_database::backup::{
    BackupError, BackupEvent, BackupInfo, BackupOptions, Checked, Restored, Store,
};
use shipgate_database::sqlite::SqliteBackups;

/// A database and the store of its backups, in a directory of their own.
struct Place {
    directory: tempfile::TempDir,
    store: Store,
}

impl Place {
    /// With a table `notes(id, text)` of `rows` rows.
    fn new(journal_mode: &str, rows: i64) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("notes.db");
        let connection = connect(&file);
        let mode: String = connection
            .query_row(
                &format!("PRAGMA journal_mode = {journal_mode}"),
                [],
                |row| row.get(0),
            )
            .expect("a journal mode");
        assert_eq!(mode, journal_mode);
        connection
            .execute_batch("CREATE TABLE notes(id INTEGER PRIMARY KEY, text TEXT)")
            .expect("a table");
        connection
            .execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                 INSERT INTO notes SELECT i, 'note ' || i FROM n",
                [rows],
            )
            .expect("rows");
        let store = Store::new(directory.path().join("backups"), engine(&file));
        Self { directory, store }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("notes.db")
    }

    fn connect(&self) -> Connection {
        connect(&self.file())
    }

    async fn back_up(&self, name: &str) -> BackupInfo {
        self.store
            .create(name, at(1), &BackupOptions::default())
            .await
            .expect("a backup")
    }

    fn entries(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.directory.path().join("backups"))
            .expect("a store")
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
}

fn engine(file: &Path) -> Arc<SqliteBackups> {
    Arc::new(SqliteBackups::new(DatabaseUrl::sqlite(file)))
}

fn connect(file: &Path) -> Connection {
    let connection = Connection::open(file).expect("opens");
    connection
        .busy_timeout(Duration::from_secs(60))
        .expect("a timeout");
    connection
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn count(connection: &Connection, table: &str) -> i64 {
    connection
        .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
            row.get(0)
        })
        .expect("a number")
}

/// Threads that move one unit between two rows, in a transaction each, so
/// that every committed state has the same sum.
struct Writers {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Writers {
    fn start(file: &Path) -> Self {
        let setup = connect(file);
        setup
            .execute_batch(
                "CREATE TABLE accounts(id INTEGER PRIMARY KEY, units INTEGER);
                 INSERT INTO accounts VALUES (1, 1000), (2, 1000);
                 CREATE TABLE moves(id INTEGER PRIMARY KEY, times INTEGER, pad BLOB);
                 WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
                 INSERT INTO moves SELECT i, 0, randomblob(3000) FROM n;",
            )
            .expect("tables");
        let stop = Arc::new(AtomicBool::new(false));
        let written = Arc::new(AtomicU64::new(0));
        let begun = Arc::new(Barrier::new(3));
        let threads = (0..2)
            .map(|_| {
                let (stop, written, begun) =
                    (Arc::clone(&stop), Arc::clone(&written), Arc::clone(&begun));
                let connection = connect(file);
                connection
                    .execute_batch("PRAGMA synchronous = off")
                    .expect("a pragma");
                std::thread::spawn(move || {
                    let mut first = true;
                    while !stop.load(Ordering::SeqCst) {
                        connection
                            .execute_batch(
                                "BEGIN IMMEDIATE;
                                 UPDATE accounts SET units = units - 1 WHERE id = 1;
                                 UPDATE moves SET times = times + 1, pad = randomblob(3000)
                                     WHERE id = abs(random()) % 100;
                                 UPDATE accounts SET units = units + 1 WHERE id = 2;
                                 COMMIT;",
                            )
                            .expect("a move");
                        written.fetch_add(1, Ordering::SeqCst);
                        if first {
                            begun.wait();
                            first = false;
                        }
                    }
                })
            })
            .collect();
        begun.wait();
        Self {
            stop,
            written,
            threads,
        }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            thread.join().expect("a writer ended well");
        }
    }
}

async fn is_one_state_while_writers_write(journal_mode: &str) {
    let place = Place::new(journal_mode, 20_000);
    let writers = Writers::start(&place.file());
    let mut infos = Vec::new();
    for number in 0..5 {
        let before = writers.written.load(Ordering::SeqCst);
        infos.push(place.back_up(&format!("b{number}")).await);
        // The next one is of a later state.
        while writers.written.load(Ordering::SeqCst) == before {
            std::thread::yield_now();
        }
    }
    writers.stop();
    let mut moves_before = 0;
    for info in &infos {
        assert_eq!(info.contents.checked, Checked::Integrity);
        let copy = Connection::open(&info.path).expect("opens");
        let (sum, moved, moves): (i64, i64, i64) = copy
            .query_row(
                "SELECT sum(units), 1000 - min(units), (SELECT sum(times) FROM moves)
                 FROM accounts",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .expect("a row");
        assert_eq!(
            (sum, moved),
            (2000, moves),
            "half a transaction is in {}",
            info.name
        );
        assert!(moves > moves_before, "the writers wrote meanwhile");
        moves_before = moves;
    }
}

#[tokio::test]
async fn a_backup_is_one_state_while_writers_write_in_wal_mode() {
    is_one_state_while_writers_write("wal").await;
}

#[tokio::test]
async fn a_backup_is_one_state_while_writers_write_with_a_rollback_journal() {
    is_one_state_while_writers_write("delete").await;
}

#[tokio::test]
async fn in_wal_mode_writers_go_on_during_the_backup() {
    let place = Place::new("wal", 5_000);
    let writer = Mutex::new(place.connect());
    let wrote = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&wrote);
    let options = BackupOptions {
        on_event: Some(Arc::new(move |event| {
            if let BackupEvent::Reading { .. } = event {
                writer
                    .lock()
                    .unwrap()
                    .execute("INSERT INTO notes(text) VALUES ('meanwhile')", [])
                    .unwrap();
                seen.fetch_add(1, Ordering::SeqCst);
            }
        })),
        ..BackupOptions::default()
    };
    let info = place.store.create("b", at(1), &options).await.unwrap();
    assert!(wrote.load(Ordering::SeqCst) > 0);
    assert_eq!(info.rows(), 5_000);
    assert!(count(&place.connect(), "notes") > 5_000);
}

#[tokio::test]
async fn a_backup_tells_what_is_in_it() {
    let place = Place::new("wal", 3);
    place
        .connect()
        .execute_batch(
            "CREATE TABLE pairs(a TEXT, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
             INSERT INTO pairs VALUES ('x', 'y');
             CREATE TABLE sums(a, twice AS (a * 2), rowid, _rowid_, oid);
             CREATE VIRTUAL TABLE search USING fts5(text);
             INSERT INTO search VALUES ('hello');",
        )
        .unwrap();
    let info = place.back_up("first").await;
    assert_eq!(info.name, "first");
    assert_eq!(info.taken_at, at(1));
    assert_eq!(info.bytes, info.contents.pages * info.contents.page_size);
    assert_eq!(info.bytes, fs::metadata(&info.path).unwrap().len());
    assert_eq!(info.source, format!("sqlite://{}", place.file().display()));
    let rows: Vec<_> = info
        .contents
        .tables
        .iter()
        .map(|table| (table.name.as_str(), table.rows))
        .filter(|(name, _)| !name.starts_with("search_"))
        .collect();
    assert_eq!(rows, [("notes", 3), ("pairs", 1), ("sums", 0)]);
    let listed = place.store.list().unwrap();
    assert_eq!(listed.backups, std::slice::from_ref(&info));
    assert!(listed.unreadable.is_empty());
    assert_eq!(place.store.info("first").unwrap(), info);
}

#[tokio::test]
async fn equal_rows_have_equal_checksums_and_others_do_not() {
    let place = Place::new("wal", 3);
    let first = place.back_up("first").await;
    let connection = place.connect();
    connection
        .execute("UPDATE notes SET text = text || '!' WHERE id = 2", [])
        .unwrap();
    let second = place.back_up("second").await;
    connection
        .execute("UPDATE notes SET text = 'note 2' WHERE id = 2", [])
        .unwrap();
    let third = place.back_up("third").await;
    let sum = |info: &BackupInfo| info.contents.tables[0].checksum.clone();
    assert_eq!(sum(&first), sum(&third));
    assert_ne!(sum(&first), sum(&second));
}

#[tokio::test]
async fn functions_of_the_app_in_the_schema_do_not_prevent_a_backup() {
    let place = Place::new("wal", 3);
    let connection = place.connect();
    let flags = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_UTF8;
    connection
        .create_scalar_function("app_only", 1, flags, |context| context.get::<i64>(0))
        .unwrap();
    connection
        .execute_batch(
            "CREATE TABLE f(a, b AS (app_only(a)) VIRTUAL);
             INSERT INTO f VALUES (1);
             CREATE INDEX f_b ON f(b);",
        )
        .unwrap();
    let info = place.back_up("first").await;
    assert!(
        !matches!(info.contents.checked, Checked::Integrity),
        "{:?}",
        info.contents.checked
    );
    assert_eq!(info.rows(), 4);
}

#[tokio::test]
async fn names_that_could_leave_the_store_are_refused() {
    let place = Place::new("wal", 1);
    for name in ["", ".", "..", "a/b", "../x", ".hidden", "a b", "-x", "é"] {
        let error = place
            .store
            .create(name, at(1), &BackupOptions::default())
            .await
            .unwrap_err();
        assert!(matches!(error, BackupError::Name { .. }), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_name_is_used_once_and_an_unknown_one_lists_the_known() {
    let place = Place::new("wal", 1);
    let unknown = place.store.info("none").unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "no backup named `none`; there is none yet"
    );
    place.back_up("b").await;
    let options = BackupOptions::default();
    let again = place.store.create("b", at(2), &options).await.unwrap_err();
    assert_eq!(again.to_string(), "a backup named `b` is there already");
    let unknown = place.store.verify("none", &options).await.unwrap_err();
    assert_eq!(unknown.to_string(), "no backup named `none`; there are b");
}

#[tokio::test]
async fn verify_finds_a_flipped_bit() {
    let place = Place::new("wal", 500);
    let info = place.back_up("b").await;
    let options = BackupOptions::default();
    place.store.verify("b", &options).await.unwrap();
    let mut bytes = fs::read(&info.path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&info.path, bytes).unwrap();
    let error = place.store.verify("b", &options).await.unwrap_err();
    assert!(matches!(error, BackupError::Altered { .. }), "{error}");
    let error = place.store.restore("b", &options).await.unwrap_err();
    assert!(matches!(error, BackupError::Altered { .. }), "{error}");
    assert_eq!(count(&place.connect(), "notes"), 500);
}

#[tokio::test]
async fn a_broken_manifest_is_listed_as_such() {
    let place = Place::new("wal", 1);
    let info = place.back_up("b").await;
    fs::write(info.path.with_file_name("manifest.json"), "{").unwrap();
    let listed = place.store.list().unwrap();
    assert!(listed.backups.is_empty());
    let [(name, BackupError::Manifest { .. })] = listed.unreadable.as_slice() else {
        panic!("{listed:?}");
    };
    assert_eq!(name, "b");
}

#[tokio::test]
async fn prune_keeps_the_newest_and_the_protected() {
    let place = Place::new("wal", 1);
    let options = BackupOptions::default();
    for (name, second) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
        place
            .store
            .create(name, at(second), &options)
            .await
            .unwrap();
    }
    let removed = place.store.prune(1, &["a"], &options).await.unwrap();
    assert_eq!(removed, ["b", "c"]);
    assert_eq!(place.entries(), [".lock", "a", "d"]);
    assert!(
        place
            .store
            .prune(1, &["a"], &options)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn what_a_killed_process_left_is_cleaned_up_and_never_listed() {
    let place = Place::new("wal", 1);
    let left = place.directory.path().join("backups/.tmp-b");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("data.db"), "half").unwrap();
    assert!(place.store.list().unwrap().backups.is_empty());
    place.back_up("b").await;
    assert_eq!(place.entries(), [".lock", "b"]);
}

#[tokio::test]
async fn a_dropped_backup_leaves_nothing() {
    let place = Place::new("wal", 50_000);
    {
        let options = BackupOptions::default();
        let mut backup = Box::pin(place.store.create("b", at(1), &options));
        let polled = std::future::poll_fn(|context| {
            std::task::Poll::Ready(backup.as_mut().poll(context).is_ready())
        })
        .await;
        assert!(!polled);
    }
    assert!(place.store.list().unwrap().backups.is_empty());
    place.back_up("b").await;
    assert_eq!(place.entries(), [".lock", "b"]);
}

async fn is_restored_in_place(then: &str, now: &str) {
    let place = Place::new(then, 200);
    let info = place.back_up("b").await;
    let app = place.connect();
    app.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").ok();
    let mode: String = app
        .query_row(&format!("PRAGMA journal_mode = {now}"), [], |row| {
            row.get(0)
        })
        .expect("works");
    assert_eq!(mode, now);
    app.execute_batch(
        "DELETE FROM notes WHERE id > 100;
         CREATE TABLE later(a); INSERT INTO later VALUES (1);
         ALTER TABLE notes ADD COLUMN extra TEXT;",
    )
    .expect("works");
    let restored = place
        .store
        .restore("b", &BackupOptions::default())
        .await
        .expect("works");
    assert_eq!(
        restored,
        Restored::InPlace {
            written_since: Vec::new()
        }
    );
    // The app's connection was open all the time.
    assert_eq!(count(&app, "notes"), 200);
    assert!(app.prepare("SELECT * FROM later").is_err());
    app.execute("INSERT INTO notes(text) VALUES ('after')", [])
        .expect("works");
    assert_eq!(count(&place.connect(), "notes"), 201);
    let ok: String = app
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("works");
    assert_eq!(ok, "ok");
    assert_eq!(info.rows(), 200);
}

#[tokio::test]
async fn a_restore_is_seen_by_connections_that_are_open() {
    is_restored_in_place("wal", "wal").await;
    is_restored_in_place("delete", "delete").await;
}

#[tokio::test]
async fn a_restore_works_across_a_changed_journal_mode() {
    is_restored_in_place("wal", "delete").await;
    is_restored_in_place("delete", "wal").await;
}

#[tokio::test]
async fn a_restore_waits_for_a_writer_and_gives_up_at_its_limit() {
    for journal_mode in ["wal", "delete"] {
        let place = Place::new(journal_mode, 10);
        place.back_up("b").await;
        let app = place.connect();
        app.execute_batch("BEGIN IMMEDIATE; DELETE FROM notes")
            .unwrap();
        let options = BackupOptions {
            lock_timeout: Duration::from_millis(50),
            ..BackupOptions::default()
        };
        let error = place.store.restore("b", &options).await.unwrap_err();
        assert!(matches!(error, BackupError::Locked { .. }), "{error:?}");
        app.execute_batch("ROLLBACK; INSERT INTO notes(text) VALUES ('kept')")
            .unwrap();
        assert_eq!(count(&app, "notes"), 11, "nothing was restored");
    }
}

#[tokio::test]
async fn a_restore_replaces_a_database_of_another_page_size() {
    let place = Place::new("wal", 100);
    place.back_up("b").await;
    place
        .connect()
        .execute_batch(
            "PRAGMA journal_mode = delete; PRAGMA page_size = 8192; VACUUM;
             PRAGMA journal_mode = wal; DELETE FROM notes;",
        )
        .ok();
    let size: i64 = place
        .connect()
        .query_row("PRAGMA page_size", [], |row| row.get(0))
        .unwrap();
    assert_eq!(size, 8192);
    place
        .store
        .restore("b", &BackupOptions::default())
        .await
        .unwrap();
    assert_eq!(count(&place.connect(), "notes"), 100);
}

#[tokio::test]
async fn a_removed_database_is_put_back_with_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new("wal", 10);
    fs::set_permissions(place.file(), fs::Permissions::from_mode(0o640)).unwrap();
    place.back_up("b").await;
    fs::remove_file(place.file()).unwrap();
    fs::write(
        place.directory.path().join("notes.db-wal"),
        "of the removed one",
    )
    .unwrap();
    let restored = place
        .store
        .restore("b", &BackupOptions::default())
        .await
        .unwrap();
    assert_eq!(restored, Restored::Created);
    assert_eq!(count(&place.connect(), "notes"), 10);
    let mode = fs::metadata(place.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[tokio::test]
async fn a_damaged_database_is_put_aside_and_replaced() {
    let place = Place::new("wal", 10);
    place.back_up("b").await;
    fs::write(place.file(), "garbage ".repeat(1000)).unwrap();
    let restored = place
        .store
        .restore("b", &BackupOptions::default())
        .await
        .unwrap();
    let Restored::Replaced { damaged } = restored else {
        panic!("{restored:?}");
    };
    assert!(fs::read(damaged).unwrap().starts_with(b"garbage"));
    assert_eq!(count(&place.connect(), "notes"), 10);
}

#[tokio::test]
async fn a_link_to_the_database_stays_a_link() {
    let place = Place::new("wal", 10);
    let link = place.directory.path().join("link.db");
    std::os::unix::fs::symlink(place.file(), &link).unwrap();
    let store = Store::new(place.directory.path().join("backups"), engine(&link));
    let options = BackupOptions::default();
    store.create("b", at(1), &options).await.unwrap();
    fs::write(place.file(), "garbage ".repeat(1000)).unwrap();
    store.restore("b", &options).await.unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(count(&place.connect(), "notes"), 10);
}

#[tokio::test]
async fn a_copy_is_a_database_of_its_own() {
    let place = Place::new("wal", 10);
    place.back_up("b").await;
    let target = place.directory.path().join("rehearsal.db");
    place.store.copy_to("b", &target).await.unwrap();
    let copy = connect(&target);
    copy.execute("DELETE FROM notes", []).unwrap();
    assert_eq!(count(&place.connect(), "notes"), 10);
    let error = place.store.copy_to("b", &target).await.unwrap_err();
    assert!(matches!(error, BackupError::TargetExists { .. }));
    assert_eq!(
        count(&copy, "notes"),
        0,
        "the file that was there is untouched"
    );
}

async fn lost(place: &Place, ignore: &[&str]) -> Vec<String> {
    place
        .store
        .lost_writes("b", ignore, &BackupOptions::default())
        .await
        .expect("compares")
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[tokio::test]
async fn writes_since_the_backup_are_counted_per_table() {
    let place = Place::new("wal", 100);
    let app = place.connect();
    app.execute_batch(
        "CREATE TABLE pairs(a TEXT COLLATE NOCASE, b, PRIMARY KEY (a, b)) WITHOUT ROWID;
         INSERT INTO pairs VALUES ('x', 1), ('y', 2);
         CREATE TABLE same(a); INSERT INTO same VALUES (1);
         CREATE TABLE kinds(id INTEGER PRIMARY KEY, v TEXT COLLATE NOCASE, n);
         INSERT INTO kinds VALUES (1, 'a', 1), (2, NULL, 2);
         CREATE TABLE gone(a); INSERT INTO gone VALUES (1), (2);
         CREATE TABLE auto(id INTEGER PRIMARY KEY AUTOINCREMENT);
         INSERT INTO auto VALUES (1);",
    )
    .unwrap();
    place.back_up("b").await;
    assert!(lost(&place, &[]).await.is_empty());
    app.execute_batch(
        "INSERT INTO notes(text) VALUES ('new 1'), ('new 2');
         UPDATE notes SET text = 'x' WHERE id = 7;
         DELETE FROM notes WHERE id IN (8, 9, 10);
         INSERT INTO pairs VALUES ('z', 3);
         UPDATE kinds SET v = 'A' WHERE id = 1;
         UPDATE kinds SET n = 2.0 WHERE id = 2;
         INSERT INTO auto VALUES (NULL);
         DROP TABLE gone;
         CREATE TABLE fresh(a); INSERT INTO fresh VALUES (1);
         CREATE TABLE history(a); INSERT INTO history VALUES (1);",
    )
    .unwrap();
    assert_eq!(
        lost(&place, &["history"]).await,
        [
            "auto: 1 row added",
            "fresh: 1 row added, the table is not in the backup",
            "kinds: 2 rows changed",
            "notes: 2 rows added, 1 changed, 3 removed",
            "pairs: 1 row added",
            "gone: 2 rows removed, the table is only in the backup",
        ]
    );
}

#[tokio::test]
async fn a_migrated_schema_loses_no_writes_by_itself() {
    let place = Place::new("wal", 10);
    place.back_up("b").await;
    place
        .connect()
        .execute_batch("ALTER TABLE notes ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0")
        .unwrap();
    assert!(lost(&place, &[]).await.is_empty());
}

#[tokio::test]
async fn two_processes_do_not_work_on_one_store() {
    let place = Place::new("wal", 10);
    place.back_up("b").await;
    let lock = fs::File::open(place.directory.path().join("backups/.lock")).unwrap();
    lock.lock().unwrap();
    let options = BackupOptions {
        lock_timeout: Duration::ZERO,
        ..BackupOptions::default()
    };
    let error = place.store.create("c", at(2), &options).await.unwrap_err();
    assert!(matches!(error, BackupError::StoreLocked { .. }), "{error}");
}

#[tokio::test]
async fn a_database_in_memory_has_no_backup() {
    let directory = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::parse("sqlite::memory:", directory.path()).unwrap();
    let store = Store::new(
        directory.path().join("b"),
        Arc::new(SqliteBackups::new(url)),
    );
    let error = store
        .create("b", at(1), &BackupOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error, BackupError::InMemory);
}

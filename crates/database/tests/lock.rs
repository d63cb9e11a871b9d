//! The migration lock of a SQLite database.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use shipgate_database::{
    ClientSettings, ConnectOptions, Create, DatabaseUrl, LeasePlace, LockError, LockEvent,
    LockName, LockRequest, MigrationLock, open,
};

const NOW: i64 = 1_795_000_000;

fn clock() -> Timestamp {
    Timestamp::from_second(NOW).expect("in range")
}

fn request(purpose: &str) -> LockRequest {
    LockRequest {
        name: LockName::default(),
        pid: std::process::id(),
        host: "here".to_owned(),
        purpose: purpose.to_owned(),
        timeout: Duration::ZERO,
        schema: None,
        lease: LeasePlace::default(),
        connect_timeout: Duration::from_secs(30),
        clock: Arc::new(clock),
        temporary_directory: None,
        on_event: None,
    }
}

fn url(file: &Path) -> DatabaseUrl {
    DatabaseUrl::sqlite(file)
}

#[tokio::test]
async fn locks_of_other_names_do_not_exclude_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let url = url(&directory.path().join("a.db"));
    let named = || LockRequest {
        name: LockName::parse("nightly").unwrap(),
        ..request("nightly job")
    };
    let _usual = lock(&url, request("apply")).await.unwrap();
    let _nightly = lock(&url, named()).await.unwrap();
    assert!(directory.path().join("a.db-shipgate-lock-nightly").exists());
    match lock(&url, named()).await {
        Err(LockError::Held { name, holder, .. }) => {
            assert_eq!(
                (name.as_str(), holder.purpose.as_str()),
                ("nightly", "nightly job")
            );
        }
        other => panic!("{:?}", other.map(|lock| lock.token())),
    }
}

#[test]
fn a_name_that_is_no_file_name_names_no_lock() {
    for text in ["", "a/b", "..", "-x", "a b", "\u{e9}"] {
        assert!(LockName::parse(text).is_err(), "{text}");
    }
    assert!(
        LockName::parse("atlas_migrate_execute")
            .unwrap()
            .is_default()
    );
}

async fn lock(
    url: &DatabaseUrl,
    request: LockRequest,
) -> Result<Box<dyn MigrationLock>, LockError> {
    open(url, &ClientSettings::default())
        .expect("SQLite")
        .lock(request)
        .await
}

async fn held(url: &DatabaseUrl, request: LockRequest) -> String {
    match lock(url, request).await {
        Ok(_) => panic!("the lock was taken"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_second_migrator_is_told_who_holds_the_lock() {
    let directory = tempfile::tempdir().unwrap();
    let url = url(&directory.path().join("a.db"));
    let first = lock(&url, request("release 12")).await.unwrap();
    assert_eq!(
        held(&url, request("release 13")).await,
        format!(
            "the migration lock is held by release 12 (process {} on here since \
             2026-11-18T11:06:40Z)",
            std::process::id()
        )
    );
    first.release().await.unwrap();
    lock(&url, request("release 13")).await.unwrap();
}

#[tokio::test]
async fn the_token_grows_with_every_holder() {
    let directory = tempfile::tempdir().unwrap();
    let url = url(&directory.path().join("a.db"));
    for expected in 1..4 {
        let lock = lock(&url, request("x")).await.unwrap();
        assert_eq!(lock.token(), expected);
    }
}

#[tokio::test]
async fn a_link_to_the_database_does_not_get_around_the_lock() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.db");
    let create = ConnectOptions {
        create: Create::IfMissing,
        ..ConnectOptions::default()
    };
    let session = open(&url(&file), &ClientSettings::default())
        .unwrap()
        .connect(&create)
        .await
        .unwrap();
    session.close().await;
    let link = directory.path().join("link.db");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let _first = lock(&url(&file), request("first")).await.unwrap();
    assert!(held(&url(&link), request("second")).await.contains("first"));
}

#[tokio::test]
async fn databases_do_not_share_a_lock() {
    let directory = tempfile::tempdir().unwrap();
    let _a = lock(&url(&directory.path().join("a.db")), request("a"))
        .await
        .unwrap();
    let _b = lock(&url(&directory.path().join("b.db")), request("b"))
        .await
        .unwrap();
}

#[tokio::test]
async fn waiting_tells_the_holder_once_and_ends_when_it_lets_go() {
    let directory = tempfile::tempdir().unwrap();
    let url = url(&directory.path().join("a.db"));
    let first = lock(&url, request("first")).await.unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let (told, waiting) = tokio::sync::oneshot::channel();
    let told = Mutex::new(Some(told));
    let seen = Arc::clone(&events);
    let second = LockRequest {
        timeout: Duration::from_secs(60),
        on_event: Some(Arc::new(move |event| {
            seen.lock().unwrap().push(event.clone());
            if let Some(told) = told.lock().unwrap().take() {
                told.send(()).unwrap();
            }
        })),
        ..request("second")
    };
    let waiter = tokio::spawn({
        let url = url.clone();
        async move { lock(&url, second).await.map(|lock| lock.token()) }
    });
    waiting.await.unwrap();
    first.release().await.unwrap();
    assert_eq!(waiter.await.unwrap().unwrap(), 2);
    let events = events.lock().unwrap();
    let [LockEvent::Waiting { holder, .. }, LockEvent::LetGo] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(holder.purpose, "first");
}

#[tokio::test]
async fn a_removed_lock_file_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.db");
    let url = url(&file);
    let first = lock(&url, request("first")).await.unwrap();
    std::fs::remove_file(directory.path().join("a.db-shipgate-lock")).unwrap();
    let second = lock(&url, request("second")).await.unwrap();
    assert!(matches!(first.release().await, Err(LockError::Lost { .. })));
    second.release().await.unwrap();
}

/// Not a test of its own: the other process of the tests below.
#[tokio::test]
async fn other_process() {
    let Ok(text) = std::env::var("SHIPGATE_TEST_LOCK") else {
        return;
    };
    let _lock = lock(&url(Path::new(&text)), request("the other process"))
        .await
        .unwrap();
    println!("\nlocked");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn hold_in_other_process(file: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", "other_process", "--nocapture"])
        .env("SHIPGATE_TEST_LOCK", file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    assert!(
        lines.map_while(Result::ok).any(|line| line == "locked"),
        "the other process ended without the lock"
    );
    child
}

#[tokio::test]
async fn another_process_is_named_and_its_lock_dies_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.db");
    let mut child = hold_in_other_process(&file);
    let message = held(&url(&file), request("x")).await;
    assert!(
        message.contains(&format!("the other process (process {}", child.id())),
        "{message}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    let lock = lock(&url(&file), request("x")).await.unwrap();
    assert_eq!(lock.token(), 2);
}

mod atlas {
    //! Atlas's lock file and ours keep each other out.

    use super::*;

    fn with_atlas(directory: &Path) -> LockRequest {
        LockRequest {
            temporary_directory: Some(directory.to_owned()),
            ..request("shipgate")
        }
    }

    fn nanoseconds(seconds_from_now: i64) -> String {
        format!("{}", i128::from(NOW + seconds_from_now) * 1_000_000_000)
    }

    #[tokio::test]
    async fn a_lock_that_atlas_holds_is_respected_until_it_expires() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let file = path.join("atlas_migrate_execute.lock");
        std::fs::write(&file, nanoseconds(5)).unwrap();
        let message = held(&url(&path.join("a.db")), with_atlas(path)).await;
        assert!(message.contains("atlas migrate (lock file"), "{message}");
        std::fs::write(&file, nanoseconds(-5)).unwrap();
        let lock = lock(&url(&path.join("a.db")), with_atlas(path))
            .await
            .unwrap();
        lock.release().await.unwrap();
        assert!(!file.exists());
    }

    #[tokio::test]
    async fn atlas_finds_ours_not_expired_while_it_is_held() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let file = path.join("atlas_migrate_execute.lock");
        let lock = lock(&url(&path.join("a.db")), with_atlas(path))
            .await
            .unwrap();
        let expiry: i128 = std::fs::read_to_string(&file).unwrap().parse().unwrap();
        assert!(expiry > nanoseconds(0).parse().unwrap());
        drop(lock);
        assert!(!file.exists());
    }

    #[tokio::test]
    async fn two_databases_share_the_one_file_without_waiting() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let file = path.join("atlas_migrate_execute.lock");
        let a = lock(&url(&path.join("a.db")), with_atlas(path))
            .await
            .unwrap();
        let b = lock(&url(&path.join("b.db")), with_atlas(path))
            .await
            .unwrap();
        a.release().await.unwrap();
        assert!(file.exists(), "b still holds it");
        b.release().await.unwrap();
        assert!(!file.exists());
    }

    #[tokio::test]
    async fn a_file_dsn_has_a_name_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let text = format!("sqlite://file:{}", path.join("a.db").display());
        let url = DatabaseUrl::parse(&text, path).unwrap();
        let _lock = lock(&url, with_atlas(path)).await.unwrap();
        let names: Vec<_> = std::fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert!(!names.contains(&"atlas_migrate_execute.lock".to_owned()));
        assert!(
            names
                .iter()
                .any(|name| name.starts_with("atlas_migrate_execute_") && name.ends_with(".lock")),
            "{names:?}"
        );
    }

    #[tokio::test]
    async fn a_replaced_file_is_noticed_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let file = path.join("atlas_migrate_execute.lock");
        let lock = lock(&url(&path.join("a.db")), with_atlas(path))
            .await
            .unwrap();
        std::fs::write(&file, nanoseconds(60)).unwrap();
        assert!(matches!(lock.release().await, Err(LockError::Lost { .. })));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), nanoseconds(60));
    }

    #[tokio::test]
    async fn an_unusable_directory_does_not_keep_from_migrating() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&events);
        let request = LockRequest {
            on_event: Some(Arc::new(move |event| {
                seen.lock().unwrap().push(event.clone());
            })),
            ..with_atlas(&path.join("missing"))
        };
        let _lock = lock(&url(&path.join("a.db")), request).await.unwrap();
        assert!(matches!(
            events.lock().unwrap().as_slice(),
            [LockEvent::AtlasLockUnusable { .. }]
        ));
    }
}

//! The migration lock: among Shipgates, against Atlas, and after a holder's death.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use shipgate_database::{
    ConnectOptions, LEASE_TABLE, LeasePlace, LockError, LockEvent, LockName, LockRequest,
    MigrationLock, Session,
};
use shipgate_testkit::{MariadbDatabase, mariadb};

use crate::support::{connect, database, number};

const ATLAS: &str = "atlas_migrate_execute";

/// Tests that take Atlas's name take turns: it is one for the whole server.
static ONE_SERVER: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

type Events = Arc<Mutex<Vec<LockEvent>>>;

fn request(purpose: &str) -> LockRequest {
    LockRequest {
        name: LockName::default(),
        pid: 4711,
        host: "builder".to_owned(),
        purpose: purpose.to_owned(),
        timeout: Duration::ZERO,
        schema: None,
        lease: LeasePlace::default(),
        connect_timeout: Duration::from_secs(10),
        clock: Arc::new(Timestamp::now),
        temporary_directory: None,
        on_event: None,
    }
}

fn patient(purpose: &str) -> (LockRequest, Events) {
    let events = Events::default();
    let told = Arc::clone(&events);
    let request = LockRequest {
        timeout: Duration::from_secs(30),
        on_event: Some(Arc::new(move |event: &LockEvent| {
            told.lock().expect("works").push(event.clone());
        })),
        ..request(purpose)
    };
    (request, events)
}

async fn lock(
    own: &MariadbDatabase,
    request: LockRequest,
) -> Result<Box<dyn MigrationLock>, LockError> {
    database(&own.url()).lock(request).await
}

async fn atlas_gets_it(atlas: &mut dyn Session) -> bool {
    let got = number(atlas, &format!("SELECT GET_LOCK('{ATLAS}', 0)")).await == 1;
    if got {
        number(atlas, &format!("SELECT RELEASE_LOCK('{ATLAS}')")).await;
    }
    got
}

/// The connection that the lease's owner holds its lock with.
async fn owners_connection(session: &mut dyn Session) -> i64 {
    let ask = format!("SELECT connection FROM {LEASE_TABLE} WHERE part = 'lease'");
    number(session, &ask).await
}

#[tokio::test]
async fn a_second_migrator_of_a_schema_is_told_who_the_first_is() {
    let _turn = ONE_SERVER.lock().await;
    let own = mariadb().database();
    let first = lock(&own, request("release 12")).await.expect("works");
    let Err(LockError::Held { holder, .. }) = lock(&own, request("another")).await else {
        panic!("it is held");
    };
    assert_eq!(holder.purpose, "release 12");
    assert_eq!(
        (holder.pid, holder.host.as_deref()),
        (Some(4711), Some("builder"))
    );
    assert!(holder.since.is_some());
    first.release().await.expect("works");
    lock(&own, request("another"))
        .await
        .expect("works")
        .release()
        .await
        .expect("works");
}

#[tokio::test]
async fn who_waits_gets_it_when_it_is_given_back_with_a_greater_token() {
    let _turn = ONE_SERVER.lock().await;
    let own = mariadb().database();
    let first = lock(&own, request("first")).await.expect("works");
    let (request, events) = patient("second");
    let url = own.url();
    let second = tokio::spawn(async move { database(&url).lock(request).await });
    while events.lock().expect("works").is_empty() {
        tokio::task::yield_now().await;
    }
    let token = first.token();
    first.release().await.expect("works");
    let second = second.await.expect("works").expect("works");
    assert!(second.token() > token);
    let told = events.lock().expect("works").clone();
    assert!(
        matches!(&told[..], [LockEvent::Waiting { holder, .. }, LockEvent::LetGo] if holder.purpose == "first"),
        "{told:?}"
    );
    second.release().await.expect("works");
}

#[tokio::test]
async fn a_dropped_lock_is_given_back() {
    let _turn = ONE_SERVER.lock().await;
    let own = mariadb().database();
    drop(lock(&own, request("first")).await.expect("works"));
    let (request, _) = patient("second");
    lock(&own, request)
        .await
        .expect("works")
        .release()
        .await
        .expect("works");
}

#[tokio::test]
async fn schemas_of_a_server_do_not_wait_for_each_other_and_atlas_waits_for_all() {
    let _turn = ONE_SERVER.lock().await;
    let (shop, blog) = (mariadb().database(), mariadb().database());
    let mut atlas = connect(&shop).await;
    let first = lock(&shop, request("shop")).await.expect("works");
    let second = lock(&blog, request("blog")).await.expect("works");
    assert!(!atlas_gets_it(&mut *atlas).await);
    // The second carries Atlas's lock on.
    first.release().await.expect("works");
    assert!(!atlas_gets_it(&mut *atlas).await);
    // And a third joins it.
    let third = lock(&shop, request("shop again")).await.expect("works");
    second.release().await.expect("works");
    assert!(!atlas_gets_it(&mut *atlas).await);
    third.release().await.expect("works");
    shipgate_gone(&mut *atlas).await;
}

/// The last connection in the queue ends right after its lock is given back.
async fn shipgate_gone(atlas: &mut dyn Session) {
    assert_eq!(
        number(atlas, &format!("SELECT GET_LOCK('{ATLAS}', 10)")).await,
        1
    );
}

#[tokio::test]
async fn atlas_at_work_is_waited_for() {
    let _turn = ONE_SERVER.lock().await;
    let own = mariadb().database();
    let mut atlas = connect(&own).await;
    assert_eq!(
        number(&mut *atlas, &format!("SELECT GET_LOCK('{ATLAS}', 0)")).await,
        1
    );
    let Err(LockError::Held { holder, .. }) = lock(&own, request("mine")).await else {
        panic!("it is held");
    };
    assert!(
        holder
            .purpose
            .starts_with("Atlas or another user of its lock, connection "),
        "{holder}"
    );
    atlas.close().await;
    let (request, _) = patient("mine");
    lock(&own, request)
        .await
        .expect("works")
        .release()
        .await
        .expect("works");
}

#[tokio::test]
async fn an_atlas_that_came_first_is_not_overtaken() {
    let _turn = ONE_SERVER.lock().await;
    let (shop, blog) = (mariadb().database(), mariadb().database());
    let first = lock(&shop, request("shop")).await.expect("works");
    let mut atlas = connect(&blog).await;
    let waiting = tokio::spawn(async move {
        let got = number(&mut *atlas, &format!("SELECT GET_LOCK('{ATLAS}', 60)")).await;
        (atlas, got)
    });
    let mut witness = connect(&shop).await;
    let queued = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'User lock'";
    while number(&mut *witness, queued).await == 0 {
        tokio::task::yield_now().await;
    }
    // Blog is Atlas's next, so Shipgate does not go on there.
    let Err(LockError::Held { .. }) = lock(&blog, request("blog")).await else {
        panic!("Atlas is waiting");
    };
    first.release().await.expect("works");
    let (atlas, got) = waiting.await.expect("works");
    assert_eq!(got, 1);
    atlas.close().await;
}

#[tokio::test]
async fn a_dead_owner_is_followed_at_once_and_fenced_off() {
    let _turn = ONE_SERVER.lock().await;
    let own = mariadb().database();
    let first = lock(&own, request("first")).await.expect("works");
    let mut session = connect(&own).await;
    let connection = owners_connection(&mut *session).await;
    session
        .execute(&format!("KILL CONNECTION {connection}"))
        .await
        .expect("works");
    let second = lock(&own, patient("second").0).await.expect("works");
    assert!(second.token() > first.token());
    session.begin().await.expect("works");
    second.fence(&mut *session).await.expect("works");
    session.rollback().await.expect("works");
    let error = first.fence(&mut *session).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the migration lock was lost: another one has taken it over"
    );
    assert!(matches!(first.release().await, Err(LockError::Lost { .. })));
    second.release().await.expect("works");
}

#[tokio::test]
async fn a_statement_that_a_dead_owner_left_running_is_waited_for() {
    let _turn = ONE_SERVER.lock().await;
    let own = mariadb().database();
    let first = lock(&own, request("first")).await.expect("works");
    let mut migrating = connect(&own).await;
    first.fence(&mut *migrating).await.expect("works");
    let mut witness = connect(&own).await;
    let connection = owners_connection(&mut *witness).await;
    witness
        .execute(&format!("KILL CONNECTION {connection}"))
        .await
        .expect("works");
    let mut impatient = request("second");
    impatient.timeout = Duration::from_millis(200);
    let Err(LockError::Held { holder, .. }) = lock(&own, impatient).await else {
        panic!("its session is still there");
    };
    assert_eq!(holder.purpose, "first");
    migrating.close().await;
    lock(&own, patient("second").0)
        .await
        .expect("works")
        .release()
        .await
        .expect("works");
}

#[tokio::test]
async fn a_statement_that_a_dead_owner_left_running_is_told_with_what_ends_it() {
    let _turn = ONE_SERVER.lock().await;
    let own = mariadb().database();
    let other = LockRequest {
        name: LockName::parse("another").unwrap(),
        ..request("keeps the table")
    };
    let other = lock(&own, other).await.unwrap();
    let first = lock(&own, request("first")).await.expect("works");
    let mut migrating = connect(&own).await;
    first.fence(&mut *migrating).await.expect("works");
    let number = number(&mut *migrating, "SELECT CONNECTION_ID()").await;
    let running = tokio::spawn(async move { migrating.execute("SELECT\n  SLEEP(300)").await });
    let mut witness = connect(&own).await;
    let runs = format!(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = {number} AND STATE = 'User sleep'"
    );
    while crate::support::number(&mut *witness, &runs).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It gives the lock back; then its row is as if it had died some seconds ago.
    first.release().await.expect("works");
    witness
        .execute(&format!(
            "UPDATE {LEASE_TABLE} SET purpose = 'first', connection = 0, user = CURRENT_USER(), \
             server = CONCAT(@@hostname, ':', @@port), \
             heartbeat = UTC_TIMESTAMP(6) - INTERVAL 10 SECOND WHERE part = 'lease' AND name = '{ATLAS}'"
        ))
        .await
        .expect("works");
    let Err(LockError::Held { holder, .. }) = lock(&own, request("second")).await else {
        panic!("its session is still there");
    };
    let words = holder.to_string();
    assert!(
        words.ends_with(&format!(
            ", which is gone: its session {number} on the server still executes `SELECT SLEEP(300)` \
             (`KILL {number}` would end it)"
        )),
        "{words}"
    );
    witness
        .execute(&holder.left.expect("told").end)
        .await
        .expect("works");
    running.await.expect("works").unwrap_err();
    lock(&own, patient("second").0)
        .await
        .expect("works")
        .release()
        .await
        .expect("works");
    other.release().await.unwrap();
}

#[tokio::test]
async fn an_owner_on_another_server_is_followed_when_its_heartbeat_is_old() {
    let _turn = ONE_SERVER.lock().await;
    let own = mariadb().database();
    let other = LockRequest {
        name: LockName::parse("another").unwrap(),
        ..request("keeps the table")
    };
    let other = lock(&own, other).await.unwrap();
    lock(&own, request("once"))
        .await
        .unwrap()
        .release()
        .await
        .unwrap();
    let mut session = connect(&own).await;
    let beat = |age: u32| {
        format!(
            "UPDATE {LEASE_TABLE} SET purpose = 'elsewhere', server = 'elsewhere:3306', connection = 1, \
             heartbeat = UTC_TIMESTAMP(6) - INTERVAL {age} SECOND WHERE part = 'lease' AND name = '{ATLAS}'"
        )
    };
    session.execute(&beat(5)).await.expect("works");
    let Err(LockError::Held { holder, .. }) = lock(&own, request("mine")).await else {
        panic!("it is alive");
    };
    assert_eq!(holder.purpose, "elsewhere");
    session.execute(&beat(16)).await.expect("works");
    lock(&own, request("mine"))
        .await
        .expect("works")
        .release()
        .await
        .expect("works");
    other.release().await.unwrap();
}

#[tokio::test]
async fn what_is_fenced_is_not_taken_over_before_its_transaction_ends() {
    let _turn = ONE_SERVER.lock().await;
    let own = mariadb().database();
    let first = lock(&own, request("first")).await.expect("works");
    let mut migrating = connect(&own).await;
    migrating.begin().await.expect("works");
    first.fence(&mut *migrating).await.expect("works");
    // As behind a pooler that forgets `GET_LOCK`, long after the last heartbeat.
    migrating
        .execute("DO RELEASE_ALL_LOCKS()")
        .await
        .expect("works");
    let mut witness = connect(&own).await;
    let connection = owners_connection(&mut *witness).await;
    witness
        .execute(&format!("KILL CONNECTION {connection}"))
        .await
        .expect("works");
    let Err(LockError::Held { .. }) = lock(&own, request("second")).await else {
        panic!("the fence is held");
    };
    migrating.commit().await.expect("works");
    lock(&own, patient("second").0)
        .await
        .expect("works")
        .release()
        .await
        .expect("works");
}

#[tokio::test]
async fn without_the_right_to_make_its_table_the_lock_goes_without_a_lease() {
    let _turn = ONE_SERVER.lock().await;
    let own = mariadb().database();
    let name = own.name();
    own.mariadb(&format!(
        "CREATE USER poor@localhost; GRANT SELECT, INSERT ON {name}.* TO poor@localhost;"
    ));
    let url = own.url().replace("root@", "poor@");
    let (request, events) = patient("poor");
    let first = database(&url).lock(request).await.expect("works");
    let told = events.lock().expect("works").clone();
    assert!(
        matches!(&told[..], [LockEvent::LeaseUnusable { .. }]),
        "{told:?}"
    );
    assert!(matches!(
        database(&url).lock(self::request("second")).await,
        Err(LockError::Held { .. })
    ));
    let mut migrating = database(&url)
        .connect(&ConnectOptions::default())
        .await
        .expect("works");
    first.fence(&mut *migrating).await.expect("works");
    first.release().await.expect("works");
    // Its session is still there: it is waited for, as behind a lease.
    let Err(LockError::Held { holder, .. }) = database(&url).lock(self::request("second")).await
    else {
        panic!("its session is still there");
    };
    assert!(holder.left.is_some(), "{holder}");
    migrating.close().await;
    let (request, _) = patient("second");
    let second = database(&url).lock(request).await.expect("works");
    second.release().await.expect("works");
    own.mariadb("DROP USER poor@localhost");
}

#[tokio::test]
async fn a_lost_connection_is_made_again_if_nobody_took_the_lock() {
    let _turn = ONE_SERVER.lock().await;
    let own = mariadb().database();
    let first = lock(&own, request("first")).await.expect("works");
    let mut session = connect(&own).await;
    let before = owners_connection(&mut *session).await;
    session
        .execute(&format!("KILL CONNECTION {before}"))
        .await
        .expect("works");
    while owners_connection(&mut *session).await == before {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!atlas_gets_it(&mut *session).await);
    assert!(matches!(
        lock(&own, request("second")).await,
        Err(LockError::Held { .. })
    ));
    first.release().await.expect("works");
}

#[tokio::test]
async fn the_leases_table_is_no_part_of_the_schema_and_goes_with_the_last_lock() {
    let _turn = ONE_SERVER.lock().await;
    let own = mariadb().database();
    let held = lock(&own, request("first")).await.expect("works");
    let mut session = connect(&own).await;
    assert!(session.catalog(&[]).await.expect("works").is_empty());
    held.release().await.expect("works");
}

#[tokio::test]
async fn questions_are_answered_as_expected_as_long_as_the_lock_is_held() {
    let _turn = ONE_SERVER.lock().await;
    let own = mariadb().database();
    let held = lock(&own, request("mine")).await.expect("works");
    let mut session = connect(&own).await;
    let questions = held.questions().expect("it has a lease");
    let mut are_answered = async || {
        session.begin().await.expect("works");
        let mut answered = Vec::new();
        for question in &questions {
            let rows = session.query(&question.text, &[]).await.expect("works");
            answered.push(question.is_answered_by(&rows));
        }
        session.rollback().await.expect("works");
        answered
    };
    assert_eq!(are_answered().await, [true]);
    let mut other = connect(&own).await;
    other
        .execute(&format!(
            "UPDATE {LEASE_TABLE} SET token = token + 1 WHERE part = 'fence'"
        ))
        .await
        .expect("works");
    assert_eq!(are_answered().await, [false]);
}

//! Releases in a world of the test's own: how each kind of trouble ends.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where its world is not as it should be"
)]

mod world;

use std::sync::Arc;

use shipgate_release::journal::{EndState, Journal, ReleaseKind};
use shipgate_release::ports::OnFailure;
use shipgate_release::steps::promote::Strategy;
use shipgate_release::store::Store;
use shipgate_release::{Cancel, Effect, Failure, Flow, execute, mark_resumed};
use tempfile::TempDir;

use world::{Reader, World};

/// A release that is about to be made.
struct Stage {
    world: Arc<World>,
    store: Store,
    _directory: TempDir,
}

impl Stage {
    /// Release 1 serves with two machines; release 2 has one migration.
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            store: Store::new(directory.path().join("releases")),
            world: Arc::new(World::serving(1, 2)),
            _directory: directory,
        }
    }

    fn begin(&self, kind: ReleaseKind, flow: Flow) -> Journal {
        let mut lock = self.store.lock("test", 1, World::start()).unwrap();
        self.store
            .begin(&mut lock, "app", kind, flow, World::start())
            .unwrap()
    }

    async fn deploy(&self) -> (EndState, Journal) {
        let journal = self.begin(ReleaseKind::Deploy, Flow::deploy());
        self.run(journal, &Cancel::default()).await
    }

    async fn run(&self, journal: Journal, cancel: &Cancel) -> (EndState, Journal) {
        let ports = self.world.ports();
        execute(journal, &ports, cancel, &Reader::default())
            .await
            .unwrap()
    }
}

fn failure_of(journal: &Journal) -> Failure {
    journal.state().failure().unwrap().1.clone()
}

fn exit_code((end, journal): &(EndState, Journal)) -> u8 {
    end.exit_code(journal.state().failure().map(|(_, failure)| failure))
}

#[tokio::test]
async fn an_undisturbed_deploy_brings_the_new_fleet_in_and_takes_the_old_one_out() {
    let stage = Stage::new();
    let done = stage.deploy().await;
    assert_eq!((done.0, exit_code(&done)), (EndState::Released, 0));
    assert_eq!(stage.world.serving_now(), ["r1-new-1", "r1-new-2"]);
    assert_eq!(stage.world.running_now(), stage.world.serving_now());
    assert_eq!(
        stage.world.calls_of_the_database(),
        [
            "survey",
            "backup release-1",
            "copy release-1",
            "migrate copy",
            "discard release-1",
            "migrate live",
        ]
    );
}

#[tokio::test]
async fn nothing_pending_and_the_same_build_is_no_release() {
    let stage = Stage::new();
    stage.world.pending.lock().unwrap().clear();
    *stage.world.same_build.lock().unwrap() = true;
    let done = stage.deploy().await;
    assert_eq!((done.0, exit_code(&done)), (EndState::Unchanged, 0));
    assert_eq!(stage.world.calls_of_the_database(), ["survey"]);
}

#[tokio::test]
async fn a_migration_that_breaks_on_the_copy_never_reaches_the_database() {
    let stage = Stage::new();
    stage.world.fail(
        "migrate copy",
        Failure::new("migration-failed", "no such column"),
    );
    let done = stage.deploy().await;
    assert_eq!((done.0, exit_code(&done)), (EndState::Aborted, 1));
    let calls = stage.world.calls_of_the_database();
    assert!(!calls.contains(&"migrate live".to_owned()), "{calls:?}");
    assert_eq!(calls.last().unwrap(), "discard release-1");
    assert_eq!(
        failure_of(&done.1).message,
        "no such column (on a copy of the database)"
    );
}

#[tokio::test]
async fn a_schema_the_running_version_cannot_live_with_stops_the_release() {
    let stage = Stage::new();
    stage.deploy().await;
    stage
        .world
        .fail("healthy trial", Failure::new("unhealthy", "503"));
    let done = stage.deploy().await;
    assert_eq!((done.0, exit_code(&done)), (EndState::Aborted, 1));
    assert_eq!(failure_of(&done.1).code, "old-version-breaks");
    assert!(
        stage
            .world
            .running_now()
            .iter()
            .all(|id| !id.contains("trial"))
    );
}

#[tokio::test]
async fn a_half_done_migration_is_told_as_one() {
    let stage = Stage::new();
    let half = Failure::new("migration-failed", "disk full").with_effect(Effect::Part);
    stage.world.fail("migrate live", half);
    let done = stage.deploy().await;
    assert_eq!((done.0, exit_code(&done)), (EndState::HalfMigrated, 5));
    assert_eq!(stage.world.serving_now(), ["r0-old-1", "r0-old-2"]);
}

#[tokio::test]
async fn a_half_done_migration_is_restored_if_asked_for_and_nothing_is_lost() {
    let stage = Stage::new();
    stage.world.policy.lock().unwrap().on_failure = OnFailure::Restore;
    let half = Failure::new("migration-failed", "disk full").with_effect(Effect::Part);
    stage.world.fail("migrate live", half);
    let done = stage.deploy().await;
    assert_eq!((done.0, exit_code(&done)), (EndState::Aborted, 1));
    assert_eq!(
        stage.world.calls_of_the_database().last().unwrap(),
        "restore release-1"
    );
}

#[tokio::test]
async fn a_restore_that_would_lose_writes_is_not_made() {
    let stage = Stage::new();
    stage.world.policy.lock().unwrap().on_failure = OnFailure::Restore;
    stage
        .world
        .losses
        .lock()
        .unwrap()
        .push("notes: 3 rows added".to_owned());
    let half = Failure::new("migration-failed", "disk full").with_effect(Effect::Part);
    stage.world.fail("migrate live", half);
    let done = stage.deploy().await;
    assert_eq!(done.0, EndState::HalfMigrated);
    let report = failure_of(&done.1).report.join("\n");
    assert!(report.contains("notes: 3 rows added"), "{report}");
}

#[tokio::test]
async fn a_schema_that_is_not_the_rehearsed_one_is_never_served() {
    let stage = Stage::new();
    stage.world.surprise("table intruder");
    let done = stage.deploy().await;
    assert_eq!(
        (done.0, exit_code(&done)),
        (EndState::MigratedNotPromoted, 5)
    );
    let failure = failure_of(&done.1);
    assert_eq!(failure.code, "catalog-differs");
    assert_eq!(
        failure.report,
        ["table intruder is there, but was not in the rehearsal"]
    );
}

#[tokio::test]
async fn every_strategy_puts_the_old_version_back_when_the_new_one_is_not_healthy() {
    for strategy in [
        Strategy::Rolling,
        Strategy::Bluegreen,
        Strategy::Canary,
        Strategy::Immediate,
    ] {
        for after in 1..=2 {
            let stage = Stage::new();
            stage.world.policy.lock().unwrap().strategy = strategy;
            stage
                .world
                .fail_after("healthy new", after, Failure::new("unhealthy", "503"));
            let done = stage.deploy().await;
            if done.0 == EndState::Released {
                // This strategy asks for health only once.
                assert!(after == 2 && strategy != Strategy::Rolling, "{strategy:?}");
                continue;
            }
            assert_eq!(done.0, EndState::MigratedNotPromoted, "{strategy:?}");
            assert_eq!(
                stage.world.serving_now(),
                ["r0-old-1", "r0-old-2"],
                "{strategy:?}"
            );
            assert_eq!(
                stage.world.running_now(),
                stage.world.serving_now(),
                "{strategy:?}"
            );
        }
    }
}

#[tokio::test]
async fn without_a_migration_an_unhealthy_version_is_rolled_back() {
    let stage = Stage::new();
    stage.world.pending.lock().unwrap().clear();
    stage
        .world
        .fail("healthy new", Failure::new("unhealthy", "503"));
    let done = stage.deploy().await;
    assert_eq!((done.0, exit_code(&done)), (EndState::RolledBack, 1));
}

#[tokio::test]
async fn what_is_asked_to_stop_stops_between_two_steps() {
    let stage = Stage::new();
    let journal = stage.begin(ReleaseKind::Deploy, Flow::deploy());
    let cancel = Cancel::default();
    cancel.request();
    let (end, _) = stage.run(journal, &cancel).await;
    assert_eq!(end, EndState::Aborted);
    assert!(stage.world.calls_of_the_database().is_empty());
}

#[tokio::test]
async fn a_paused_front_door_opens_again_whatever_the_migration_does() {
    let stage = Stage::new();
    stage.world.policy.lock().unwrap().pause_during_migrate =
        Some(std::time::Duration::from_secs(1));
    stage
        .world
        .fail("migrate live", Failure::new("migration-failed", "no"));
    stage.deploy().await;
    let calls = stage.world.calls.lock().unwrap().clone();
    let pause = calls.iter().position(|call| call == "pause").unwrap();
    let resume = calls.iter().position(|call| call == "resume").unwrap();
    assert!(pause < resume);
}

#[tokio::test]
async fn a_rollback_promotes_the_earlier_build_and_leaves_the_schema() {
    let stage = Stage::new();
    stage.deploy().await;
    let kind = ReleaseKind::Rollback {
        to: 1,
        restore: None,
    };
    let journal = stage.begin(kind, Flow::rollback());
    let (end, _) = stage.run(journal, &Cancel::default()).await;
    assert_eq!(end, EndState::Released);
    assert_eq!(stage.world.serving_now(), ["r2-new-1", "r2-new-2"]);
    let migrations = stage.world.calls_of_the_database();
    assert_eq!(
        migrations
            .iter()
            .filter(|call| *call == "migrate live")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_rollback_that_restores_takes_a_safety_copy_first() {
    let stage = Stage::new();
    stage.deploy().await;
    stage.world.calls.lock().unwrap().clear();
    let kind = ReleaseKind::Rollback {
        to: 1,
        restore: Some("release-1".to_owned()),
    };
    let journal = stage.begin(kind, Flow::rollback_and_restore());
    let (end, _) = stage.run(journal, &Cancel::default()).await;
    assert_eq!(end, EndState::Released);
    assert_eq!(
        stage.world.calls_of_the_database(),
        ["backup release-2", "restore release-1"]
    );
}

/// A process that dies after any record it wrote: another goes on.
#[tokio::test]
async fn every_journal_prefix_leads_to_the_same_end() {
    let whole = Stage::new();
    let (end, journal) = whole.deploy().await;
    let records = journal.entries().len();
    for written in 1..records {
        let stage = Stage::new();
        let journal = stage.begin(ReleaseKind::Deploy, Flow::deploy());
        let ports = stage.world.ports();
        let dying = tokio::spawn(async move {
            let reader = Reader::dying_after(written);
            execute(journal, &ports, &Cancel::default(), &reader)
                .await
                .map(|_| ())
        });
        assert!(
            dying.await.is_err(),
            "it should have died after {written} records"
        );

        let mut lock = stage.store.lock("resume", 2, World::start()).unwrap();
        let mut journal = stage.store.open(&mut lock, 1).unwrap();
        if journal.state().end().is_none() {
            let ports = stage.world.ports();
            mark_resumed(&mut journal, &ports, &Reader::default()).unwrap();
        }
        let (resumed, _) = stage.run(journal, &Cancel::default()).await;
        assert_eq!(resumed, end, "after {written} records");
        assert_eq!(stage.world.serving_now(), whole.world.serving_now());
        assert_eq!(stage.world.running_now(), whole.world.running_now());
        assert_eq!(
            *stage.world.schema.lock().unwrap(),
            *whole.world.schema.lock().unwrap()
        );
    }
}

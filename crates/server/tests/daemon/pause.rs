//! Requests that wait at the front door, and a release or a daemon that dies
//! meanwhile.

use std::thread;

use shipgate_testkit::{Manifest, Running};

use crate::support::{Site, manifest};

/// Migrates in no time, but on the live database only once it may.
const MIGRATE: &str = "#!/bin/sh\n\
    case $DATABASE_URL in */data/app.db) while [ ! -e \"$HOME/go-on\" ]; do sleep 0.05; done;; esac\n";

fn pausing(colour: &str) -> Manifest {
    manifest()
        .set("database", "url", "sqlite://data/app.db")
        .set_raw("build", "include", "[\"fake-app\", \"migrate\"]")
        .release_command("./migrate")
        .set_raw("release", "pause_during_migrate", "true")
        .set("release", "pause_timeout", "60s")
        .set("env", "COLOUR", colour)
}

/// A project whose second release has paused the front door.
fn begin() -> (Site, Running) {
    let project = shipgate_testkit::TestProject::new(shipgate_testkit::binary("shipgate"));
    project.script("migrate", MIGRATE).file("go-on", "").sql("");
    let site = Site::released(project, &pausing("red"));
    std::fs::remove_file(site.0.path().join("go-on")).expect("it was there");
    site.0.manifest(&pausing("green"));
    let deploy = site.0.start(&["deploy"]);
    (site, deploy)
}

#[test]
fn requests_wait_for_a_migration_and_then_go_on() {
    let (site, deploy) = begin();
    site.until("the pause", |status| status.paused);
    let waiting = thread::scope(|scope| {
        let asked = scope.spawn(|| site.answers());
        site.until("that a request waits", |status| status.door.waiting == 1);
        site.0.file("go-on", "");
        deploy.wait().exits(0);
        asked.join().expect("an answer")
    });
    assert!(waiting.is_some_and(|name| name.contains("-web-")));
    assert!(!site.until_all_serve().paused);
}

#[test]
fn a_pause_ends_when_the_release_that_asked_for_it_has_died() {
    let (site, deploy) = begin();
    site.until("the pause", |status| status.paused);
    let waiting = thread::scope(|scope| {
        let asked = scope.spawn(|| site.answers());
        site.until("that a request waits", |status| status.door.waiting == 1);
        deploy.kill();
        asked.join().expect("an answer")
    });
    assert!(waiting.is_some_and(|name| name.starts_with("r1-web-")));
    assert!(!site.until("an answer", |_| true).paused);
    site.0.file("go-on", "");
}

#[test]
fn a_pause_also_ends_when_the_release_died_before_it_was_quiet() {
    let (site, deploy) = begin();
    // Whoever reads no answer keeps its request under way: here for longer than the test.
    let slow = thread::spawn({
        let port = site.0.port();
        move || shipgate_testkit::get(port, "/slow?ms=5000")
    });
    site.until("the pause", |status| {
        status.paused && status.door.in_flight == 1
    });
    deploy.kill();
    let answered = site.answers();
    assert!(answered.is_some_and(|name| name.starts_with("r1-web-")));
    assert!(
        slow.join()
            .expect("an answer")
            .is_some_and(|answer| answer.status == 200)
    );
    site.0.file("go-on", "");
}

#[test]
fn a_release_goes_on_with_a_new_daemon_when_its_daemon_was_killed() {
    let (site, deploy) = begin();
    site.until("the pause", |status| status.paused);
    site.kill_daemon();
    site.0.file("go-on", "");
    deploy.wait().exits(0);
    let status = site.until_all_serve();
    assert_eq!(status.release, Some(2));
    assert!(!status.paused);
    assert!(!site.state_of("r1-web-1").is_live());
}

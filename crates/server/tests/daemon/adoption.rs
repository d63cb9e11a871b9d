//! A daemon that was killed, and the one that follows it.

use shipgate_testkit::eventually;

use crate::support::{Site, manifest};

const BOTH: [&str; 2] = ["r1-web-1", "r1-web-2"];

#[test]
fn a_daemon_killed_under_load_is_followed_by_one_that_serves_the_same_machines() {
    let site = Site::new();
    let before = BOTH.map(|name| site.pids_of(name));
    let load = site.load();
    site.kill_daemon();
    assert_eq!(site.0.get("/"), None, "nobody listens");
    drop(load);
    let _daemon = site.serve();
    let load = site.load();
    let status = site.until_all_serve();
    load.wait_for(20);
    load.end().is_flawless();
    assert_eq!(BOTH.map(|name| site.pids_of(name)), before);
    assert_eq!(status.release, Some(1));
}

#[test]
fn the_next_deploy_starts_a_daemon_that_finds_everything_as_it_was() {
    let site = Site::new();
    let before = BOTH.map(|name| site.pids_of(name));
    site.kill_daemon();
    site.0.run(&["deploy"]).exits(0);
    assert_eq!(BOTH.map(|name| site.pids_of(name)), before);
    let load = site.load();
    load.wait_for(20);
    load.end().is_flawless();
}

#[test]
fn a_release_replaces_machines_that_an_earlier_daemon_had_begun_to_serve() {
    let site = Site::new();
    site.kill_daemon();
    site.0.manifest(&manifest().set("env", "COLOUR", "red"));
    site.0.run(&["deploy"]).exits(0);
    let status = site.until_all_serve();
    let names: Vec<&str> = status
        .machines
        .iter()
        .map(|machine| machine.id.as_str())
        .collect();
    assert_eq!(names, ["r2-web-1", "r2-web-2"]);
    for name in BOTH {
        let state = site.state_of(name);
        assert!(!state.is_live(), "{name} is {state:?}");
    }
}

#[test]
fn a_machine_that_died_together_with_the_daemon_is_started_by_the_next() {
    let site = Site::new();
    let (first, second) = (site.pids_of("r1-web-1"), site.pids_of("r1-web-2"));
    site.kill_daemon();
    crate::support::kill(first.1);
    crate::support::kill(first.0);
    let _daemon = site.serve();
    eventually("that the machine runs again", || {
        site.pids_of("r1-web-1") != first
    });
    site.until_all_serve();
    assert_eq!(
        site.pids_of("r1-web-2"),
        second,
        "the other one was left alone"
    );
}

//! The daemon and its machines, whatever dies.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::{Pid, Signal, kill_process};
use shipgate_testkit::{Manifest, TestProject, eventually, until};

use crate::support::{lives, picture, project, released, released_with, second};

fn kill(pid: u32) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// The process of a machine's command.
fn process_of(project: &TestProject, machine: &str) -> u32 {
    until("a running machine", || {
        let state = project.state_file(&format!("machines/{machine}/state.json"));
        let (_, command) = state.split_once("\"command\":")?;
        let (_, pid) = command.split_once("\"pid\":")?;
        let digits: String = pid
            .trim()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().ok()
    })
}

#[test]
fn a_machine_that_crashes_is_started_again_and_requests_wait_for_it() {
    let project = released();
    let first = process_of(&project, "r1-web-1");
    // The app dies of this request; the next ones find it again.
    let _ = project.get("/die");
    eventually("the app to serve again", || {
        project.serves().as_deref() == Some("1")
    });
    assert_ne!(process_of(&project, "r1-web-1"), first);
    project.run(&["status"]).exits(0).prints("restarted once");
    eventually("no trouble any more", || {
        project.run(&["status", "--exit-code"]).code == Some(0)
    });
}

#[test]
fn one_of_two_machines_may_crash_and_the_other_serves() {
    let project = released_with(&Manifest::default().set_raw("runtime", "machines", "{ web = 2 }"));
    let app = process_of(&project, "r1-web-1");
    kill(app);
    eventually("its end", || !lives(app));
    for _ in 0..20 {
        assert_eq!(project.serves().as_deref(), Some("1"));
    }
}

#[test]
fn a_killed_daemon_is_followed_by_one_that_adopts_its_machines() {
    let project = released();
    let app = process_of(&project, "r1-web-1");
    let daemon = project.daemon().unwrap();
    kill(daemon);
    eventually("the daemon's end", || !lives(daemon));
    project
        .run(&["status", "--exit-code"])
        .exits(3)
        .says("no daemon runs");
    let mut serve = project.start(&["serve"]);
    serve.until_it_says("found r1-web-1 running");
    serve.until("the app served again", |_| {
        project.serves().as_deref() == Some("1")
    });
    assert_eq!(
        process_of(&project, "r1-web-1"),
        app,
        "adopted, not started again"
    );
    project.manifest(&second());
    project.run(&["deploy"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("2"));
    eventually("the old machine's end", || !lives(app));
}

#[test]
fn a_machine_that_died_while_no_daemon_ran_is_started_by_the_next() {
    let project = released();
    let daemon = project.daemon().unwrap();
    kill(daemon);
    eventually("the daemon's end", || !lives(daemon));
    let keeper: u32 = until("the keeper", || {
        let state = project.state_file("machines/r1-web-1/state.json");
        let (_, keeper) = state.split_once("\"keeper\":")?;
        let (_, pid) = keeper.split_once("\"pid\":")?;
        let digits: String = pid
            .trim()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().ok()
    });
    let app = process_of(&project, "r1-web-1");
    kill(keeper);
    kill(app);
    eventually("their end", || !lives(keeper) && !lives(app));
    let mut serve = project.start(&["serve"]);
    serve.until_it_says("started r1-web-1 again");
    serve.until("the app served again", |_| {
        project.serves().as_deref() == Some("1")
    });
}

#[test]
fn a_deploy_after_the_daemons_death_starts_one_and_goes_on() {
    let project = released();
    kill(project.daemon().unwrap());
    project.manifest(&second());
    project.run(&["deploy"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("2"));
}

#[test]
fn stop_ends_everything_and_serve_brings_it_back() {
    let project = released_with(
        &Manifest::default()
            .set("processes", "worker", "sleep 600")
            .set_raw("http_service", "processes", "[\"web\"]"),
    );
    let (web, worker) = (
        process_of(&project, "r1-web-1"),
        process_of(&project, "r1-worker-1"),
    );
    let daemon = project.daemon().unwrap();
    project.run(&["stop"]).exits(0).says("stopped");
    eventually("the end of all", || {
        !lives(web) && !lives(worker) && !lives(daemon)
    });
    assert_eq!(project.serves(), None);
    project.run(&["stop"]).exits(0).says("no daemon runs");
    let mut serve = project.start(&["serve"]);
    serve.until("the fleet", |_| project.serves().as_deref() == Some("1"));
    eventually("the worker", || lives(process_of(&project, "r1-worker-1")));
}

#[test]
fn a_deploy_after_a_stop_brings_the_fleet_back_even_if_nothing_changed() {
    let project = released();
    project.run(&["stop"]).exits(0);
    project.run(&["deploy"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("1"));
}

#[test]
fn a_deleted_state_directory_ends_the_daemon_and_its_machines() {
    let project = released();
    let (daemon, app) = (project.daemon().unwrap(), process_of(&project, "r1-web-1"));
    fs::remove_dir_all(project.state()).unwrap();
    eventually("their end", || !lives(daemon) && !lives(app));
    project.run(&["deploy"]).exits(0).says("release 1");
    assert_eq!(project.serves().as_deref(), Some("1"));
}

#[test]
fn serve_in_the_foreground_leaves_the_machines_when_it_is_interrupted() {
    let project = released();
    project.run(&["stop"]).exits(0);
    let mut serve = project.start(&["serve"]);
    serve.until("the fleet", |_| project.serves().as_deref() == Some("1"));
    let app = process_of(&project, "r1-web-1");
    serve.interrupt();
    serve.wait().exits(0).says("machines run on");
    assert!(lives(app));
}

#[test]
fn a_second_daemon_is_refused_and_names_the_first() {
    let project = released();
    let daemon = project.daemon().unwrap();
    project
        .run(&["serve"])
        .exits(1)
        .says("a daemon runs already")
        .says(&format!("process {daemon}"));
    assert_eq!(project.serves().as_deref(), Some("1"));
}

#[test]
fn an_app_under_a_long_path_is_served_too() {
    let project = project();
    let deep = "a-directory-with-a-rather-long-name/".repeat(5);
    fs::create_dir_all(project.path().join(&deep)).unwrap();
    for name in ["shipgate.toml", "migrations"] {
        fs::rename(
            project.path().join(name),
            project.path().join(&deep).join(name),
        )
        .unwrap();
    }
    project.run(&["deploy", &deep]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("1"));
    project.run(&["stop", &deep]).exits(0);
}

#[test]
fn a_state_directory_others_can_read_is_refused_with_the_way_to_mend_it() {
    let project = released();
    project.mode(".shipgate", 0o755);
    let path = project.state().canonicalize().unwrap();
    let before = picture(&project);
    project
        .run(&["deploy"])
        .exits(1)
        .says("can be read by others (mode 755)")
        .says(&format!("chmod 700 {}", path.display()));
    assert_eq!(picture(&project), before);
    project.mode(".shipgate", 0o700);
    project.run(&["deploy"]).exits(0);
}

#[test]
fn what_holds_secrets_is_for_its_owner_alone() {
    let project = released_with(&Manifest::default().set("env", "API_TOKEN", "correct-horse"));
    let mut open = Vec::new();
    visit(project.state(), &mut |path| {
        let holds = fs::read(path)
            .is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains("correct-horse"));
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o077;
        if holds && mode != 0 {
            open.push(path.display().to_string());
        }
    });
    assert_eq!(open, Vec::<String>::new());
    let mode = fs::metadata(project.state()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
}

fn visit(directory: &std::path::Path, look: &mut impl FnMut(&std::path::Path)) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            visit(&entry.path(), look);
        } else if kind.is_file() {
            look(&entry.path());
        }
    }
}

#[test]
fn ps_lists_what_runs_and_on_request_what_ended() {
    let project = released();
    project.manifest(&second());
    project.run(&["deploy"]).exits(0);
    let live = project.run(&["ps"]).exits(0).stdout;
    assert!(
        live.contains("r2-web-1") && !live.contains("r1-web-1"),
        "{live}"
    );
    project
        .run(&["ps", "--all"])
        .exits(0)
        .prints("r1-web-1")
        .prints("ended: stopped as asked");
}

#[test]
fn before_the_first_release_every_look_says_so() {
    let project = project();
    project
        .run(&["status"])
        .exits(0)
        .says("nothing has been released here yet");
    project.run(&["ps"]).exits(0).says("no machines");
    project.run(&["stop"]).exits(0).says("nothing runs here");
    project
        .run(&["release", "list"])
        .exits(2)
        .says("nothing has been released here yet");
    assert!(!project.state().exists(), "looking makes nothing");
}

#[test]
fn a_new_address_of_the_front_door_is_taken_by_the_next_release() {
    let project = released();
    let other = shipgate_testkit::free_port();
    project.manifest(&second().set("runtime", "listen", &format!("127.0.0.1:{other}")));
    project
        .run(&["deploy"])
        .exits(0)
        .prints(&format!("http://127.0.0.1:{other}"));
    let answer = shipgate_testkit::get(other, "/").unwrap();
    assert_eq!(answer.body, "2");
    kill(project.daemon().unwrap());
    let mut serve = project.start(&["serve"]);
    serve.until("the new address", |_| {
        shipgate_testkit::get(other, "/").is_some_and(|answer| answer.body == "2")
    });
}

#[test]
fn an_app_without_a_database_or_a_door_is_released_too() {
    let manifest = Manifest::default()
        .without("database")
        .without("http_service")
        .set("processes", "web", "sh -c 'echo at work; exec sleep 600'");
    let project = crate::support::bare(&manifest);
    project
        .run(&["deploy"])
        .exits(0)
        .says("no database to migrate")
        .says("the front door answers nothing");
    project.run(&["logs"]).exits(0).prints("at work");
}

#[test]
fn a_fly_toml_is_a_project_file_as_it_is() {
    let project = project();
    let text = Manifest::default()
        .set("env", "PRIMARY", "1")
        .set("vm", "memory", "512mb")
        .to_string();
    let text = text.replace("[vm]", "[[vm]]");
    fs::remove_file(project.path().join("shipgate.toml")).unwrap();
    project.file("fly.toml", &format!("primary_region = \"fra\"\n{text}"));
    project.run(&["deploy"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("1"));
}

//! The four ways in which a new version takes over, and back.

use std::collections::BTreeSet;

use shipgate_testkit::{Manifest, TestProject};

use crate::support::{picture, refused, released_with, second, state_of};

const STRATEGIES: [&str; 4] = ["rolling", "bluegreen", "canary", "immediate"];

fn two_machines(manifest: Manifest, strategy: &str) -> Manifest {
    manifest
        .strategy(strategy)
        .set_raw("runtime", "machines", "{ web = 2 }")
}

fn serving(strategy: &str) -> TestProject {
    released_with(&two_machines(Manifest::default(), strategy))
}

/// Versions that many requests are answered by.
fn answers(project: &TestProject) -> BTreeSet<String> {
    (0..20).filter_map(|_| project.serves()).collect()
}

#[test]
fn every_strategy_brings_the_new_version_in_and_takes_the_old_one_out() {
    for strategy in STRATEGIES {
        let project = serving(strategy);
        project.manifest(&two_machines(second(), strategy));
        project
            .run(&["deploy"])
            .exits(0)
            .says("2 machines healthy, 2 retired");
        assert_eq!(
            answers(&project),
            BTreeSet::from(["2".to_owned()]),
            "{strategy}"
        );
        let listed = project.run(&["ps"]).exits(0).stdout;
        assert!(
            listed.contains("r2-web-2") && !listed.contains("r1-web"),
            "{listed}"
        );
    }
}

#[test]
fn every_strategy_puts_the_old_version_back_when_the_new_one_is_not_healthy() {
    for strategy in STRATEGIES {
        let project = serving(strategy);
        project.manifest(
            &two_machines(second().web("./fake-app --version 2 --unhealthy"), strategy).set(
                "deploy",
                "wait_timeout",
                "1s",
            ),
        );
        let before = picture(&project);
        project
            .run(&["deploy"])
            .exits(1)
            .says("was not healthy within 1 s")
            .says("release 1 serves");
        assert_eq!(picture(&project), before, "{strategy}");
        assert_eq!(state_of(&project, 2), "rolled back");
        assert_eq!(
            answers(&project),
            BTreeSet::from(["1".to_owned()]),
            "{strategy}"
        );
        let listed = project.run(&["ps"]).exits(0).stdout;
        assert!(
            listed.contains("r1-web-1") && listed.contains("r1-web-2"),
            "{listed}"
        );
        assert!(!listed.contains("r2-web"), "{strategy}: {listed}");
        project.run(&["status", "--exit-code"]).exits(0);
    }
}

#[test]
fn every_strategy_puts_the_old_version_back_when_the_new_one_dies_soon() {
    for strategy in STRATEGIES {
        let project = serving(strategy);
        project.manifest(
            &two_machines(
                second().web("./fake-app --version 2 --die-after-ready"),
                strategy,
            )
            .set("release", "settle", "3s"),
        );
        refused(&project, 1).says("release 1 serves on");
        assert_eq!(
            answers(&project),
            BTreeSet::from(["1".to_owned()]),
            "{strategy}"
        );
    }
}

#[test]
fn a_strategy_can_be_chosen_for_one_deploy() {
    let project = released_with(&Manifest::default());
    project.manifest(&second());
    project
        .run(&["deploy", "--strategy", "bluegreen", "--verbose"])
        .exits(0)
        .says("switch traffic from [r1-web-1] to [r2-web-1]");
    project
        .run(&["deploy", "--strategy", "bluegren"])
        .exits(2)
        .says("bluegreen");
}

#[test]
fn a_new_version_may_have_more_or_fewer_machines_and_other_groups() {
    let project = serving("rolling");
    let third = second()
        .set_raw("runtime", "machines", "{ web = 3 }")
        .set("processes", "worker", "sleep 600")
        .set_raw("http_service", "processes", "[\"web\"]");
    project.manifest(&third);
    project
        .run(&["deploy"])
        .exits(0)
        .says("4 machines healthy, 2 retired");
    project.manifest(&Manifest::default().web("./fake-app --version 3"));
    project
        .run(&["deploy"])
        .exits(0)
        .says("1 machine healthy, 4 retired");
    assert_eq!(answers(&project), BTreeSet::from(["3".to_owned()]));
}

#[test]
fn a_machine_without_checks_counts_when_it_listens_and_stays_up() {
    let project = released_with(&Manifest::default().unchecked());
    assert_eq!(project.serves().as_deref(), Some("1"));
    project.manifest(&second().unchecked().web("./fake-app --exit 0"));
    refused(&project, 1).says("release 1 serves on");
}

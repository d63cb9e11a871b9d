//! Many gates at once.

use shipgate_testkit::Running;

use crate::place::{BOTH, Place};

const MANY: usize = 32;

/// Starts many gates, keeps the first command waiting until others wait too,
/// and lets all of them go on.
fn one_runs_and_all_exit_0(place: &Place) {
    place.script(&format!("until_there go\n{BOTH}"));
    let mut gates: Vec<Running> = (0..MANY).map(|_| place.start_gate(&[])).collect();
    let waiting = "waiting for the migration lock, held by shipgate gate (process ";
    shipgate_testkit::eventually("gates that wait", || {
        gates
            .iter()
            .filter(|gate| gate.stderr().contains(waiting))
            .count()
            >= MANY / 2
    });
    shipgate_testkit::eventually("the first command", || place.runs() == 1);
    place.file("go", "");
    let mut not_started = 0;
    for gate in gates.drain(..) {
        let ran = gate.wait().exits(0);
        not_started += usize::from(ran.stderr.contains("`./migrate.sh` is not started"));
    }
    assert_eq!((place.runs(), not_started), (1, MANY - 1));
}

#[test]
fn thirty_two_gates_on_sqlite_run_the_command_once() {
    one_runs_and_all_exit_0(&Place::knex());
}

#[test]
fn thirty_two_gates_on_postgresql_run_the_command_once() {
    one_runs_and_all_exit_0(&Place::on_postgres());
}

#[test]
fn thirty_two_gates_on_mariadb_run_the_command_once() {
    one_runs_and_all_exit_0(&Place::on_mariadb());
}

#[test]
fn a_gate_that_waits_says_for_whom_since_when_and_gives_up_in_time() {
    let place = Place::knex();
    place.script(&format!("touch begun\nuntil_there go\n{BOTH}"));
    let mut first = place.start_gate(&[]);
    first.until("the command's start", |_| place.has("begun"));
    let pid = first.pid();
    place
        .gate(&["--lock-timeout", "100ms", "--", "./migrate.sh"])
        .exits(4)
        .says(&format!("held by shipgate gate (process {pid} on "))
        .says(" since 20")
        .says("error[migration-lock]: the migration lock is held by shipgate gate");
    place.file("go", "");
    first.wait().exits(0);
}

#[test]
fn ctrl_c_ends_a_gate_that_waits() {
    let place = Place::knex();
    place.script(&format!("touch begun\nuntil_there go\n{BOTH}"));
    let mut first = place.start_gate(&[]);
    first.until("the command's start", |_| place.has("begun"));
    let mut second = place.start_gate(&[]);
    second.until_it_says("waiting for the migration lock");
    second.interrupt();
    second
        .wait()
        .exits(130)
        .says("error[cancelled]: stopped as asked, before the command was started");
    place.file("go", "");
    first.wait().exits(0);
    assert_eq!(place.runs(), 1);
}

#[test]
fn a_second_gate_runs_the_command_if_the_first_one_failed() {
    let place = Place::knex();
    place.script(&format!(
        "touch begun\nuntil_there go\n[ -e failed ] || {{ touch failed; exit 1; }}\n{BOTH}"
    ));
    let mut first = place.start_gate(&[]);
    first.until("the command's start", |_| place.has("begun"));
    let mut second = place.start_gate(&[]);
    second.until_it_says("waiting for the migration lock");
    place.file("go", "");
    first.wait().exits(1);
    second.wait().exits(0).says("2 migrations applied");
    assert_eq!(place.runs(), 2);
}

//! When a machine is healthy, and what is said when it is not.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use shipgate_release::machine::{HealthCheck, MachineSpec, Probe, RestartPolicy};
use shipgate_runtime::health::{
    Gate, Monitor, ProbeFailure, Thresholds, Unhealthy, Verdict, await_healthy, probe, steady,
};
use shipgate_runtime::ports;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::{PATIENCE, Yard, example, within};

const GATE: Gate = Gate {
    deadline: PATIENCE,
    smoke: Duration::from_millis(50),
};

/// A deadline that is meant to pass.
const SHORT: Gate = Gate {
    deadline: Duration::from_millis(300),
    smoke: Duration::from_millis(50),
};

fn check(port: u16, path: &str) -> HealthCheck {
    HealthCheck {
        name: format!("http GET {path}"),
        probe: Probe::Http {
            method: "GET".to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
        },
        port,
        interval: Duration::from_millis(50),
        timeout: Duration::from_secs(2),
        grace_period: Duration::ZERO,
    }
}

/// The app, with a port of its own; well once the file `ready` exists.
fn app(yard: &Yard) -> (MachineSpec, u16) {
    let app = example("app");
    let mut spec = yard.spec(&[&app.to_string_lossy(), "serve", "ready"]);
    let port = ports::find_free(&BTreeSet::new()).expect("a port");
    spec.port = Some(port);
    spec.env.insert("PORT".to_owned(), port.to_string());
    spec.checks = vec![check(port, "/healthz")];
    (spec, port)
}

async fn gate(yard: &Yard, spec: &MachineSpec, gate: Gate) -> Result<usize, Unhealthy> {
    yard.machines.launch(spec).await.expect("launched");
    let outcome = within(await_healthy(&yard.machines, &spec.id, gate)).await;
    within(yard.machines.stop(&spec.id)).await.expect("stopped");
    outcome.map(|healthy| healthy.checks)
}

#[tokio::test]
async fn a_machine_whose_checks_pass_is_healthy() {
    let yard = Yard::new();
    yard.file("ready", "", 0o644);
    let (spec, _) = app(&yard);
    assert_eq!(gate(&yard, &spec, GATE).await.expect("healthy"), 1);
}

#[tokio::test]
async fn the_deadline_tells_the_last_failure_of_every_check() {
    let yard = Yard::new();
    let (mut spec, port) = app(&yard);
    spec.checks.push(check(port, "/missing"));
    let error = gate(&yard, &spec, SHORT).await.expect_err("unhealthy");
    assert_eq!(
        error.to_string(),
        "machine r1-test-1 was not healthy within 0.3 s: GET /healthz: 503 \
         Service Unavailable: the cache is still cold; GET /missing: 404 Not Found"
    );
}

#[tokio::test]
async fn a_machine_that_ends_is_unhealthy_at_once_and_its_log_says_why() {
    let yard = Yard::new();
    let (mut spec, _) = app(&yard);
    spec.command = yard
        .script("echo cannot reach the database >&2; exit 3")
        .command;
    let error = gate(&yard, &spec, GATE).await.expect_err("unhealthy");
    assert_eq!(error.to_string(), "machine r1-test-1 ended: exit code 3");
    assert_eq!(error.log()[0].text(), "cannot reach the database");
}

#[tokio::test]
async fn a_machine_that_ends_again_and_again_is_unhealthy() {
    let yard = Yard::new();
    let (mut spec, _) = app(&yard);
    spec.command = yard.script("exit 3").command;
    spec.restart = RestartPolicy::Always;
    let error = gate(&yard, &spec, GATE).await.expect_err("unhealthy");
    assert!(matches!(error, Unhealthy::Crashing { .. }), "{error}");
}

#[tokio::test]
async fn one_restart_is_forgiven() {
    let yard = Yard::new();
    yard.file("ready", "", 0o644);
    let (mut spec, _) = app(&yard);
    let serve = spec.command.join(" ");
    let script = format!("test -e second || {{ touch second; exit 1; }}; exec {serve}");
    spec.command = yard.script(&script).command;
    spec.restart = RestartPolicy::Always;
    gate(&yard, &spec, GATE).await.expect("healthy");
}

#[tokio::test]
async fn an_app_that_listens_elsewhere_is_told_so() {
    let yard = Yard::new();
    let (mut spec, port) = app(&yard);
    let other = ports::find_free(&BTreeSet::from([port])).expect("a port");
    spec.env.insert("PORT".to_owned(), other.to_string());
    let error = gate(&yard, &spec, SHORT).await.expect_err("unhealthy");
    let text = error.to_string();
    assert!(text.contains("Connection refused"), "{text}");
    assert!(
        text.ends_with(&format!("it listens on port {other} instead")),
        "{text}"
    );
    assert!(error.hint().expect("a hint").contains("PORT"));
}

#[tokio::test]
async fn without_checks_it_has_to_run_and_to_accept_connections() {
    let yard = Yard::new();
    let (mut spec, _) = app(&yard);
    spec.checks.clear();
    assert_eq!(gate(&yard, &spec, GATE).await.expect("healthy"), 0);

    let yard = Yard::new();
    spec.directory = yard.directory.path().to_owned();
    spec.command = yard.script("exec sleep 1000").command;
    let error = gate(&yard, &spec, SHORT).await.expect_err("unhealthy");
    assert!(error.to_string().contains("Connection refused"), "{error}");
}

#[tokio::test]
async fn a_worker_without_port_and_checks_has_to_run_for_the_smoke_time() {
    let yard = Yard::new();
    let spec = yard.script("exec sleep 1000");
    gate(&yard, &spec, GATE).await.expect("healthy");

    let yard = Yard::new();
    let long = Gate {
        smoke: PATIENCE,
        ..GATE
    };
    let error = gate(&yard, &yard.script("exit 0"), long)
        .await
        .expect_err("unhealthy");
    assert!(matches!(error, Unhealthy::Ended { .. }), "{error}");
}

#[tokio::test]
async fn a_machine_that_neither_ends_nor_restarts_is_steady() {
    let yard = Yard::new();
    let spec = yard.script("exec sleep 1000");
    yard.machines.launch(&spec).await.expect("launched");
    let period = Duration::from_millis(100);
    within(steady(&yard.machines, &spec.id, period))
        .await
        .expect("steady");
    within(yard.machines.stop(&spec.id)).await.expect("stopped");
}

#[tokio::test]
async fn a_machine_that_is_started_again_is_not_steady() {
    let yard = Yard::new();
    let mut spec =
        yard.script("while ! test -e go; do sleep 0.02; done; rm go; echo sorry; exit 3");
    spec.restart = RestartPolicy::Always;
    yard.machines.launch(&spec).await.expect("launched");
    let watched = steady(&yard.machines, &spec.id, PATIENCE);
    yard.file("go", "", 0o644);
    let error = within(watched).await.expect_err("not steady");
    assert_eq!(
        error.to_string(),
        "machine r1-test-1 keeps ending, the last time with: exit code 3"
    );
    assert_eq!(error.log()[0].text(), "sorry");
}

/// A server that answers every connection with the same bytes.
async fn server(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 1024];
                let _ = tokio::io::AsyncReadExt::read(&mut connection, &mut request).await;
                let _ = connection.write_all(answer).await;
                // Held open: the probe must not wait for the end.
                tokio::time::sleep(PATIENCE).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn every_status_from_200_to_299_passes() {
    let port = server(b"HTTP/1.1 299 Whatever\r\nconnection: keep-alive\r\n\r\n").await;
    within(probe(&check(port, "/"))).await.expect("it passes");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let port = server(b"HTTP/1.1 301 Moved\r\nlocation: https://x/\r\n\r\n").await;
    let failure = within(probe(&check(port, "/")))
        .await
        .expect_err("it fails");
    assert_eq!(
        failure.to_string(),
        "GET /: 301 Moved: redirects to https://x/, which is not followed"
    );
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let port = server(b"").await;
    let mut check = check(port, "/");
    check.timeout = Duration::from_millis(100);
    let failure = within(probe(&check)).await.expect_err("it fails");
    assert_eq!(failure.to_string(), "GET /: no answer within 0.1 s");
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    static ENDLESS: [u8; 1 << 20] = [b'x'; 1 << 20];
    let port = server(&ENDLESS).await;
    let failure = within(probe(&check(port, "/")))
        .await
        .expect_err("it fails");
    assert!(matches!(failure, ProbeFailure::NotHttp { .. }), "{failure}");
}

#[tokio::test]
async fn a_tcp_check_passes_when_a_connection_is_accepted() {
    let port = server(b"").await;
    let mut check = check(port, "/");
    check.probe = Probe::Tcp;
    within(probe(&check)).await.expect("it passes");
    check.port = ports::find_free(&BTreeSet::new()).expect("a port");
    let failure = within(probe(&check)).await.expect_err("it fails");
    assert!(
        matches!(failure, ProbeFailure::NotConnected { .. }),
        "{failure}"
    );
}

#[tokio::test]
async fn a_monitor_tells_when_a_machine_fails_and_when_it_is_well_again() {
    let yard = Yard::new();
    yard.file("ready", "", 0o644);
    let (spec, _) = app(&yard);
    yard.machines.launch(&spec).await.expect("launched");
    within(await_healthy(&yard.machines, &spec.id, GATE))
        .await
        .expect("healthy");
    let two = NonZeroU32::new(2).expect("not zero");
    let thresholds = Thresholds {
        passes: two,
        failures: two,
    };
    let mut monitor = Monitor::start(&spec.checks, Duration::ZERO, thresholds);
    std::fs::remove_file(yard.path("ready")).expect("removed");
    let change = within(monitor.next()).await;
    assert!(matches!(
        change.verdict,
        Verdict::Failing(ProbeFailure::Status { .. })
    ));
    yard.file("ready", "", 0o644);
    assert_eq!(within(monitor.next()).await.verdict, Verdict::Passing);
    within(yard.machines.stop(&spec.id)).await.expect("stopped");
}

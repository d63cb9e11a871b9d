//! Clusters start, keep databases apart, survive what tests do to them, and
//! never outlive the process they were started for.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use shipgate_testkit::{
    MariadbCluster, PgBouncer, PoolMode, PostgresCluster, eventually, mariadb, pgbouncer, postgres,
};

#[test]
fn databases_of_postgresql_know_nothing_of_each_other() {
    let (one, other) = (postgres().database(), postgres().database());
    one.psql("CREATE TABLE t (n int); INSERT INTO t VALUES (7)");
    assert_eq!(one.psql("SELECT n, 'a' FROM t"), "7|a");
    other
        .try_psql("SELECT n FROM t")
        .exits(3)
        .says("relation \"t\" does not exist");
}

#[test]
fn databases_of_mariadb_know_nothing_of_each_other() {
    let (one, other) = (mariadb().database(), mariadb().database());
    one.mariadb("CREATE TABLE t (n int); INSERT INTO t VALUES (7)");
    assert_eq!(one.mariadb("SELECT n, 'a' FROM t"), "7\ta");
    other
        .try_mariadb("SELECT n FROM t")
        .exits(1)
        .says("doesn't exist");
}

#[test]
fn a_database_is_dropped_with_its_test() {
    let database = postgres().database();
    let name = database.name().to_owned();
    drop(database);
    let names = postgres()
        .database()
        .psql("SELECT datname FROM pg_database");
    assert!(!names.lines().any(|other| other == name), "{names}");

    let database = mariadb().database();
    let name = database.name().to_owned();
    drop(database);
    let names = mariadb().database().mariadb("SHOW DATABASES");
    assert!(!names.lines().any(|other| other == name), "{names}");
}

#[test]
fn postgresql_wants_the_password_over_tcp_and_proves_who_it_is() {
    let database = postgres().database();
    let ca = postgres().ca_file().display();
    let ask = |url: &str| {
        let mut psql = Command::new(postgres().program("psql"));
        psql.args([
            "-X",
            "-At",
            "-c",
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        ]);
        let output = psql.arg(url).output().unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    let url = database.tcp_url();
    let verified = format!("{url}?sslmode=verify-full&sslrootcert={ca}");
    assert_eq!(ask(&verified), "t\n");
    assert_eq!(ask(&format!("{url}?sslmode=disable")), "f\n");
    let wrong = url.replace(postgres().password(), "wrong");
    assert!(ask(&wrong).contains("password authentication failed"));
}

#[test]
fn mariadb_wants_the_password_over_tcp_and_proves_who_it_is() {
    let database = mariadb().database();
    let ask = |password: &str| {
        let output = Command::new("mariadb")
            .args([
                "--no-defaults",
                "-BN",
                "--host=127.0.0.1",
                "--user=shipgate",
            ])
            .arg(format!("--password={password}"))
            .arg(format!("--port={}", mariadb().port()))
            .arg(format!("--ssl-ca={}", mariadb().ca_file().display()))
            .arg("--ssl-verify-server-cert")
            .args(["-e", "SHOW STATUS LIKE 'Ssl_version'", database.name()])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    let answer = ask(mariadb().password());
    assert!(answer.contains("Ssl_version\tTLSv1"), "{answer}");
    assert!(ask("wrong").contains("Access denied"));
}

#[test]
fn a_pooler_stands_before_the_cluster_in_the_mode_asked_for() {
    let database = postgres().database();
    let ask = |url: &str, sql: &str| {
        let mut psql = Command::new(postgres().program("psql"));
        let output = psql.args(["-X", "-At", "-c", sql, url]).output().unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    for (mode, word) in [
        (PoolMode::Transaction, "transaction"),
        (PoolMode::Session, "session"),
    ] {
        let pooler = pgbouncer(mode);
        let name = ask(&pooler.url(&database), "SELECT current_database()");
        assert_eq!(name.trim(), database.name());
        let settings = ask(&pooler.console(), "SHOW CONFIG");
        assert!(
            settings.contains(&format!("pool_mode|{word}|")),
            "{settings}"
        );
    }
}

#[test]
fn a_private_cluster_can_be_stopped_and_started() {
    let cluster = PostgresCluster::private();
    let database = cluster.database();
    database.psql("CREATE TABLE t (n int)");
    let pid = cluster.pid();
    cluster.stop();
    database.try_psql("SELECT 1").exits(2);
    cluster.start();
    assert_ne!(cluster.pid(), pid);
    assert_eq!(database.psql("SELECT count(*) FROM t"), "0");

    let cluster = MariadbCluster::private();
    let database = cluster.database();
    database.mariadb("CREATE TABLE t (n int)");
    cluster.stop();
    database.try_mariadb("SELECT 1").exits(1);
    cluster.start();
    assert_eq!(database.mariadb("SELECT count(*) FROM t"), "0");
}

#[test]
fn a_killed_server_starts_again_with_what_was_committed() {
    let cluster = PostgresCluster::private();
    let database = cluster.database();
    database.psql("CREATE TABLE t (n int); CHECKPOINT");
    cluster.kill();
    cluster.start();
    assert_eq!(database.psql("SELECT count(*) FROM t"), "0");

    let cluster = MariadbCluster::private();
    let database = cluster.database();
    database.mariadb("CREATE TABLE t (n int)");
    cluster.kill();
    cluster.start();
    assert_eq!(database.mariadb("SELECT count(*) FROM t"), "0");
}

#[test]
fn nothing_is_left_of_a_private_cluster() {
    let cluster = PostgresCluster::private();
    let directory = cluster.directory().to_owned();
    drop(cluster);
    assert!(!directory.exists());

    let cluster = MariadbCluster::private();
    let directory = cluster.directory().to_owned();
    let server = proc(cluster.pid());
    cluster.kill();
    drop(cluster);
    assert!(!directory.exists());
    assert!(!server.exists());
}

#[test]
fn nothing_is_left_when_the_process_is_killed() {
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            "clusters_held_until_killed",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    let line = lines.find_map(|line| Some(line.unwrap().strip_prefix("held: ")?.to_owned()));
    let line = line.expect("it says what it holds");
    let held: Vec<PathBuf> = line.split_whitespace().map(PathBuf::from).collect();
    assert_eq!(held.len(), 5);
    assert!(held.iter().all(|path| path.exists()), "{held:?}");

    holder.kill().unwrap();
    holder.wait().unwrap();
    eventually("the end of what a killed process held", || {
        !held.iter().any(|path| path.exists())
    });
}

#[test]
#[ignore = "run, and killed, by nothing_is_left_when_the_process_is_killed"]
fn clusters_held_until_killed() {
    let pooler = PgBouncer::before(postgres(), PoolMode::Session);
    let held = [
        pooler.directory().to_owned(),
        postgres().directory().to_owned(),
        proc(postgres().pid()),
        mariadb().directory().to_owned(),
        proc(mariadb().pid()),
    ]
    .map(|path| path.display().to_string());
    writeln!(std::io::stdout(), "\nheld: {}", held.join(" ")).unwrap();
    let _ = std::io::stdin().read_line(&mut String::new());
}

fn proc(pid: u32) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}"))
}

//! The crash matrix: a deploy is killed (SIGKILL) at every point that the
//! default flow passes, and resumed. Whatever the point, the release ends as
//! an undisturbed one does, every statement has run exactly once, and the
//! front door answered all along.
//!
//! The points are found by running one release undisturbed with
//! `SHIPGATE_FAULT_LOG`, so a new point is covered as soon as it exists.
//! `SHIPGATE_CRASH_MACHINES=3` runs the matrix with more machines (the points
//! of a promotion grow with them).

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where the world is not as it should be"
)]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use rusqlite::Connection;
use shipgate_testkit::{Ran, TestProject, binary};

/// What migrates the database.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// The built-in engine, in the deploy's own process.
    Engine,
    /// A release command that would do it again if it were run again.
    Command,
}

/// A project that is released again and again, each time with one migration more.
struct Site {
    project: TestProject,
    by: By,
    /// Migrations there are; also the app's version.
    version: u64,
}

impl Site {
    fn new(by: By) -> Self {
        let project = TestProject::new(env!("CARGO_BIN_EXE_shipgate"));
        let mut site = Self {
            project,
            by,
            version: 0,
        };
        site.migration(
            "CREATE TABLE counter (n INTEGER NOT NULL);\nINSERT INTO counter VALUES (1);\n",
        );
        site
    }

    /// Writes the next version: a migration that would be seen if any of its
    /// statements ran twice or not at all.
    fn next(&mut self) {
        let number = self.version + 1;
        self.migration(&format!(
            "CREATE TABLE t{number} (n INTEGER NOT NULL);\n\
             INSERT INTO t{number} VALUES ({number});\n\
             UPDATE counter SET n = n + 1;\n"
        ));
    }

    fn migration(&mut self, text: &str) {
        self.version += 1;
        let machines = std::env::var("SHIPGATE_CRASH_MACHINES").unwrap_or_else(|_| "1".to_owned());
        let (release_command, further) = match self.by {
            By::Engine => {
                self.script(text);
                ("", "")
            }
            By::Command => {
                self.project.file("step.sql", text);
                let run = "release_command = \"./run-sql step.sql\"";
                (run, r#", "run-sql", "step.sql""#)
            }
        };
        self.project.file(
            "shipgate.toml",
            &format!(
                r#"
                app = "crash"
                [build]
                command = "sh -c 'cp {{fake-app}} fake-app && cp {run_sql} run-sql'"
                include = ["fake-app"{further}]
                [deploy]
                {release_command}
                [processes]
                web = "./fake-app --version {version}"
                [http_service]
                [[http_service.checks]]
                path = "/healthz"
                interval = "1s"
                [database]
                url = "sqlite://data.db"
                [release]
                settle = "20ms"
                drain_timeout = "2s"
                [runtime]
                listen = "127.0.0.1:{{port}}"
                machines = {{ web = {machines} }}
                "#,
                version = self.version,
                run_sql = binary("run-sql").display(),
            ),
        );
    }

    /// The next file of an Atlas directory.
    fn script(&self, text: &str) {
        let name = format!("migrations/{:04}_step.sql", self.version);
        self.project.file(&name, text);
        let directory = self.project.path().join("migrations");
        let location = format!("file://{}", directory.display());
        let location = shipgate_migrate::directory::Location::parse(&location).unwrap();
        shipgate_migrate::directory::Directory::open(location)
            .unwrap()
            .write_sum()
            .unwrap();
    }

    fn deploy(&self, faults: &[(&str, &str)]) -> Ran {
        self.run(&["deploy"], faults)
    }

    fn run(&self, arguments: &[&str], faults: &[(&str, &str)]) -> Ran {
        let mut command = self.project.command(arguments);
        command.envs(faults.iter().copied());
        command.output().unwrap().into()
    }

    /// Everything an undisturbed release of this version would have brought about.
    fn check(&self, point: &str) {
        let version = self.version;
        let database = Connection::open(self.project.path().join("data.db")).unwrap();
        let number = |sql: &str| -> i64 { database.query_row(sql, [], |row| row.get(0)).unwrap() };
        let version_signed = i64::try_from(version).unwrap();
        assert_eq!(number("SELECT n FROM counter"), version_signed, "{point}");
        if self.by == By::Engine {
            let whole = number("SELECT count(*) FROM atlas_schema_revisions WHERE applied = total");
            assert_eq!(whole, version_signed, "{point}");
        }
        if version > 1 {
            let rows = number(&format!("SELECT count(*) FROM t{version}"));
            assert_eq!(rows, 1, "{point}");
        }
        assert_eq!(
            get(self.project.port()).unwrap(),
            version.to_string(),
            "{point}"
        );

        let status = self.run(&["status", "--output", "json"], &[]).exits(0);
        let status: serde_json::Value = serde_json::from_str(status.stdout.trim()).unwrap();
        let release = status["release"].as_u64().unwrap();
        let fleet: Vec<&str> = status["machines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|machine| {
                assert_eq!(machine["serving"], true, "{point}: {machine}");
                machine["id"].as_str().unwrap()
            })
            .collect();
        let running = self.run(&["ps", "--output", "json"], &[]).exits(0);
        let running: Vec<String> = running
            .stdout
            .lines()
            .map(|line| {
                let machine: serde_json::Value = serde_json::from_str(line).unwrap();
                machine["id"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(running, fleet, "{point}: what runs is what is meant to run");
        for id in &fleet {
            assert!(id.starts_with(&format!("r{release}-web-")), "{point}: {id}");
        }

        let listed = self
            .run(&["release", "list", "--output", "json"], &[])
            .exits(0);
        assert!(!listed.stdout.contains("unfinished"), "{point}: {listed}");
        let rehearsals = self.project.path().join(".shipgate/rehearsals");
        let left: Vec<_> = fs::read_dir(rehearsals)
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        assert!(left.is_empty(), "{point}: {left:?}");
        self.run(&["backup", "verify", &format!("release-{release}")], &[])
            .exits(0);
    }
}

/// Asks for `/` and gives the version that answered.
fn get(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: crash\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .unwrap_or((answer.as_str(), ""));
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(std::io::Error::other(answer));
    }
    Ok(body.trim().to_owned())
}

/// Somebody who asks all the time.
struct Visitor {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicU64>,
    thread: JoinHandle<Vec<String>>,
}

impl Visitor {
    fn arrive(port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let answers = Arc::new(AtomicU64::new(0));
        let (told, counted) = (Arc::clone(&stop), Arc::clone(&answers));
        let thread = std::thread::spawn(move || {
            let mut troubles = Vec::new();
            while !told.load(Ordering::Relaxed) {
                match get(port) {
                    Ok(_) => {
                        counted.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) => troubles.push(error.to_string()),
                }
            }
            troubles
        });
        Self {
            stop,
            answers,
            thread,
        }
    }

    fn leave(self) {
        self.stop.store(true, Ordering::Relaxed);
        let troubles = self.thread.join().unwrap();
        assert!(troubles.is_empty(), "requests failed: {troubles:?}");
        assert!(self.answers.load(Ordering::Relaxed) > 0);
    }
}

/// The points of one undisturbed release, in order.
fn points(site: &mut Site) -> Vec<String> {
    let log = site.project.path().join("points");
    site.next();
    site.deploy(&[("SHIPGATE_FAULT_LOG", log.to_str().unwrap())])
        .exits(0);
    site.check("undisturbed");
    fs::read_to_string(log)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Kills a deploy at point `number`, its resumption at an early point too, and
/// then lets it end.
fn crash_at(site: &mut Site, number: usize, point: &str) {
    site.next();
    let number_text = number.to_string();
    let killed = site.deploy(&[("SHIPGATE_FAULT_KILL", &number_text)]);
    assert_eq!(killed.code, None, "{point}: {killed}");

    let second = (number % 7 + 1).to_string();
    let again = site.run(&["release", "resume"], &[("SHIPGATE_FAULT_KILL", &second)]);
    let nothing_to_resume = again.stderr.contains("no release waits");
    if again.code.is_none() {
        site.run(&["release", "resume"], &[]).exits(0);
    } else {
        again.exits(0);
    }
    if nothing_to_resume {
        // Killed before the release began, or after it had ended.
        site.deploy(&[]).exits(0);
    }
    site.check(point);
}

/// Kills one release after the other, each at the next point, on two sites at once.
fn matrix(by: By) {
    let halves: Vec<JoinHandle<usize>> = [0, 1]
        .into_iter()
        .map(|half| {
            std::thread::spawn(move || {
                let mut site = Site::new(by);
                site.deploy(&[]).exits(0);
                let points = points(&mut site);
                let visitor = Visitor::arrive(site.project.port());
                for (at, point) in points.iter().enumerate() {
                    if at % 2 == half {
                        crash_at(&mut site, at + 1, point);
                    }
                }
                visitor.leave();
                points.len()
            })
        })
        .collect();
    for half in halves {
        let points = half.join().unwrap();
        // The default flow has seven steps, each with an intent and an outcome.
        assert!(points > 50, "only {points} points");
    }
}

#[test]
fn a_release_killed_anywhere_ends_like_an_undisturbed_one() {
    matrix(By::Engine);
}

#[test]
fn a_release_command_is_adopted_and_never_run_twice() {
    matrix(By::Command);
}

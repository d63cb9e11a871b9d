//! Releases in a row, each with another build and another migration.

use std::time::{Duration, Instant};

use shipgate_testkit::TestProject;

use crate::load::{Account, Load};

/// Machines of each app.
const MACHINES: u64 = 2;

/// How a release is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) strategy: &'static str,
    /// Requests wait while the migration runs.
    pub(crate) pause: bool,
}

pub(crate) const ROLLING: Way = Way {
    strategy: "rolling",
    pause: false,
};
pub(crate) const BLUEGREEN: Way = Way {
    strategy: "bluegreen",
    pause: false,
};
pub(crate) const CANARY: Way = Way {
    strategy: "canary",
    pause: false,
};
pub(crate) const PAUSING: Way = Way {
    strategy: "rolling",
    pause: true,
};

/// An app to release again and again.
pub(crate) struct App {
    /// Command of its machines.
    pub(crate) command: String,
    /// The first migration.
    pub(crate) schema: &'static str,
}

/// A project with its releases so far.
pub(crate) struct Campaign {
    pub(crate) project: TestProject,
    app: App,
    releases: u64,
    slowest: Duration,
}

impl Campaign {
    /// A project whose first release serves.
    pub(crate) fn begin(app: App) -> Self {
        let project = TestProject::new(env!("CARGO_BIN_EXE_shipgate"));
        project.file("README", "The app's files are kept elsewhere.\n");
        let mut campaign = Self {
            project,
            app,
            releases: 0,
            slowest: Duration::ZERO,
        };
        campaign.release(ROLLING);
        campaign
    }

    /// One release: another build, one new migration.
    pub(crate) fn release(&mut self, way: Way) {
        self.releases += 1;
        self.write_project(way);
        self.write_migration();
        let began = Instant::now();
        self.project.run(&["deploy"]).exits(0);
        self.slowest = self.slowest.max(began.elapsed());
    }

    fn write_project(&self, way: Way) {
        let Way { strategy, pause } = way;
        let (command, release) = (&self.app.command, self.releases);
        self.project.file(
            "shipgate.toml",
            &format!(
                r#"
app = "busy"

[build]
include = ["README"]

[env]
VERSION = "version {release}"
GREETING = "version {release}"

[processes]
web = '{command}'

[http_service]
internal_port = 8080

[[http_service.checks]]
path = "/healthz"
interval = "1s"

[deploy]
strategy = "{strategy}"

[database]
url = "sqlite://data/app.db"
migrations = "migrations"

[release]
settle = "100ms"
pause_during_migrate = {pause}

[runtime]
listen = "127.0.0.1:{{port}}"
machines = {{ web = {MACHINES} }}
"#
            ),
        );
    }

    fn write_migration(&self) {
        let number = self.releases;
        let before = number.saturating_sub(1);
        // In turn, so that after three releases the schema is as wide as before.
        let sql = match (number, number % 3) {
            (1, _) => self.app.schema.to_owned(),
            (_, 2) => format!(
                "CREATE TABLE extra_{number} (id integer PRIMARY KEY, body text);\n\
                 INSERT INTO extra_{number} (body) SELECT body FROM notes LIMIT 100;\n"
            ),
            (_, 0) => format!(
                "ALTER TABLE notes ADD COLUMN mark_{number} text;\n\
                 CREATE INDEX extra_by_body ON extra_{before} (body);\n"
            ),
            _ => format!(
                "DROP TABLE extra_{};\nALTER TABLE notes DROP COLUMN mark_{before};\n",
                number - 2
            ),
        };
        let name = format!("{}_step.sql", 20_261_120_000_000 + number);
        self.project.migration(&name, &sql);
    }

    /// The account of a load under which all of this was released, and its end;
    /// of each kind of client there were `each`.
    #[track_caller]
    pub(crate) fn judge(&self, load: Load, each: usize, told: &str) -> Account {
        load.wait_for(3);
        let account = load.end();
        println!(
            "{told}: {} releases under load, the longest took {} ms\n\n{account}",
            self.releases - 1,
            self.slowest.as_millis()
        );
        account.is_flawless();
        let most = MACHINES * (self.releases - 1) * each as u64;
        let closings = account.closings();
        assert!(
            closings <= most,
            "{closings} upgraded connections ended, but retiring machines explains only {most}"
        );
        account
    }
}

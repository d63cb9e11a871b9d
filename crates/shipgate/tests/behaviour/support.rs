//! Projects to release and pictures of what must not change.

use std::fs;

use rusqlite::Connection;
use shipgate_testkit::{Manifest, Ran, TestProject, binary, eventually};

/// An empty project.
pub(crate) fn empty() -> TestProject {
    TestProject::new(env!("CARGO_BIN_EXE_shipgate"))
}

/// A project with the fake app and one migration, never released.
pub(crate) fn project() -> TestProject {
    project_with(&Manifest::default())
}

/// The same with another project file.
pub(crate) fn project_with(manifest: &Manifest) -> TestProject {
    let project = empty();
    project.manifest(manifest).migration(
        "1_notes.sql",
        "CREATE TABLE notes (id integer PRIMARY KEY, body text NOT NULL);\n",
    );
    project
}

/// A project whose first version serves, with a row in its database.
pub(crate) fn released() -> TestProject {
    released_with(&Manifest::default())
}

/// The same with another project file.
pub(crate) fn released_with(manifest: &Manifest) -> TestProject {
    let project = project_with(manifest);
    project.run(&["deploy"]).exits(0);
    project.sql("INSERT INTO notes (body) VALUES ('first')");
    project
}

/// Adds the migration of the second version.
pub(crate) fn second_migration(project: &TestProject) -> &TestProject {
    project.migration(
        "2_pin.sql",
        "ALTER TABLE notes ADD COLUMN pinned integer NOT NULL DEFAULT 0;\n",
    )
}

/// The project file of the second version.
pub(crate) fn second() -> Manifest {
    Manifest::default().web("./fake-app --version 2")
}

/// A project file without migrations whose release command is `fake-tool`
/// with these arguments.
pub(crate) fn with_tool(arguments: &str) -> Manifest {
    let tool = binary("fake-tool");
    commanded(&format!("{} {arguments}", tool.display()))
}

/// A project file without migrations that has this release command.
pub(crate) fn commanded(command: &str) -> Manifest {
    Manifest::default()
        .without("database")
        .set("database", "url", "sqlite://data/app.db")
        .release_command(command)
}

/// A project without migrations, never released.
pub(crate) fn bare(manifest: &Manifest) -> TestProject {
    let project = empty();
    project.manifest(manifest);
    project
}

/// A project without migrations that serves, with a row in its database.
pub(crate) fn bare_released(manifest: &Manifest) -> TestProject {
    let project = bare(manifest);
    project.sql("CREATE TABLE notes (id integer PRIMARY KEY, body text)");
    project.sql("INSERT INTO notes (body) VALUES ('first')");
    project.run(&["deploy"]).exits(0);
    project
}

/// Writes a project file in which `{here}` is the project's directory.
pub(crate) fn placed(project: &TestProject, manifest: &Manifest) {
    let here = project.path().display().to_string();
    let text = manifest.to_string().replace("{here}", &here);
    project.file("shipgate.toml", &text);
}

/// What a refused release must leave as it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    database: Option<Vec<u8>>,
    serves: Option<String>,
    release: Option<String>,
}

/// What is true now.
pub(crate) fn picture(project: &TestProject) -> Picture {
    Picture {
        database: fs::read(project.path().join("data/app.db")).ok(),
        serves: project.serves(),
        release: serving_release(project),
    }
}

/// The release that serves, as `release list` says.
pub(crate) fn serving_release(project: &TestProject) -> Option<String> {
    let listed = project.run(&["release", "list"]).stdout;
    let line = listed.lines().find(|line| line.contains(" * "))?;
    line.split(' ').next().map(str::to_owned)
}

/// The state of a release, as `release list` says: `aborted, nothing changed`.
pub(crate) fn state_of(project: &TestProject, release: u64) -> String {
    let listed = project.run(&["release", "list"]).stdout;
    let line = listed
        .lines()
        .find(|line| line.split(' ').next() == Some(&release.to_string()))
        .unwrap_or_default();
    let cells: Vec<&str> = line
        .split("  ")
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect();
    cells.get(1).copied().unwrap_or_default().to_owned()
}

/// Runs `deploy`, which must fail with `code` and change nothing.
#[track_caller]
pub(crate) fn refused(project: &TestProject, code: i32) -> Ran {
    let before = picture(project);
    let ran = project.run(&["deploy"]).exits(code);
    assert_eq!(picture(project), before, "{ran}");
    ran
}

/// Whether a process lives: whether any of its threads does, for until the
/// last has ended its files are open.
pub(crate) fn lives(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return false;
    };
    threads.flatten().any(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        let state = stat.rsplit(')').next().unwrap_or_default().trim_start();
        state.starts_with(|state: char| !"ZX".contains(state))
    })
}

/// Waits until no process has `words` in its command line.
#[track_caller]
pub(crate) fn nobody_runs(words: &str) {
    eventually(&format!("the end of every `{words}`"), || {
        running(words).is_empty()
    });
}

/// Processes with `words` in their command line.
pub(crate) fn running(words: &str) -> Vec<u32> {
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            line.contains(words) && lives(*pid)
        })
        .collect()
}

/// A lock on the database that writers meet and readers do not.
pub(crate) fn lock_for_writing(project: &TestProject) -> Connection {
    lock(project, "BEGIN IMMEDIATE")
}

/// A lock on the database that everybody meets.
pub(crate) fn lock_for_all(project: &TestProject) -> Connection {
    lock(project, "BEGIN EXCLUSIVE")
}

fn lock(project: &TestProject, begin: &str) -> Connection {
    let connection = Connection::open(project.path().join("data/app.db")).unwrap();
    connection
        .busy_timeout(std::time::Duration::from_secs(30))
        .unwrap();
    connection.execute_batch(begin).unwrap();
    connection
}

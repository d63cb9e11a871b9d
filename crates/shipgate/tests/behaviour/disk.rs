//! Disks that are full. Each test has a small one of its own; where none can
//! be mounted (not root), there is nothing to see.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use shipgate_testkit::TestProject;
use tempfile::TempDir;

use crate::support::{empty, lock_for_writing, picture, second, second_migration};

/// A file system in memory of so many bytes.
struct SmallDisk {
    place: TempDir,
}

impl SmallDisk {
    fn mount(bytes: u64) -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let mounted = std::process::Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={bytes},mode=700"),
                "tmpfs",
            ])
            .arg(place.path())
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then_some(Self { place })
    }

    fn path(&self) -> &Path {
        self.place.path()
    }

    /// Takes what is left of it.
    fn fill(&self) {
        let mut file = File::create(self.path().join("filler")).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(self.path())
            .status();
    }
}

/// Version 1 serves, its state on a disk of so many megabytes beside the
/// size of its build.
fn released_on(megabytes: u64) -> Option<(SmallDisk, TestProject)> {
    let build = fs::metadata(shipgate_testkit::binary("fake-app"))
        .unwrap()
        .len();
    let disk = SmallDisk::mount(build + megabytes * 1_000_000)?;
    let project = empty().with_state(disk.path().join("state"));
    project
        .manifest(&shipgate_testkit::Manifest::default())
        .migration(
            "1_notes.sql",
            "CREATE TABLE notes (id integer PRIMARY KEY, body text NOT NULL);\n",
        );
    project.run(&["deploy"]).exits(0);
    project.sql("INSERT INTO notes (body) VALUES ('first')");
    Some((disk, project))
}

#[test]
fn a_full_disk_while_the_build_is_kept_leaves_nothing_of_it() {
    let Some((_disk, project)) = released_on(2) else {
        return;
    };
    second_migration(&project).manifest(&second());
    let before = picture(&project);
    project
        .run(&["deploy"])
        .exits(1)
        .says("error[disk-full]: the disk is full: cannot keep")
        .says("build")
        .says("free some space")
        .says("release 1 serves on");
    assert_eq!(picture(&project), before);
    let left = project.state().join("releases/2");
    assert!(!left.join("build.new").exists() && !left.join("build").exists());
}

#[test]
fn a_full_disk_while_the_backup_is_taken_leaves_nothing_of_it() {
    let build = fs::metadata(shipgate_testkit::binary("fake-app"))
        .unwrap()
        .len();
    let Some((_disk, project)) = released_on(build / 1_000_000 + 3) else {
        return;
    };
    project.sql("CREATE TABLE blobs (b blob); INSERT INTO blobs SELECT zeroblob(1000000) FROM (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5)");
    project
        .migration("2_blobs.sql", "CREATE TABLE more (id integer);\n")
        .manifest(&second());
    let before = picture(&project);
    project
        .run(&["deploy"])
        .exits(1)
        .says("error[disk-full]")
        .says("full")
        .says("release 1 serves on");
    assert_eq!(picture(&project), before);
    let backups = project.state().join("backups");
    let left: Vec<_> = fs::read_dir(backups)
        .map(|entries| entries.flatten().map(|entry| entry.file_name()).collect())
        .unwrap_or_default();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().contains("release-2")),
        "{left:?}"
    );
}

#[test]
fn a_journal_that_cannot_be_written_stops_the_release_until_it_is_resumed() {
    let build = fs::metadata(shipgate_testkit::binary("fake-app"))
        .unwrap()
        .len();
    let Some((disk, project)) = released_on(build / 1_000_000 + 4) else {
        return;
    };
    let statements: String = (0..200)
        .map(|number| format!("INSERT INTO notes (body) VALUES ('row {number}');\n"))
        .collect();
    project.migration("2_rows.sql", &statements).manifest(
        &second().set("release", "lock_timeout", "60s").set_raw(
            "release",
            "steps",
            "[\"check\", \"build\", \"migrate\", \"promote\"]",
        ),
    );
    let lock = lock_for_writing(&project);
    let mut deploy = project.start(&["deploy"]);
    deploy.until_it_says("database is locked");
    disk.fill();
    drop(lock);
    deploy
        .wait()
        .exits(5)
        .says("cannot write the journal")
        .says("free some disk space, then run `shipgate release resume`");
    assert_eq!(project.serves().as_deref(), Some("1"));
    project
        .run(&["release", "resume"])
        .exits(5)
        .says("cannot write the journal");
    disk.free();
    project.run(&["release", "resume"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("2"));
    assert_eq!(project.rows("SELECT count(*) FROM notes"), ["201"]);
}

#[test]
fn a_disk_that_is_full_before_a_release_begins_is_told() {
    let Some((disk, project)) = released_on(2) else {
        return;
    };
    disk.fill();
    project.manifest(&second());
    let before = picture(&project);
    project
        .run(&["deploy"])
        .exits(1)
        .says("error[disk-full]")
        .says("No space left on device")
        .says("free some space");
    assert_eq!(picture(&project), before);
    disk.free();
    project
        .run(&["release", "list"])
        .exits(0)
        .never_says("unfinished");
}

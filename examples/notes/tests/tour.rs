//! The files of the tour fit the app and each other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

fn app(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The migrations of a directory, by name.
fn migrations(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "sql"))
        .map(|path| {
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read(&path).expect("a file"))
        })
        .collect();
    files.sort();
    files
}

/// What `atlas.sum` has to be for these files.
fn sum(files: &[(String, Vec<u8>)]) -> String {
    let mut running = Sha256::new();
    let mut total = Sha256::new();
    let mut lines = String::new();
    for (name, bytes) in files {
        running.update(name);
        running.update(bytes);
        let hash = STANDARD.encode(running.clone().finalize());
        total.update(name);
        total.update(&hash);
        lines.push_str(&format!("{name} h1:{hash}\n"));
    }
    format!("h1:{}\n{lines}", STANDARD.encode(total.finalize()))
}

/// Migrations of the first version, then of the second, then the broken one.
fn stages() -> [Vec<(String, Vec<u8>)>; 3] {
    let second = migrations(&app("tour/second/migrations"));
    let third = migrations(&app("tour/third/migrations"));
    let names = |files: &[(String, Vec<u8>)]| -> Vec<String> {
        files.iter().map(|(name, _)| name.clone()).collect()
    };
    let later = [names(&second), names(&third)].concat();
    let mut first = migrations(&app("migrations"));
    // Who has gone the tour has the later ones there, too.
    first.retain(|(name, _)| !later.contains(name));
    let second = [first.clone(), second].concat();
    let third = [second.clone(), third].concat();
    [first, second, third]
}

#[test]
fn each_stage_brings_the_atlas_sum_of_all_migrations_up_to_it() {
    let [first, second, third] = stages();
    for (files, place) in [
        (&second, "tour/second/migrations"),
        (&third, "tour/third/migrations"),
    ] {
        let written = fs::read_to_string(app(place).join("atlas.sum")).expect("a sum");
        assert_eq!(written, sum(files), "{place}");
    }
    let written = fs::read_to_string(app("migrations/atlas.sum")).expect("a sum");
    let stages = [sum(&first), sum(&second), sum(&third)];
    assert!(
        stages.contains(&written),
        "migrations/atlas.sum is {written}"
    );
}

#[test]
fn the_second_stage_applies_and_the_third_breaks_where_it_says() {
    let [_, second, third] = stages();
    let database = rusqlite::Connection::open_in_memory().expect("a database");
    for (name, bytes) in &second {
        let sql = String::from_utf8_lossy(bytes);
        database
            .execute_batch(&sql)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let (_, broken) = third.last().expect("there is one");
    let error = database
        .execute_batch(&String::from_utf8_lossy(broken))
        .expect_err("it breaks");
    assert!(
        error.to_string().contains("no such column: category"),
        "{error}"
    );
}

#[test]
fn the_patch_of_the_second_version_applies() {
    let version = fs::read_to_string(app("src/lib.rs")).expect("the source");
    if version.contains("VERSION: &str = \"2\"") {
        return; // it is applied
    }
    let copy = tempfile::tempdir().expect("a directory");
    for part in ["src", "tests"] {
        let to = copy.path().join("examples/notes").join(part);
        fs::create_dir_all(&to).expect("a directory");
        for entry in fs::read_dir(app(part)).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let name = path.file_name().expect("a name");
                fs::copy(&path, to.join(name)).expect("a copy");
            }
        }
    }
    let applied = Command::new("git")
        .arg("apply")
        .arg(app("tour/second/version-2.patch"))
        .current_dir(copy.path())
        .env("GIT_CEILING_DIRECTORIES", copy.path())
        .output()
        .expect("git runs");
    assert!(
        applied.status.success(),
        "{}",
        String::from_utf8_lossy(&applied.stderr)
    );
    let patched = fs::read_to_string(copy.path().join("examples/notes/src/lib.rs"));
    assert!(
        patched
            .expect("the source")
            .contains("VERSION: &str = \"2\"")
    );
}

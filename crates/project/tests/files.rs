//! Every file in `ok/` is accepted and every file in `err/` is refused; what
//! is said about it stands beside it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use shipgate_project::{Explanation, Source, parse};

fn files(directory: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(directory);
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "toml"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn source(file: &Path) -> Source {
    Source::new("fly.toml", std::fs::read_to_string(file).unwrap())
}

fn compare(file: &Path, said: &str) {
    insta::with_settings!({
        snapshot_path => file.parent().unwrap(),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(file.file_stem().unwrap().to_str().unwrap(), said);
    });
}

#[test]
fn a_good_file_is_understood_with_its_defaults_and_doubts() {
    for file in files("ok") {
        let loaded = parse(source(&file), &[])
            .unwrap_or_else(|invalid| panic!("{}:\n{invalid}", file.display()));
        let mut said = Explanation::of(&loaded).to_string();
        for warning in &loaded.warnings {
            write!(said, "\nwarning: {warning}\n").unwrap();
        }
        compare(&file, &said);
    }
}

#[test]
fn a_bad_file_is_refused_with_every_error_and_its_place() {
    for file in files("err") {
        match parse(source(&file), &[]) {
            Ok(_) => panic!("{} is accepted", file.display()),
            Err(invalid) => compare(&file, &invalid.to_string()),
        }
    }
}

#[test]
fn no_snapshot_is_left_without_its_file() {
    for directory in ["ok", "err"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests")
            .join(directory);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            assert!(
                path.with_extension("toml").exists(),
                "{} has no file",
                path.display()
            );
        }
    }
}

#[test]
fn no_secret_is_shown_anywhere() {
    for file in ["ok/secrets-are-masked.toml", "err/secrets-are-masked.toml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests")
            .join(file);
        let said = match parse(source(&path), &[]) {
            Ok(loaded) => {
                let json = serde_json::to_string(&Explanation::of(&loaded)).unwrap();
                let warnings = serde_json::to_string(&loaded.warnings).unwrap();
                format!("{:?}{json}{warnings}", loaded.project)
            }
            Err(invalid) => format!("{invalid}{}", serde_json::to_string(&invalid).unwrap()),
        };
        assert!(!said.contains("1234"), "{said}");
    }
}

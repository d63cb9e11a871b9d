//! Error codes: those the source gives, those that have a page.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Crates whose failures reach the user.
const CRATES: [&str; 3] = ["release", "server", "shipgate"];

/// What stands before a code.
const BEFORE: [&str; 8] = [
    "Failure::new(",
    "CliError::new(",
    "CliError::usage(",
    "Self::new(",
    "Self::usage(",
    "unhealthy_failure(&machines,",
    "failure(",
    ".fail(",
];

/// What stands behind a code that is chosen together with its kind.
const BEHIND: &str = "\", FailureKind::";

/// Every code in the crates' sources, their tests aside.
pub(crate) fn in_the_source() -> BTreeSet<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut codes = BTreeSet::new();
    for name in CRATES {
        read(&crates.join(name).join("src"), &mut codes);
    }
    codes
}

fn read(path: &Path, codes: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a directory") {
            read(&entry.expect("an entry").path(), codes);
        }
        return;
    }
    let text = fs::read_to_string(path).expect("a source file");
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    if !text.contains("Failure") && !text.contains("CliError") && !text.contains(".fail(") {
        return;
    }
    for before in BEFORE {
        for (at, _) in text.match_indices(before) {
            let rest = text[at + before.len()..].trim_start();
            if let Some(code) = rest
                .strip_prefix('"')
                .and_then(|rest| rest.split('"').next())
            {
                add(code, codes);
            }
        }
    }
    for (at, _) in text.match_indices(BEHIND) {
        if let Some(code) = text[..at].rsplit('"').next() {
            add(code, codes);
        }
    }
}

fn add(code: &str, codes: &mut BTreeSet<String>) {
    let letters = |letter: char| letter.is_ascii_lowercase() || letter == '-';
    if !code.is_empty() && code.chars().all(letters) {
        codes.insert(code.to_owned());
    }
}

/// The names of the pages.
pub(crate) fn with_a_page(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory)
        .expect("the pages")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "md"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect()
}

/// Each page begins with its code, says why and what to do, and shows it.
pub(crate) fn check_pages(directory: &Path) {
    for code in with_a_page(directory) {
        let page = fs::read_to_string(directory.join(format!("{code}.md"))).expect("a page");
        assert!(page.starts_with(&format!("# `{code}`\n")), "{code}: title");
        for part in ["Exit code", "**Why it happens.**", "**What to do.**"] {
            assert!(page.contains(part), "{code}: no `{part}`");
        }
        let shown = page.contains(&format!("error[{code}]: ")) || page.contains("Error: ");
        assert!(shown, "{code}: no example");
    }
}

//! `docs/project-file.md` against the reader of project files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use shipgate_project::{Explanation, Source, parse};

const BEGIN: &str = "<!-- generated: ignored keys -->\n";
const END: &str = "<!-- end -->";

/// A file of the reader's own tests, explained.
fn explained(name: &str) -> Explanation {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../project/tests/ok")
        .join(name);
    let text = fs::read_to_string(&file).expect("a test file of the project crate");
    explain(&text)
}

fn explain(text: &str) -> Explanation {
    let loaded = parse(Source::new("fly.toml", text.to_owned()), &[]);
    Explanation::of(&loaded.unwrap_or_else(|invalid| panic!("{invalid}")))
}

/// `services[1].ports[0].port` as `services[].ports[].port`; names that the
/// user chooses as `*`.
fn general(key: &str) -> String {
    let mut shown = String::new();
    let mut inside = false;
    for letter in key.chars() {
        match letter {
            '[' => inside = true,
            ']' => inside = false,
            _ if inside => continue,
            _ => {}
        }
        shown.push(letter);
    }
    for chosen in ["env.", "processes.", "checks.", "runtime.machines."] {
        if let Some(rest) = shown.strip_prefix(chosen) {
            let after = rest.find('.').map_or("", |at| &rest[at..]);
            return format!("{chosen}*{after}");
        }
    }
    match shown.split_once(".headers.") {
        Some((before, _)) => format!("{before}.headers.*"),
        None => shown,
    }
}

/// The page with the list of ignored keys as the reader has it.
pub(crate) fn with_ignored_keys(page: &str) -> String {
    let mut reasons: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for ignored in explained("every-fly-key.toml").ignored {
        reasons
            .entry(ignored.why.to_string())
            .or_default()
            .insert(format!("`{}`", general(&ignored.key)));
    }
    let mut list = "| keys | why |\n|---|---|\n".to_owned();
    for (why, keys) in reasons {
        let keys: Vec<String> = keys.into_iter().collect();
        writeln!(list, "| {} | {why} |", keys.join(", ")).expect("a string");
    }
    let (before, rest) = page.split_once(BEGIN).expect("the mark of the list");
    let (_, after) = rest.split_once(END).expect("the end of the list");
    format!("{before}{BEGIN}{list}{END}{after}")
}

/// Every key that is used has a row, every row a key, and the defaults agree.
pub(crate) fn check_rows(page: &str) {
    let rows = rows(page);
    let mut used = BTreeSet::new();
    for name in ["every-fly-key.toml", "every-key-of-ours.toml"] {
        let explanation = explained(name);
        for setting in &explanation.settings {
            let ignored = explanation.ignored.iter().any(|ignored| {
                let rest = setting.key.strip_prefix(&ignored.key);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            });
            if !ignored {
                used.insert(general(&setting.key));
            }
        }
    }
    used.remove("runtime.machines.*");
    used.insert("runtime.machines".to_owned());
    // Where the user names none, the app's only group has this name.
    let described: BTreeSet<String> = rows.keys().cloned().collect();
    let missing: BTreeSet<_> = used.difference(&described).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
    let unknown: BTreeSet<_> = described
        .difference(&used)
        .filter(|key| !is_optional(key))
        .collect();
    assert!(unknown.is_empty(), "the reader does not use {unknown:?}");

    for setting in explain("[http_service]\n[[http_service.checks]]\n").settings {
        let key = general(&setting.key);
        let Some(default) = rows.get(&key) else {
            continue;
        };
        if key == "app" || key == "processes.*" || key.starts_with("runtime.machines") {
            continue;
        }
        assert_eq!(
            default.trim_matches('`'),
            setting.value,
            "the default of {key}"
        );
    }
}

/// Keys that the test files happen not to have where they are used.
fn is_optional(key: &str) -> bool {
    key == "services[].concurrency.hard_limit"
}

/// Defaults by key, from the tables before the list of ignored keys.
fn rows(page: &str) -> BTreeMap<String, String> {
    let (page, _) = page.split_once(BEGIN).expect("the mark of the list");
    let mut rows = BTreeMap::new();
    let mut table = "";
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("### `[") {
            table = title.trim_end_matches("]`");
        } else if line.starts_with("## ") {
            table = "";
        }
        let cells: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let Some(key) = cells[0]
            .strip_prefix("| `")
            .and_then(|key| key.strip_suffix('`'))
        else {
            continue;
        };
        let (key, default) = if table.is_empty() {
            (key.to_owned(), cells[1])
        } else {
            (format!("{table}.{key}"), cells[2])
        };
        rows.insert(key, default.to_owned());
    }
    rows
}

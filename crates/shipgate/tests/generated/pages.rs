//! Generated pages, compared with those on disk or written over them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Pages by file name.
pub(crate) struct Pages(BTreeMap<String, String>);

impl<I: IntoIterator<Item = (String, String)>> From<I> for Pages {
    fn from(pages: I) -> Self {
        Self(pages.into_iter().collect())
    }
}

fn updating() -> bool {
    std::env::var_os("SHIPGATE_UPDATE").is_some()
}

impl Pages {
    /// Fails for a page of `directory` that is not what it should be, or mends it.
    pub(crate) fn agree_with(&self, directory: &Path) {
        for (name, right) in &self.0 {
            let path = directory.join(name);
            let written = fs::read_to_string(&path).unwrap_or_default();
            if written == *right {
                continue;
            }
            if updating() {
                fs::create_dir_all(directory).expect("a directory");
                fs::write(&path, right).expect("a page can be written");
                continue;
            }
            let line = written
                .lines()
                .zip(right.lines())
                .position(|(one, other)| one != other)
                .unwrap_or_else(|| written.lines().count().min(right.lines().count()));
            panic!(
                "docs/{name} is stale from line {}:\n  there: {}\n  right: {}\n\
                 run `SHIPGATE_UPDATE=1 cargo test -p shipgate --test generated`",
                line + 1,
                written.lines().nth(line).unwrap_or("(nothing)"),
                right.lines().nth(line).unwrap_or("(nothing)"),
            );
        }
    }

    /// Fails for a file in `directory` that is none of these, or removes it.
    pub(crate) fn are_all_in(&self, directory: &Path) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if self.0.contains_key(&name) {
                continue;
            }
            assert!(updating(), "{name} belongs to no command any more");
            fs::remove_file(entry.path()).expect("it can be removed");
        }
    }
}

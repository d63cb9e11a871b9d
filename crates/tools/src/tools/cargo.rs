//! What Rust sources say about migrations.

use crate::project::{Project, join};

/// The directory named in a macro: `sqlx::migrate!("db/migrations")`.
pub(super) fn named_in_macro(project: &Project, name: &str) -> Option<String> {
    project
        .files_below("src")
        .into_iter()
        .filter(|file| file.ends_with(".rs"))
        .filter_map(|file| project.text(&join("src", &file)))
        .find_map(|text| {
            let after = text.split_once(name)?.1.trim_start();
            let inside = after.strip_prefix(['(', '{', '['])?.trim_start();
            Some(inside.strip_prefix('"')?.split('"').next()?.to_owned())
        })
}

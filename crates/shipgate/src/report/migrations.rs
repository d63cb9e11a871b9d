//! The one table of migrations, whatever tool they are for.

use shipgate_tools::{Entry, State, Status, Tool};

use super::table;

/// The tool's place, its migrations and how many are in which state.
pub(crate) fn migrations(tool: &dyn Tool, found: &Status) -> String {
    let mut lines = vec![place(tool, found)];
    if !found.migrations.is_empty() {
        lines.push(rows(&found.migrations));
    }
    if found.heads.len() > 1 {
        lines.push(format!("heads: {}", found.heads.join(", ")));
    }
    let foreign = match found.foreign.len() {
        0 => String::new(),
        1 => format!("; not of this project: {}", found.foreign[0]),
        more => format!(
            "; not of this project: {} and {} more",
            found.foreign[0],
            more - 1
        ),
    };
    lines.push(format!("{}{foreign}", found.summary));
    lines.join("\n")
}

/// As [`migrations`], without those that are as they should be.
pub(crate) fn unfinished(tool: &dyn Tool, found: &Status) -> String {
    let is_right = |entry: &&Entry| matches!(entry.state, State::Applied | State::Superseded);
    let others: Vec<&Entry> = found
        .migrations
        .iter()
        .filter(|entry| !is_right(entry))
        .collect();
    let mut lines = vec![place(tool, found)];
    if !others.is_empty() {
        lines.push(rows(others));
    }
    lines.push(found.summary.to_string());
    lines.join("\n")
}

/// `Knex: migrations, history knex_migrations`.
fn place(tool: &dyn Tool, found: &Status) -> String {
    let history = match found.history_exists {
        Some(false) => format!("{} (not there)", found.history),
        _ => found.history.clone(),
    };
    format!(
        "{}: {}, history {history}",
        tool.title(),
        found.directories.join(", ")
    )
}

/// One row for each migration, under a head.
fn rows<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> String {
    let mut rows = vec![["VERSION", "NAME", "STATE", "WHEN (UTC)", "BY", ""].map(str::to_owned)];
    rows.extend(entries.into_iter().map(|entry| {
        [
            entry.version.clone(),
            entry.name.clone(),
            entry.state.to_string(),
            entry.at.map_or_else(
                || "-".to_owned(),
                |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            ),
            entry.by.clone().unwrap_or_else(|| "-".to_owned()),
            entry.why.clone().unwrap_or_default(),
        ]
    }));
    table(&rows)
}

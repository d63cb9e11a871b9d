//! How a project's own copy of a program is run.

use crate::project::Project;

/// A Node program, by the package manager whose lock file is here.
pub(crate) fn node(project: &Project, words: &[&str]) -> Vec<String> {
    const RUNNERS: [(&str, &[&str]); 5] = [
        ("pnpm-lock.yaml", &["pnpm", "exec"]),
        ("yarn.lock", &["yarn", "run"]),
        ("bun.lock", &["bunx"]),
        ("bun.lockb", &["bunx"]),
        ("package-lock.json", &["npx"]),
    ];
    command(prefix(project, &RUNNERS, &["npx"]), words)
}

/// A Python program, by the environment manager whose lock file is here.
pub(crate) fn python(project: &Project, words: &[&str]) -> Vec<String> {
    const RUNNERS: [(&str, &[&str]); 4] = [
        ("uv.lock", &["uv", "run"]),
        ("poetry.lock", &["poetry", "run"]),
        ("pdm.lock", &["pdm", "run"]),
        ("Pipfile.lock", &["pipenv", "run"]),
    ];
    command(prefix(project, &RUNNERS, &[]), words)
}

/// A command as it is.
pub(crate) fn plain(words: &[&str]) -> Vec<String> {
    command(&[], words)
}

fn prefix<'a>(
    project: &Project,
    runners: &[(&str, &'a [&'a str])],
    default: &'a [&'a str],
) -> &'a [&'a str] {
    runners
        .iter()
        .find(|(file, _)| project.is_file(file))
        .map_or(default, |(_, prefix)| prefix)
}

fn command(prefix: &[&str], words: &[&str]) -> Vec<String> {
    prefix
        .iter()
        .chain(words)
        .map(|word| (*word).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{node, python};
    use crate::project::Project;

    #[test]
    fn the_lock_file_tells_the_runner() {
        let directory = tempfile::tempdir().unwrap();
        let project = Project::new(directory.path());
        assert_eq!(node(&project, &["knex"]), ["npx", "knex"]);
        assert_eq!(python(&project, &["alembic"]), ["alembic"]);
        fs::write(directory.path().join("pnpm-lock.yaml"), "").unwrap();
        fs::write(directory.path().join("poetry.lock"), "").unwrap();
        assert_eq!(node(&project, &["knex"]), ["pnpm", "exec", "knex"]);
        assert_eq!(python(&project, &["alembic"]), ["poetry", "run", "alembic"]);
    }
}
